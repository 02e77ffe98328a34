"""Journals written by earlier versions replay for ever; a wrong one is refused for ever."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeper.core.evolve import replay
from sweeper.core.invariants import violations
from sweeper.core.records import SweepState, TrialState
from sweeper.core.transitions import InvalidTransition
from sweeper.journal.file import read

HERE = Path(__file__).parent


def test_a_finished_sweep_of_format_1_replays_to_what_it_was():
    state = replay(read(HERE / "v1-finished.jsonl"))
    assert state.status is SweepState.FINISHED
    assert violations(state) == []
    assert len(state.trials) == 10
    assert state.best.number == 2
    assert state.best.value == pytest.approx(1.15663, abs=1e-5)
    assert sum(t.state is TrialState.PRUNED for t in state.trials.values()) >= 1
    assert state.registered.version == 1


def test_an_interrupted_sweep_of_format_1_can_go_on():
    state = replay(read(HERE / "v1-interrupted.jsonl"))
    assert state.status is SweepState.RUNNING
    assert violations(state) == []


def test_a_journal_that_completes_a_trial_twice_is_refused():
    with pytest.raises(InvalidTransition, match="TrialCompleted for trial 2, which is complete"):
        replay(read(HERE / "v1-refused.jsonl"))


def test_a_sweep_that_was_changed_by_hand_replays_to_what_it_was():
    state = replay(read(HERE / "v1-controlled.jsonl"))
    assert state.status is SweepState.FINISHED
    assert violations(state) == []
    assert [(t.author, t.what, t.refused) for t in state.taken] == [
        ("ana", "pause", ""),
        ("ana", "resume", ""),
        ("ana", "resume", "the sweep is running"),
        ("ana", "edit budget.trials 6 → 8", ""),
        ("ana", "enqueue 2", ""),
        ("ana", state.taken[-1].what, ""),
    ]
    assert state.sets == ("budget.trials=8",)
    assert len(state.trials) == 8
    assert [t.params["x"] for t in state.trials.values() if t.origin == "enqueued"] == [0.25, 0.75]
    assert [entry.number for entry in state.history[:2]] == [-1, -2]


def test_a_sweep_stopped_on_curves_replays_to_what_it_was():
    state = replay(read(HERE / "v1-curves.jsonl"))
    assert state.status is SweepState.FINISHED
    assert violations(state) == []
    assert [n for n, t in state.trials.items() if t.revived] == [1, 2, 3]
    assert [t.state for t in state.trials.values()].count(TrialState.PRUNED) == 9
    assert state.best.number == 0
    assert state.trials[7].reason == "rung 1 of fold 0: 0.234 is 8th of 8, the best 4 go on"
    assert "rung 3 of fold 0 of bracket 1" in state.trials[11].reason
    assert list(state.trials[1].curve.values()) == pytest.approx([0.342, 0.4636])
    assert state.spec.search.pruner.name == "hyperband"
