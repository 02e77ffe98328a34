"""What every journal adapter promises."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager

import pytest

from sweeper.core.events import StopAsked
from sweeper.journal.lines import dump
from sweeper.journal.memory import MemoryJournal
from sweeper.journal.places import OnFile, OnServer
from world import created, spec


class InMemory:
    """A place whose journal lasts as long as the test."""

    def __init__(self):
        self.journal = MemoryJournal()

    @contextmanager
    def hold(self):
        yield self.journal
        self.journal.close()


@pytest.fixture(params=["file", "memory", "sql"])
def place(request, tmp_path):
    if request.param == "memory":
        return InMemory()
    if request.param == "file":
        return OnFile(tmp_path)
    url = request.getfixturevalue("postgres").url
    return OnServer(tmp_path, url, tmp_path.name)


@pytest.fixture
def journal(place):
    with place.hold() as held:
        yield held


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


def test_it_gives_back_any_text(journal):
    event = StopAsked(0.0, "ü \0 \ud800 \N{PILE OF POO} '\"\\\n")
    journal.append([[event]])
    assert list(journal.replay()) == [event]


def test_appending_nothing_changes_nothing(journal):
    journal.append([[stop(1)]])
    before = journal.digest()
    journal.append([])
    assert journal.digest() == before


def test_an_append_that_fails_leaves_nothing_of_itself(journal):
    journal.append([[stop(1)]])
    before = journal.digest()
    with pytest.raises(TypeError):
        journal.append([[stop(2)], [StopAsked(3.0, object())]])
    assert journal.digest() == before
    journal.append([[stop(4)]])
    assert list(journal.replay()) == [stop(1), stop(4)]


def test_the_digest_is_that_of_the_lines(journal):
    journal.append([[stop(1), stop(2)], [stop(3)]])
    lines = dump(1, [stop(1), stop(2)]) + dump(3, [stop(3)])
    assert journal.digest() == hashlib.sha256(lines).hexdigest()


def test_it_can_be_replayed_while_it_grows(journal):
    journal.append([[stop(1)]])
    assert len(list(journal.replay())) == 1
    begun = journal.replay()
    assert next(begun) == stop(1)
    journal.append([[stop(2)], [stop(3)]])
    assert len(list(journal.replay())) == 3


def test_it_goes_on_where_it_was_closed(place):
    with place.hold() as journal:
        journal.append([[stop(1), stop(2)], [stop(3)]])
        before = journal.digest()
    with place.hold() as journal:
        assert journal.length() == 3
        assert journal.digest() == before
        journal.append([[stop(4)]])
        assert list(journal.replay()) == [stop(n) for n in range(1, 5)]


def test_it_is_longer_than_what_is_read_at_once(journal):
    for start in range(0, 4500, 1500):
        journal.append([[stop(start + n)] for n in range(1500)])
    assert list(journal.replay()) == [stop(n) for n in range(4500)]
