"""The loop itself, with a journal in memory and parts made for the occasion."""

from __future__ import annotations

import pytest

from sweeper.controller import Controller, SystemClock
from sweeper.core import stimuli
from sweeper.core.events import FoldsDispatched, TrialSampled
from sweeper.core.evolve import evolve
from sweeper.core.records import Artifact, Node, Registered, Success, SweepState
from sweeper.core.stimuli import CapacityChanged, RunEnded
from sweeper.journal.memory import MemoryJournal
from sweeper.ports import JournalUnwritable, Order, Suggestion
from world import created, spec


class Instant:
    """An executor whose runs are over at once. Looks whether the journal knew first."""

    def __init__(self, journal):
        self.journal = journal
        self.closed = False
        self.surprises = []

    def start(self, post):
        self.post = post
        post(CapacityChanged(0, (Node("n", 1),)))

    def want(self, more):
        pass

    def dispatch(self, slot, orders):
        known = {
            key
            for event in self.journal.replay()
            if isinstance(event, FoldsDispatched)
            for key in event.runs
        }
        for order in orders:
            if order.key not in known:
                self.surprises.append(order.key)
            report = {"metrics": {}} if order.key.fold == -2 else {}
            artifacts = {"model": Artifact("m", "0" * 64, 1)} if order.key.fold == -1 else {}
            outcome = Success({"m": order.key.trial + 0.1 * order.key.fold}, 0.0, report=report)
            self.post(RunEnded(0, order.key, outcome, artifacts))

    def cancel(self, runs, grace):
        pass

    def close(self):
        self.closed = True


class Counting:
    def suggest(self, number, history):
        return Suggestion({"x": number / 100})


class Broken:
    def suggest(self, number, history):
        raise ZeroDivisionError("a bug in a sampler")


def controller(journal, sampler=None, register=lambda state: Registered("toy", 1, "l" * 64)):
    event = created(spec(trials=5, pruner="none"))
    journal.append([[event]])
    return Controller(
        state=evolve(None, event),
        journal=journal,
        sampler=lambda spec: sampler or Counting(),
        executor=Instant(journal),
        order=lambda state, key: Order(key, {}, 0),
        register=register,
        remove=lambda paths: None,
        observer=lambda state: None,
        clock=SystemClock(),
    )


def launched():
    return stimuli.Launched(0, 1.7e9, "host", 1, {})


def test_nothing_is_executed_before_it_is_in_the_journal():
    loop = controller(MemoryJournal())
    state = loop.run([launched()])
    assert state.status is SweepState.FINISHED
    assert len(state.trials) == 5
    assert loop._executor.surprises == []
    assert loop._executor.closed


def test_a_journal_that_cannot_be_written_ends_the_loop_with_nothing_done():
    class Full(MemoryJournal):
        def append(self, records):
            if any(isinstance(e, TrialSampled) for record in records for e in record):
                raise JournalUnwritable("no space")
            super().append(records)

    loop = controller(Full())
    with pytest.raises(JournalUnwritable):
        loop.run([launched()])
    assert loop._executor.closed
    assert not any(isinstance(e, FoldsDispatched) for e in loop._journal.replay())


def test_a_bug_in_a_sampler_fails_the_sweep_and_is_shown():
    journal = MemoryJournal()
    with pytest.raises(ZeroDivisionError):
        controller(journal, Broken()).run([launched()])
    state = None
    for event in journal.replay():
        state = evolve(state, event)
    assert state.status is SweepState.FAILED
    assert "a bug in a sampler" in state.reason


def test_a_registration_that_fails_fails_the_sweep_with_its_reason():
    def refuse(state):
        raise RuntimeError("the registry is away")

    state = controller(MemoryJournal(), register=refuse).run([launched()])
    assert state.status is SweepState.FAILED
    assert "the registry is away" in state.reason


def test_a_stop_drains_and_leaves_the_sweep_interrupted():
    loop = controller(MemoryJournal())
    loop.post(stimuli.StopRequested(0, "asked"))
    state = loop.run([launched()])
    assert state.status is SweepState.INTERRUPTED
    assert state.reason == "asked"
