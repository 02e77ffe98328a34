"""The journal on a server: what the wire, the server and other hands can do to it."""

from __future__ import annotations

import json
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

import postgres as pg
from journal.wire import Wire
from sweeper.core.events import StopAsked
from sweeper.journal import places
from sweeper.journal.places import POINTER, OnFile, OnServer
from sweeper.journal.sql import journal as sql_journal
from sweeper.journal.sql.server import LEASES, RECORDS, Server
from sweeper.ports import (
    ConfigError,
    JournalDamaged,
    JournalUnreachable,
    JournalUnwritable,
    SweeperError,
    SweepHeld,
)


def stop(n: int) -> StopAsked:
    return StopAsked(float(n), f"reason {n}")


@pytest.fixture
def place(tmp_path, postgres):
    return OnServer(tmp_path, postgres.url, tmp_path.name)


@pytest.fixture
def change(place):
    """Does a statement behind the journal's back."""
    server = Server(place.url)

    def execute(statement):
        with server.begin() as connection:
            connection.execute(statement)

    yield execute
    server.close()


@pytest.fixture
def wire(postgres):
    with tempfile.TemporaryDirectory(prefix="wire") as folder:  # a socket's path is short
        made = Wire(postgres.place, Path(folder))
        made.url = f"postgresql://sweeper@/postgres?host={folder}"
        yield made
        made.close()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_an_append_whose_answer_was_lost_is_neither_doubled_nor_lost(tmp_path, wire, moment):
    place = OnServer(tmp_path, wire.url, tmp_path.name)
    with place.hold() as journal:
        journal.append([[stop(1)]])
        wire.cut = moment
        journal.append([[stop(2), stop(3)], [stop(4)]])
        journal.append([[stop(5)]])
        assert wire.cuts == 1
        assert journal.length() == 5
        assert list(journal.replay()) == [stop(n) for n in range(1, 6)]


def test_a_connection_that_breaks_between_appends_is_made_anew(place, change):
    with place.hold() as journal:
        journal.append([[stop(1)]])
        others = sa.text(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'sweeper' AND pid <> pg_backend_pid()"
        )
        change(others)
        journal.append([[stop(2)]])
        assert list(journal.replay()) == [stop(1), stop(2)]


def test_a_server_that_goes_and_comes_back_is_waited_for_and_one_that_stays_away_is_not(
    tmp_path, monkeypatch
):
    with pg.running() as server:
        place = OnServer(tmp_path, server.url, "away")
        with ThreadPoolExecutor(4) as pool:  # four that find no tables yet
            list(pool.map(lambda _: Server(server.url).prepare(), range(4)))
        with place.hold() as journal:
            journal.append([[stop(1)]])
            server.stop()
            back = threading.Timer(0.5, server.start)
            back.start()
            journal.append([[stop(2)]])
            back.join()
            assert list(journal.replay()) == [stop(1), stop(2)]
            monkeypatch.setattr(sql_journal, "PATIENCE", 0.2)
            server.stop()
            with pytest.raises(JournalUnwritable, match="cannot be reached") as caught:
                journal.append([[stop(3)]])
            assert caught.value.exit_code == 3
        server.start()
        assert list(place.read()) == [stop(1), stop(2)]


def test_a_server_that_is_not_there_is_named_without_the_password(tmp_path):
    place = OnServer(tmp_path, "postgresql://me:hunter2@127.0.0.1:1/sweeps", "toy")
    with (
        pytest.raises(JournalUnreachable, match=r"postgresql://127\.0\.0\.1:1/sweeps") as caught,
        place.hold(),
    ):
        pass
    assert "hunter2" not in str(caught.value)
    assert caught.value.exit_code == 1
    assert not (tmp_path / POINTER).exists()


@pytest.mark.parametrize(
    ("injury", "said"),
    [
        ({"line": sa.text("line || 'x'")}, "checksum"),
        ({"seq": 9}, "says number 3, and 2 is expected"),
        (None, "says number 3, and 2 is expected"),
    ],
)
def test_a_record_that_others_changed_is_found_and_named(place, change, injury, said):
    with place.hold() as journal:
        journal.append([[stop(1)], [stop(2)], [stop(3)]])
        mine = (RECORDS.c.sweep == place.sweep) & (RECORDS.c.seq == 2)
        change(
            sa.delete(RECORDS).where(mine)
            if injury is None
            else sa.update(RECORDS).where(mine).values(injury)
        )
        with pytest.raises(JournalDamaged, match=said):
            list(journal.replay())
        with pytest.raises(JournalDamaged, match=f"sweep {place.sweep}, record "):
            list(place.read())


def test_without_the_right_to_write_the_launch_can_be_repeated(place, change):
    with place.hold():
        pass
    change(sa.text("CREATE ROLE guest LOGIN"))
    change(sa.text("GRANT SELECT ON sweeper_journal, sweeper_lease TO guest"))
    guest = OnServer(place.directory, place.url.replace("sweeper@", "guest@"), place.sweep)
    try:
        with pytest.raises(JournalUnwritable, match="permission denied") as caught, guest.hold():
            pass
        assert caught.value.exit_code == 3
        assert guest.holder() is None
    finally:
        change(sa.text("DROP OWNED BY guest"))
        change(sa.text("DROP ROLE guest"))


def test_a_server_clock_that_was_set_back_does_not_block_a_takeover(place, change, monkeypatch):
    with place.hold():
        pass
    tomorrow = sa.text("UPDATE sweeper_lease SET expires = now() + interval '1 day'")
    change(tomorrow)
    monkeypatch.setattr("sweeper.journal.sql.lease.TTL", 0.3)
    with place.hold() as journal:
        journal.append([[stop(1)]])


def test_a_lost_lease_is_told_before_the_next_append(place, change):
    told = threading.Event()
    with place.hold(told.set) as journal:
        journal.append([[stop(1)]])
        mine = LEASES.c.sweep == place.sweep
        change(sa.update(LEASES).where(mine).values(fence=LEASES.c.fence + 1, holder="{}"))
        assert told.wait(5)
        with pytest.raises(SweepHeld):
            journal.append([[stop(2)]])
    assert list(place.read()) == [stop(1)]


def test_a_tail_reads_what_is_new_and_begins_again_when_asked_to(place):
    tail = place.tail()
    with place.hold() as journal:
        assert tail.read(0) == []
        journal.append([[stop(1), stop(2)]])
        assert [n for n, _ in tail.read(0)] == [1, 2]
        assert tail.read(2) == []
        journal.append([[stop(3)]])
        assert [n for n, _ in tail.read(2)] == [3]
        assert [n for n, _ in tail.read(0)] == [1, 2, 3]
        assert [n for n, _ in tail.read(1)] == [2, 3]


def test_lines_with_marks_are_found_as_in_a_file(place, tmp_path_factory):
    beside = OnFile(tmp_path_factory.mktemp("file"))
    for each in (place, beside):
        with each.hold() as journal:
            journal.append([[stop(1), stop(2)], [stop(3)], [stop(12)]])
    for marks in ((), (b"reason 1",), (b"reason 1", b'"t":2.0'), (b"nowhere",), (b"%", b"_")):
        assert list(place.lines(*marks)) == list(beside.lines(*marks))


def test_the_directory_points_to_the_server_for_its_owner_only(place):
    assert not places.exists(place.directory)
    with place.hold() as journal:
        assert not places.exists(place.directory)  # nothing is there to be pointed to
        journal.append([[stop(1)]])
        assert places.at(place.directory) == place
    pointer = place.directory / POINTER
    assert pointer.stat().st_mode & 0o077 == 0
    assert json.loads(pointer.read_text()) == {"url": place.url, "sweep": place.sweep}
    assert list(places.at(place.directory).read()) == [stop(1)]


def test_another_directory_goes_on_with_the_sweep_of_that_name(place, tmp_path_factory):
    with place.hold() as journal:
        journal.append([[stop(1)]])
    elsewhere = OnServer(tmp_path_factory.mktemp("elsewhere"), place.url, place.sweep)
    with elsewhere.hold() as journal:
        assert list(journal.replay()) == [stop(1)]
    assert places.exists(elsewhere.directory)


def test_a_server_that_forgot_the_sweep_is_refused(place, change):
    with place.hold() as journal:
        journal.append([[stop(1)]])
    change(sa.delete(RECORDS).where(RECORDS.c.sweep == place.sweep))
    with pytest.raises(SweeperError, match="knows nothing of it"), place.hold():
        pass
    assert place.holder() is None


def test_a_journal_does_not_move(place, tmp_path_factory):
    with place.hold() as journal:
        journal.append([[stop(1)]])
    with pytest.raises(ConfigError, match="keeps its journal on a server"):
        places.chosen(place.directory, "toy", None)
    file = OnFile(tmp_path_factory.mktemp("file"))
    with file.hold():
        pass
    with pytest.raises(ConfigError, match="does not move to a server"):
        places.chosen(file.directory, "toy", place.url)
    assert places.chosen(file.directory, "toy", None) == file


def test_a_pointer_that_is_broken_is_named(tmp_path):
    (tmp_path / POINTER).write_text('{"url": 3')
    with pytest.raises(JournalDamaged, match=POINTER):
        places.at(tmp_path)


def test_a_journal_is_removed_by_who_has_seized_the_sweep_and_others_stay(place, tmp_path):
    beside = tmp_path / "other"
    beside.mkdir()
    other = OnServer(beside, place.url, f"{place.sweep}-other")
    for each in (other, place):
        with each.hold() as journal:
            journal.append([[stop(1)]])
    with place.hold(), pytest.raises(SweepHeld), place.seize():
        pass
    with place.seize():
        assert place.holder() is not None
        place.remove()
    assert list(OnServer(tmp_path, place.url, place.sweep).read()) == []
    assert not (tmp_path / POINTER).exists()
    assert list(other.read()) == [stop(1)]
