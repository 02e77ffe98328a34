"""What every journal adapter promises."""

from __future__ import annotations

import pytest

from sweeper.core.events import StopAsked
from sweeper.journal.file import FileJournal
from sweeper.journal.memory import MemoryJournal
from world import created, spec


@pytest.fixture(params=["file", "memory"])
def journal(request, tmp_path):
    made = FileJournal(tmp_path / "journal.jsonl") if request.param == "file" else MemoryJournal()
    yield made
    made.close()


def stop(n):
    return StopAsked(float(n), str(n))


def test_it_begins_empty(journal):
    assert list(journal.replay()) == []
    assert journal.length() == 0


def test_it_gives_back_the_events_in_order(journal):
    events = [created(spec()), *(stop(n) for n in range(5))]
    journal.append([events[:2], events[2:]])
    assert list(journal.replay()) == events
    assert journal.length() == 6


def test_appending_nothing_changes_nothing(journal):
    journal.append([[stop(1)]])
    before = journal.digest()
    journal.append([])
    assert journal.digest() == before


def test_the_digest_tells_journals_apart(journal):
    journal.append([[stop(1)]])
    first = journal.digest()
    journal.append([[stop(2)]])
    assert journal.digest() != first
    assert len(first) == 64


def test_it_can_be_replayed_while_it_grows(journal):
    journal.append([[stop(1)]])
    assert len(list(journal.replay())) == 1
    journal.append([[stop(2)], [stop(3)]])
    assert len(list(journal.replay())) == 3
