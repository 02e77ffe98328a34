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
