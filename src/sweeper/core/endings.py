"""How trials end when something ends under them."""

from __future__ import annotations

from sweeper.core import commands as c
from sweeper.core import events as e
from sweeper.core import pruning
from sweeper.core.records import Artifact, RunState, State, Trial
from sweeper.core.scoring import prefix

GRACE = 5.0
"""Seconds a cancelled fold run has to stop by itself."""

SETTLING = 60.0
"""Seconds for a run that is set aside, and may go on later: to come to its next report, and to
finish the checkpoint that it may be writing."""

MODEL = "model"
"""The role of the refitted model's file among the sweep's artefacts."""


def recall(trial: Trial, but: int | None = None, grace: float = GRACE) -> list[c.Command]:
    """Call back what the trial has in flight, except the fold that has just ended."""
    runs = tuple(r.key for r in trial.runs if r.state is RunState.RUNNING and r.key.fold != but)
    return [c.Cancel(runs, grace)] if runs else []


def give_up(state: State, t: float, why: str) -> tuple[list[e.Event], list[c.Command]]:
    """End every running trial because the search ends: pruned where it has scores."""
    events: list[e.Event] = []
    orders: list[c.Command] = []
    for number in sorted(state.running):
        trial = state.trials[number]
        events.append(_given_up(state, trial, t, why))
        orders += recall(trial)
    return events, orders


def _given_up(state: State, trial: Trial, t: float, why: str) -> e.Event:
    seen = prefix(trial, state.splits.folds)
    reason = f"{why}, after {len(trial.scores)} of {state.splits.folds} folds"
    if seen:
        value = state.spec.metric.goal.sign * pruning.forecast(state, trial, seen)
        return e.TrialPruned(t, trial.number, seen, value, None, reason)
    if trial.rung is not None:
        return e.TrialPruned(t, trial.number, 0, trial.curve[trial.rung], None, reason)
    return e.TrialFailed(t, trial.number, reason)


def pruned(state: State, t: float, trial: Trial, verdict: pruning.Verdict) -> e.Event:
    """The trial is set aside."""
    predicted = state.spec.metric.goal.sign * verdict.predicted
    return e.TrialPruned(t, trial.number, verdict.folds, predicted, verdict.chance, verdict.reason)


def dropped(
    state: State, t: float, gone: tuple[e.Dropped, ...]
) -> tuple[list[e.Event], list[c.Command]]:
    """Checkpoints go: first it is known, then they are removed."""
    if not gone:
        return [], []
    return [e.CheckpointsDropped(t, gone)], [c.Remove(tuple(each.path for each in gone))]


def fold_model(trial: int, fold: int) -> str:
    """The role of the model that one fold run left, where there is no refit."""
    return f"{MODEL}-{trial}-{fold}"


def is_fold_model(role: str) -> bool:
    """Whether `fold_model` gave the role."""
    return role.startswith(f"{MODEL}-")


def winning_model(state: State) -> Artifact | None:
    """The file to register: the refit's, or without a refit the winner's best fold's."""
    if state.spec.refit or state.best is None:
        return state.artifacts.get(MODEL)
    name, sign = state.spec.metric.name, state.spec.metric.goal.sign
    scores = state.best.scores
    for fold in sorted(scores, key=lambda k: (-sign * scores[k][name], k)):
        found = state.artifacts.get(fold_model(state.best.number, fold))
        if found is not None:
            return found
    return None
