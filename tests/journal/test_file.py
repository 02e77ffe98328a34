"""The file journal: what was acknowledged is read back, damage is found, torn writes are cut."""

from __future__ import annotations

import random

import pytest

from sweeper.core import codec
from sweeper.core.events import CapacitySeen, StopAsked
from sweeper.core.records import Node
from sweeper.journal.file import FileJournal, Tail, read
from sweeper.ports import JournalDamaged, JournalUnwritable
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

    world = World(spec(trials=4))
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


def test_a_torn_tail_at_any_byte_loses_at_most_the_record_it_tears(path, finished):
    whole = finished.splitlines(keepends=True)
    start = sum(len(line) for line in whole[:-3])
    for cut in range(start, len(finished)):
        path.write_bytes(finished[:cut])
        complete = finished[:cut].count(b"\n")
        journal = FileJournal(path)
        assert path.read_bytes() == b"".join(whole[:complete])
        journal.append([[CapacitySeen(1e6, (Node("n", 1),))]])
        journal.close()
        again = FileJournal(path)
        assert sum(1 for _ in again.replay()) == again.length()
        again.close()


def test_zero_bytes_at_the_end_are_a_torn_write(path, finished):
    for tail in (b"\0" * 100, finished[:30] + b"\0" * 50):
        path.write_bytes(finished + tail)
        journal = FileJournal(path)
        journal.close()
        assert path.read_bytes() == finished


def test_every_single_bit_flip_is_detected(path, finished):
    rng = random.Random(1)
    events = [codec.encode(e) for e in _events(path, finished)]
    for _ in range(1000):
        place, bit = rng.randrange(len(finished)), 1 << rng.randrange(8)
        damaged = bytearray(finished)
        damaged[place] ^= bit
        path.write_bytes(damaged)
        with pytest.raises(JournalDamaged) as caught:
            list(read(path))
        line = finished[:place].count(b"\n") + 1
        assert f"{path}:{line}:" in str(caught.value)
    assert events


def _events(path, content):
    path.write_bytes(content)
    return list(read(path))


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


def test_a_failed_write_leaves_the_journal_as_it_was(path, monkeypatch):
    import os

    journal = FileJournal(path)
    journal.append([[stop(1)]])
    real = os.write

    def full(file, data):
        real(file, bytes(data)[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(JournalUnwritable, match="No space left"):
        journal.append([[stop(2)]])
    monkeypatch.undo()
    journal.append([[stop(3)]])
    assert [event.reason for event in read(path)] == ["reason 1", "reason 3"]


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
