"""What the journal says about a sweep, as far as MLflow is to show it. Pure: no I/O.

`absorb` takes events in order and says what each one changed; the same events always give
the same picture and the same points, timestamps included, which is what lets MLflow drop
a point that is written twice.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from sweeper.core import pareto
from sweeper.core.events import (
    Event,
    FoldSucceeded,
    SettingsChanged,
    SweepCreated,
    SweepFailed,
    SweepFinished,
    SweepInterrupted,
    SweepLaunched,
    TrialCompleted,
    TrialFailed,
    TrialPruned,
    TrialRevived,
    TrialSampled,
    VersionRegistered,
)
from sweeper.core.records import HOLDOUT, REFIT, Registered, SweepState, TrialState
from sweeper.core.space import Value
from sweeper.core.specs import SweepSpec


@dataclass(frozen=True, slots=True)
class Point:
    """One value of a metric. `ms`: wall clock, milliseconds since the epoch."""

    key: str
    value: float
    ms: int
    step: int


@dataclass(slots=True)
class TrialPicture:
    number: int
    params: dict[str, Value]
    origin: str
    sampled_ms: int
    state: TrialState = TrialState.RUNNING
    reason: str = ""
    ended_ms: int | None = None
    value: float | None = None  # pruned: as predicted
    revived: int = 0
    scores: dict[int, dict[str, float]] = field(default_factory=dict)
    nodes: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Change:
    """What one event changed: trials, with their new points, and points of the sweep."""

    trials: tuple[int, ...] = ()
    points: tuple[Point, ...] = ()
    sweep: tuple[Point, ...] = ()


@dataclass(slots=True)
class Picture:
    """The sweep so far. `now`: sweep time of the last event."""

    created: SweepCreated | None = None
    spec: SweepSpec | None = None  # as the last change of settings left it
    anchor: tuple[float, float] = (0.0, 0.0)
    now: float = 0.0
    state: SweepState = SweepState.RUNNING
    reason: str = ""
    launches: int = 0
    trials: dict[int, TrialPicture] = field(default_factory=dict)
    described: int | None = None  # the trial whose parameters the first end put on the parent
    version: Registered | None = None

    @property
    def over(self) -> bool:
        """No fold runs any more, unless the sweep is launched again."""
        return self.state is not SweepState.RUNNING

    @property
    def settings(self) -> SweepSpec:
        """The config in force. ValueError when no sweep has been created yet."""
        if self.spec is None:
            raise ValueError("the journal does not begin with SweepCreated")
        return self.spec

    def ms(self, t: float) -> int:
        """Sweep time as wall-clock milliseconds."""
        wall, then = self.anchor
        return round((wall + t - then) * 1000)

    def config_digest(self) -> str:
        """SHA-256 over the checked config in force, wherever its file lies."""
        plain = repr(replace(self.settings, directory="."))
        return hashlib.sha256(plain.encode()).hexdigest()

    def counts(self) -> Counter[TrialState]:
        return Counter(trial.state for trial in self.trials.values())

    def best(self) -> TrialPicture | None:
        """The complete trial with the best value, the first of equals; of several objectives
        the one that wins."""
        sign = self.settings.metric.goal.sign
        done = [t for t in self.trials.values() if t.state is TrialState.COMPLETE]
        if self.settings.objectives:
            return self._picked(done)
        return max(done, key=lambda t: (sign * (t.value or 0.0), -t.number), default=None)

    def _picked(self, done: list[TrialPicture]) -> TrialPicture | None:
        front: dict[int, pareto.Values] = {}
        for trial in done:
            means = summary(trial)
            values = (m.goal.sign * means[f"{m.name}.mean"] for m in self.settings.objectives)
            pareto.enter(front, trial.number, tuple(values))
        found = pareto.pick(self.settings, front)
        return None if found is None else self.trials[found]

    def absorb(self, event: Event) -> Change:
        self.now = event.t
        match event:
            case SweepCreated():
                self.created, self.spec = event, event.spec
                self.anchor = (event.wall, event.t)
                return Change()
            case SweepLaunched():
                self.anchor = (event.wall, event.t)
                self.launches += 1
                return self._become(SweepState.RUNNING, "")
            case SettingsChanged():
                self.spec = event.spec
                return Change()
            case TrialSampled():
                self.trials[event.trial] = TrialPicture(
                    event.trial, event.params, event.origin, self.ms(event.t)
                )
                return Change()
            case FoldSucceeded():
                return self._scored(event)
            case TrialCompleted() | TrialPruned() | TrialFailed():
                return self._ended(event)
            case TrialRevived():
                trial = self.trials[event.trial]
                trial.state, trial.reason, trial.ended_ms = TrialState.RUNNING, event.reason, None
                trial.revived += 1
                return Change((event.trial,))
            case VersionRegistered():
                self.version = event.version
                return Change()
            case SweepInterrupted():
                return self._become(SweepState.INTERRUPTED, event.reason)
            case SweepFailed():
                return self._become(SweepState.FAILED, event.reason)
            case SweepFinished():
                return self._finished(event)
            case _:
                return Change()

    def _become(self, state: SweepState, reason: str) -> Change:
        self.state, self.reason = state, reason
        running = (n for n, t in self.trials.items() if t.state is TrialState.RUNNING)
        return Change(tuple(running))

    def _scored(self, event: FoldSucceeded) -> Change:
        run, outcome, ms = event.run, event.outcome, self.ms(event.t)
        if run.fold == HOLDOUT:
            named = {f"holdout.{name}": value for name, value in outcome.scores.items()}
            return Change(sweep=tuple(_points(named, ms, 0)))
        if run.fold == REFIT:
            return Change(sweep=tuple(_points({"refit.seconds": outcome.seconds}, ms, 0)))
        trial = self.trials[run.trial]
        trial.scores[run.fold] = {**outcome.scores, "seconds": outcome.seconds}
        if outcome.node:
            trial.nodes.add(outcome.node)
        curve = (
            point
            for step, values in outcome.curve
            for point in _points({f"{k}.fold{run.fold}": v for k, v in values.items()}, ms, step)
        )
        scores = _points(trial.scores[run.fold], ms, run.fold)
        return Change((run.trial,), (*scores, *curve))

    def _ended(self, event: TrialCompleted | TrialPruned | TrialFailed) -> Change:
        trial, ms = self.trials[event.trial], self.ms(event.t)
        trial.reason, trial.ended_ms = event.reason, ms
        points: tuple[Point, ...] = ()
        if isinstance(event, TrialCompleted):
            trial.state, trial.value = TrialState.COMPLETE, event.value
            points = tuple(_points(summary(trial), ms, len(trial.scores)))
        elif isinstance(event, TrialPruned):
            trial.state, trial.value = TrialState.PRUNED, event.predicted
            points = tuple(_points(predicted(trial, self.settings.metric.name), ms, event.folds))
        else:
            trial.state = TrialState.FAILED
        return Change((event.trial,), points)

    def _finished(self, event: SweepFinished) -> Change:
        change = self._become(SweepState.FINISHED, event.reason)
        best = self.best()
        if best is None:
            return change
        if self.described is None:
            self.described = best.number
        points = tuple(_points(summary(best), self.ms(event.t), 0))
        return Change(change.trials, sweep=points)


def summary(trial: TrialPicture) -> dict[str, float]:
    """`NAME.mean` and `NAME.std` (population) over the trial's folds, and its total seconds."""
    found: dict[str, float] = {}
    names = sorted({name for scores in trial.scores.values() for name in scores})
    for name in names:
        values = [scores[name] for scores in trial.scores.values() if name in scores]
        mean = math.fsum(values) / len(values)
        found[f"{name}.mean"] = mean
        found[f"{name}.std"] = math.sqrt(math.fsum((v - mean) ** 2 for v in values) / len(values))
    if "seconds.mean" in found:
        found["seconds.total"] = math.fsum(s["seconds"] for s in trial.scores.values())
    return found


def predicted(trial: TrialPicture, metric: str) -> dict[str, float]:
    """What all folds of a pruned trial would have given."""
    return {} if trial.value is None else {f"{metric}.predicted": trial.value}


def _points(values: dict[str, float], ms: int, step: int) -> Iterator[Point]:
    """NaN and infinity are left out: a database gives infinity back as 1.8e308."""
    return (Point(k, float(v), ms, step) for k, v in values.items() if math.isfinite(v))
