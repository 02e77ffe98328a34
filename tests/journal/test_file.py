"""The file journal: what was acknowledged is read back, damage is found, torn writes are cut."""

from __future__ import annotations

import errno
import io
import json
import os
import zlib

import pytest

from journal import injuries
from sweeper.core import codec
from sweeper.core.events import StopAsked
from sweeper.journal.file import FileJournal, Tail, read, scan
from sweeper.journal.lock import Lock
from sweeper.journal.salvage import salvage
from sweeper.ports import JournalDamaged, JournalUnwritable, SweeperError
from world import World, created, spec


def stop(n: int) -> StopAsked:
    return StopAsked(float(n), f"reason {n}")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.jsonl"


@pytest.fixture(scope="module")
def finished() -> bytes:
    """A whole sweep's journal, as bytes."""
    from sweeper.journal.file import dump

    world = World(spec(trials=2), folds=3)
    world.run()
    lines, seq = [], 1
    for record in world.records:
        lines.append(dump(seq, [codec.decode(body) for body in record]))
        seq += len(record)
    return b"".join(lines)


def test_a_line_is_strict_json_with_number_and_checksum(path):
    import json

    journal = FileJournal(path)
    journal.append([[stop(1), stop(2)]])
    line = json.loads(path.read_text())
    assert list(line) == ["sum", "seq", "events"]
    assert line["seq"] == 1
    assert [event["type"] for event in line["events"]] == ["StopAsked", "StopAsked"]


@pytest.fixture
def no_flush(monkeypatch):
    """Nothing here cuts the power, and a thousand flushes take long."""
    monkeypatch.setattr(os, "fdatasync", lambda file: None)


def test_a_torn_tail_at_any_byte_loses_at_most_the_record_it_tears(path, finished, no_flush):
    assert injuries.cut(finished, path) > 300


def test_zero_bytes_behind_any_byte_are_part_of_the_torn_write(path, finished, no_flush):
    assert injuries.cut(finished, path, records=1, tail=b"\0") > 50


def test_every_single_bit_flip_is_detected_and_what_stands_before_it_can_be_saved(path, finished):
    assert injuries.flip(finished, path, 1000, seed=1) == 1000


def test_a_whole_journal_and_one_with_a_torn_tail_are_salvaged_without_damage(path, finished):
    for number, tail in enumerate((b"", finished[:30], b"\0" * 9)):
        path.write_bytes(finished + tail)
        with path.open("rb") as lines:
            saved = salvage(lines, path.with_name(f"saved-{number}"))
        assert saved.line is None
        assert saved.events == len(list(read(path)))
        assert path.with_name(f"saved-{number}").read_bytes() == finished


def test_salvaging_overwrites_nothing(path, finished):
    path.write_bytes(finished)
    with pytest.raises(SweeperError, match="is there already"):
        salvage([finished], path)
    assert path.read_bytes() == finished


def test_a_line_that_grows_while_it_is_read_is_not_yet_there(finished):
    first = finished.splitlines(keepends=True)[0]

    class Growing(io.BytesIO):
        def __iter__(self):
            yield from (first, finished[len(first) : len(first) + 40])

    stream = Growing(finished)
    assert len(list(scan(stream, "growing"))) == 1


def test_a_missing_line_is_found_by_its_number(path, finished):
    lines = finished.splitlines(keepends=True)
    del lines[3]
    path.write_bytes(b"".join(lines))
    with pytest.raises(JournalDamaged, match="it is number"):
        list(read(path))


def test_damage_is_refused_on_opening_and_the_file_is_left_as_it_is(path, finished):
    damaged = finished.replace(b"roc", b"roc").replace(b'"toy"', b'"tay"', 1)
    path.write_bytes(damaged)
    with pytest.raises(JournalDamaged, match="checksum"):
        FileJournal(path)
    assert path.read_bytes() == damaged


class Disk:
    """Writes half and fails, as often as it is told to."""

    def __init__(self, monkeypatch):
        self._write, self._flush, self._cut = os.write, os.fdatasync, os.ftruncate
        self.full, self.broken, self.stuck = False, False, False
        monkeypatch.setattr(os, "write", self.write)
        monkeypatch.setattr(os, "fdatasync", self.flush)
        monkeypatch.setattr(os, "ftruncate", self.cut)

    def write(self, file, data):
        if not self.full:
            return self._write(file, data)
        self._write(file, bytes(data)[: len(data) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    def flush(self, file):
        if self.broken:
            raise OSError(errno.EIO, "Input/output error")
        self._flush(file)

    def cut(self, file, length):
        if self.stuck:
            raise OSError(errno.EROFS, "Read-only file system")
        self._cut(file, length)


@pytest.mark.parametrize(
    ("faults", "said"),
    [
        ({"full"}, "No space left"),
        ({"broken"}, "Input/output error"),
        ({"full", "stuck"}, "No space left"),
        ({"broken", "stuck"}, "Input/output error"),
    ],
)
@pytest.mark.parametrize("reopened", [False, True])
def test_a_failed_write_leaves_the_journal_as_it_was(path, monkeypatch, faults, said, reopened):
    journal, disk = FileJournal(path), Disk(monkeypatch)
    journal.append([[stop(1)]])
    for fault in faults:
        setattr(disk, fault, True)
    with pytest.raises(JournalUnwritable, match=said) as caught:
        journal.append([[stop(2)], [stop(3)]])
    assert caught.value.exit_code == 3
    if "stuck" in faults:
        with pytest.raises(JournalUnwritable, match="Read-only"):
            journal.append([[stop(4)]])
    for fault in faults:
        setattr(disk, fault, False)
    if reopened:
        journal.close()
        journal = FileJournal(path)
    journal.append([[stop(5)]])
    reasons = [event.reason for event in read(path)]
    unacknowledged = ["reason 2", "reason 3"] if reopened and "stuck" in faults else []
    assert reasons[0] == "reason 1"
    assert reasons[-1] == "reason 5"
    assert reasons[1:-1] == unacknowledged[: len(reasons) - 2]
    assert journal.length() == len(reasons)


def test_a_place_that_may_not_be_written_is_named(tmp_path):
    with pytest.raises(JournalUnwritable, match=r"nowhere.journal\.jsonl cannot be written"):
        FileJournal(tmp_path / "nowhere" / "journal.jsonl")
    with pytest.raises(JournalUnwritable, match=r"nowhere.lock cannot be written"):
        Lock(tmp_path / "nowhere" / "lock")


def test_a_tail_reads_what_is_new_and_begins_again_when_asked_to(path):
    tail = Tail(path)
    assert tail.read(0) == []
    journal = FileJournal(path)
    journal.append([[stop(1), stop(2)]])
    assert [n for n, _ in tail.read(0)] == [1, 2]
    assert tail.read(2) == []
    journal.append([[stop(3)]])
    assert [n for n, _ in tail.read(2)] == [3]
    assert [n for n, _ in tail.read(0)] == [1, 2, 3]
    assert [n for n, _ in tail.read(1)] == [2, 3]


def test_the_file_is_for_its_owner_only(path):
    FileJournal(path).close()
    assert path.stat().st_mode & 0o077 == 0


def test_values_that_json_has_not_survive(path):
    from sweeper.core.events import TrialSampled

    params = {"w": {0: 1.0, 1: 5.0}, "inf": float("inf"), "none": None, "list": [1, [2.5, "x"]]}
    journal = FileJournal(path)
    journal.append([[TrialSampled(0.0, 0, params, "sampler", 0.1)]])
    assert next(read(path)).params == params


def test_the_first_event_brings_back_the_whole_spec(path):
    journal = FileJournal(path)
    journal.append([[created(spec())]])
    assert next(read(path)) == created(spec())


RUN = {"trial": 1, "fold": 0, "attempt": 1}


@pytest.mark.parametrize(
    "body",
    [
        {"type": "Rested", "t": 1.0},
        {"type": "TrialAsked", "t": 1.0, "trial": 1, "mood": "good"},
        {"type": "FoldsDispatched", "t": 1.0, "slot": {"node": "n", "index": 0}, "runs": 7},
        {"type": "FoldsDispatched", "t": 1.0, "slot": {"node": "n", "index": 0}, "runs": [{}]},
        {"type": "FoldsDispatched", "t": 1.0, "slot": 7, "runs": []},
        {"type": "FoldSucceeded", "t": 1.0, "run": RUN, "outcome": {"scores": 7, "seconds": 1.0}},
    ],
    ids=["event", "field", "kind", "part", "record", "map"],
)
def test_a_record_of_a_later_version_is_said_to_be_one(tmp_path, body):
    path = tmp_path / "journal.jsonl"
    rest = json.dumps({"seq": 1, "events": [body]}, separators=(",", ":"))[1:].encode()
    path.write_bytes(b'{"sum":"%08x",%s\n' % (zlib.crc32(rest), rest))
    with pytest.raises(JournalDamaged, match=r"journal\.jsonl:1: .* later version"):
        list(read(path))
