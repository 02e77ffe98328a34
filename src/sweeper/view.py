"""What a sweep's state looks like from outside: the JSON of `status` and `show`, and its parts.

Pure functions of a `State` that the command line and the Python API share, so that both say
the same. The keys are a promise to scripts; `docs/json.md` describes each.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sweeper.core import account
from sweeper.core.budgets import limits
from sweeper.core.records import (
    Failure,
    FoldRun,
    RunKey,
    RunState,
    State,
    Success,
    SweepState,
    Trial,
    TrialState,
)
from sweeper.core.scoring import deviation, fold_values, objective_values
from sweeper.core.space import Value
from sweeper.core.specs import Prices

Json = dict[str, Value]

ORDER = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAILED, TrialState.RUNNING)
"""Trial states as people read them."""


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """Failures of one class with one cause. `example` is the first of them."""

    fingerprint: str
    count: int
    trials: tuple[int, ...]
    example: RunKey
    failure: Failure


@dataclass(slots=True)
class Counts:
    """How many trials and fold runs are in each state. Refit and holdout are not folds."""

    trials: Counter[TrialState] = field(default_factory=Counter)
    folds: Counter[RunState] = field(default_factory=Counter)

    def add(self, trial: Trial) -> None:
        self.trials[trial.state] += 1
        self.folds.update(run_counts(trial))


def run_counts(trial: Trial) -> Counter[RunState]:
    """This trial's fold runs by state, every attempt counted."""
    return Counter(run.state for run in trial.runs if run.key.fold >= 0)


def counts(state: State) -> Counts:
    """Counts over all trials; linear in the number of fold runs."""
    total = Counts()
    for trial in state.trials.values():
        total.add(trial)
    return total


def spread(state: State, trial: Trial) -> float | None:
    """Standard deviation of the sweep's metric over the trial's folds; None under two folds."""
    scores = fold_values(state, trial)
    return deviation(scores) if len(scores) > 1 else None


def standing(state: State, held: bool) -> SweepState:
    """The state a reader should report: running only while a controller holds the sweep."""
    if state.status in (SweepState.RUNNING, SweepState.PAUSED) and not held:
        return SweepState.INTERRUPTED
    return state.status


def elapsed(state: State, held: bool, wall: float) -> float:
    """Seconds that controllers have spent on the sweep; `wall` is the wall clock now."""
    if standing(state, held) is not SweepState.RUNNING:
        return state.now
    launched_wall, launched = state.anchor
    return max(state.now, launched + wall - launched_wall)


def remaining(state: State, ended: int, spent: float) -> float | None:
    """Seconds the search is likely to take from here, by its budgets and its rate so far."""
    budget = state.spec.budget
    guesses = []
    if budget.trials is not None and ended:
        guesses.append(max(0, budget.trials - ended) * spent / ended)
    for limit in limits(state, state.now):
        if limit.name == "time":
            guesses.append(max(0.0, limit.most - spent))
        elif limit.used:
            guesses.append(max(0.0, limit.most - limit.used) * spent / limit.used)
    return min(guesses, default=None)


def status(state: State, *, held: bool, wall: float) -> Json:
    """`sweeper status NAME --json`."""
    total = counts(state)
    return {
        "name": state.spec.name,
        "state": standing(state, held).value,
        "reason": state.reason,
        "metric": {"name": state.spec.metric.name, "goal": state.spec.metric.goal.value},
        "objectives": [
            {"name": metric.name, "goal": metric.goal.value} for metric in state.spec.objectives
        ],
        "trials": {
            "total": len(state.trials),
            "complete": total.trials[TrialState.COMPLETE],
            "pruned": total.trials[TrialState.PRUNED],
            "failed": total.trials[TrialState.FAILED],
            "running": total.trials[TrialState.RUNNING],
        },
        "folds": {
            "succeeded": total.folds[RunState.SUCCEEDED],
            "failed": total.folds[RunState.FAILED],
            "lost": total.folds[RunState.LOST],
            "cancelled": total.folds[RunState.CANCELLED],
        },
        "best": best_view(state),
        "front": sorted(state.front),
        "elapsed_s": round(elapsed(state, held, wall), 3),
        "cost": account.of_sweep(state, elapsed(state, held, wall)),
    }


def best_view(state: State) -> Json | None:
    """The `best` of `status`: trial, value and parameters; None when no trial is complete."""
    best = state.best
    if best is None:
        return None
    return {
        "trial": best.number,
        "value": best.value,
        "values": objectives(state, best),
        "params": dict(best.params),
    }


def objectives(state: State, trial: Trial) -> dict[str, float]:
    """Of a complete trial of a sweep with several objectives: the value of each."""
    if trial.state is not TrialState.COMPLETE:
        return {}
    names = (metric.name for metric in state.spec.objectives)
    return dict(zip(names, objective_values(state, trial), strict=True))


def show(state: State, trials: Sequence[Trial]) -> Json:
    """`sweeper show NAME --json`."""
    return {
        "trials": [trial_view(state, trial) for trial in trials],
        "failures": [failure_view(group) for group in failures(trials)],
        "cost": account.of_sweep(state, state.now),
    }


def trial_view(state: State, trial: Trial) -> Json:
    """One trial with every attempt at every fold, in the order in which they were sent.

    `values` and `front` are of several objectives: each one's value, and whether no other trial
    beats this one.
    """
    return {
        "number": trial.number,
        "state": trial.state.value,
        "params": dict(trial.params),
        "value": trial.value,
        "values": objectives(state, trial),
        "front": trial.number in state.front,
        "reason": trial.reason,
        "folds": [run_view(run, state.spec.prices) for run in trial.runs],
        "cost": account.of_trial(state, trial),
    }


def run_view(run: FoldRun, prices: Prices | None) -> Json:
    """One attempt at one fold. `fold` is -1 for the refit and -2 for the holdout."""
    outcome = run.outcome
    return {
        "fold": run.key.fold,
        "attempt": run.key.attempt,
        "state": run.state.value,
        "scores": dict(outcome.scores) if isinstance(outcome, Success) else {},
        "seconds": None if outcome is None else round(outcome.seconds, 6),
        "node": (outcome.node if outcome is not None else "") or run.slot.node,
        "gpus": [] if outcome is None else list(outcome.gpus),
        "reason": run_reason(run),
        "cost": account.of_run(run, prices),
    }


def run_reason(run: FoldRun) -> str:
    """Why a run ended as it did: what its failure said, and what was decided on it."""
    if not isinstance(run.outcome, Failure):
        return run.reason
    said = failure_line(run.outcome)
    return f"{said}; {run.reason}" if run.reason and run.reason not in said else said


def failure_line(failure: Failure) -> str:
    """A failure in one line: the error's type or kind, and the first line of its message."""
    name = failure.error or failure.kind.value
    first = next((line.strip() for line in failure.message.splitlines() if line.strip()), "")
    return f"{name}: {first}" if first and first != name else name


def failures(trials: Iterable[Trial]) -> tuple[FailureGroup, ...]:
    """Failed runs of these trials grouped by class and cause, the most frequent first."""
    groups: dict[tuple[str, str], list[tuple[RunKey, Failure]]] = {}
    for trial in trials:
        for run in trial.runs:
            if run.state is RunState.FAILED and isinstance(run.outcome, Failure):
                cause = run.outcome.fingerprint or failure_line(run.outcome)
                members = groups.setdefault((run.outcome.kind.value, cause), [])
                members.append((run.key, run.outcome))
    ordered = sorted(
        groups.items(), key=lambda item: (-len(item[1]), min(key for key, _ in item[1]))
    )
    return tuple(_group(cause, members) for (_, cause), members in ordered)


def _group(cause: str, members: list[tuple[RunKey, Failure]]) -> FailureGroup:
    key, failure = min(members, key=lambda member: member[0])
    trials = tuple(sorted({key.trial for key, _ in members}))
    return FailureGroup(cause, len(members), trials, key, failure)


def failure_view(group: FailureGroup) -> Json:
    """One of the `failures` of `show`."""
    key = group.example
    return {
        "fingerprint": group.fingerprint,
        "kind": group.failure.kind.value,
        "count": group.count,
        "trials": list(group.trials),
        "error": group.failure.error,
        "message": group.failure.message,
        "example": {"trial": key.trial, "fold": key.fold, "attempt": key.attempt},
    }


def losses(trials: Iterable[Trial]) -> Counter[str]:
    """Runs that were lost through no fault of their own, by reason."""
    return Counter(r.reason for t in trials for r in t.runs if r.state is RunState.LOST)


def result(state: State, *, directory: str, exit_code: int, wall: float) -> Json:
    """`sweeper launch CONFIG --json`: the status, and what came of the sweep."""
    registered = state.registered
    return {
        **status(state, held=False, wall=wall),
        "directory": directory,
        "exit_code": exit_code,
        "holdout": state.holdout,
        "registered": None
        if registered is None
        else {
            "name": registered.model,
            "version": registered.version,
            "digest": registered.digest,
            "alias": registered.alias,
            "verdict": registered.verdict,
        },
    }


def finite(value: Value) -> Value:
    """`value` with NaN and infinities as None and tuples as lists: what strict JSON can hold."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value
