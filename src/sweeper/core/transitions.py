"""Which change may follow which. The only place that says so.

The tables are literals; `docs/states.md` is drawn from them.
"""

from __future__ import annotations

from sweeper.core import events as e
from sweeper.core.records import Phase, RunState, SweepState, TrialState


class InvalidTransition(Exception):
    """An event that the tables do not allow: a bug, or a journal that was tampered with."""


TRIAL: dict[tuple[TrialState, type], TrialState] = {
    (TrialState.RUNNING, e.TrialCompleted): TrialState.COMPLETE,
    (TrialState.RUNNING, e.TrialPruned): TrialState.PRUNED,
    (TrialState.RUNNING, e.TrialFailed): TrialState.FAILED,
    (TrialState.PRUNED, e.TrialRevived): TrialState.RUNNING,
}

RUN: dict[tuple[RunState, type], RunState] = {
    (RunState.RUNNING, e.FoldSucceeded): RunState.SUCCEEDED,
    (RunState.RUNNING, e.FoldFailed): RunState.FAILED,
    (RunState.RUNNING, e.FoldLost): RunState.LOST,
    (RunState.RUNNING, e.FoldCancelled): RunState.CANCELLED,
}

SWEEP: dict[tuple[SweepState, type], SweepState] = {
    (SweepState.RUNNING, e.SweepLaunched): SweepState.RUNNING,
    (SweepState.STOPPED, e.SweepLaunched): SweepState.RUNNING,
    (SweepState.FAILED, e.SweepLaunched): SweepState.RUNNING,
    (SweepState.INTERRUPTED, e.SweepLaunched): SweepState.RUNNING,
    (SweepState.FINISHED, e.SweepLaunched): SweepState.RUNNING,
    (SweepState.PAUSED, e.SweepLaunched): SweepState.RUNNING,
    (SweepState.RUNNING, e.SweepPaused): SweepState.PAUSED,
    (SweepState.PAUSED, e.SweepResumed): SweepState.RUNNING,
    (SweepState.PAUSED, e.SweepInterrupted): SweepState.INTERRUPTED,
    (SweepState.PAUSED, e.SweepFailed): SweepState.FAILED,
    (SweepState.RUNNING, e.SweepInterrupted): SweepState.INTERRUPTED,
    (SweepState.RUNNING, e.SweepFinished): SweepState.FINISHED,
    (SweepState.RUNNING, e.SweepFailed): SweepState.FAILED,
}

PHASE: dict[Phase, tuple[Phase, ...]] = {
    Phase.SEARCH: (Phase.REVIVAL, Phase.REFIT, Phase.HOLDOUT, Phase.REGISTER, Phase.DONE),
    Phase.REVIVAL: (Phase.REFIT, Phase.HOLDOUT, Phase.REGISTER, Phase.DONE, Phase.SEARCH),
    Phase.REFIT: (Phase.HOLDOUT, Phase.REGISTER, Phase.DONE, Phase.SEARCH),
    Phase.HOLDOUT: (Phase.REGISTER, Phase.DONE, Phase.SEARCH),
    Phase.REGISTER: (Phase.DONE, Phase.SEARCH),
    Phase.DONE: (Phase.SEARCH,),
}
