"""The history as an Optuna study: what its samplers read, and nothing is written to it."""

from __future__ import annotations

import copy
import heapq
import math
from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.storages import InMemoryStorage
from optuna.trial import FrozenTrial, TrialState

from sweeper.core.records import HistoryEntry
from sweeper.core.space import Space
from sweeper.core.specs import Goal
from sweeper.sampling.codes import Axis
from sweeper.sampling.history import History, finished, teaches
from sweeper.sampling.quiet import quiet

BEST = 25
"""How many of the best older trials stay in view: TPE never counts more than these as good."""


class Mirror:
    """Turns histories into studies with coded parameters (see `codes`).

    Finished trials are COMPLETE, running ones RUNNING; bad ones are COMPLETE with the worst
    values of the whole history, and absent while nothing has finished. Only the latest
    `recent` trials and the BEST before them (by the first objective) are in view: asking costs
    the same ever after.
    """

    def __init__(
        self,
        space: Space,
        axes: Mapping[str, Axis],
        goals: Sequence[Goal],
        recent: int,
    ) -> None:
        self._axes = axes
        self._signs = [goal.sign for goal in goals]
        self._recent = recent
        self._history: History[FrozenTrial] = History(space, self._trial, teaches)
        self._past = _Past(self._signs)
        self._storage = _ReadStorage()
        with quiet():
            directions = [optuna.study.StudyDirection[goal.name] for goal in goals]
            optuna.create_study(storage=self._storage, study_name="history", directions=directions)

    def study(
        self,
        history: Sequence[HistoryEntry],
        sampler: BaseSampler,
        seen: Callable[[list[FrozenTrial]], list[FrozenTrial]] = list,
    ) -> optuna.Study:
        """The study that `sampler` is to read. Valid until the next call.

        `seen`: what it is to see instead of these trials, which must stay as they are.
        """
        self._storage.trials = seen(self._trials(history))
        return optuna.load_study(study_name="history", storage=self._storage, sampler=sampler)

    def _trials(self, history: Sequence[HistoryEntry]) -> list[FrozenTrial]:
        seen = self._history.read(history)
        latest = seen[-self._recent :]
        self._past.read(seen, len(seen) - len(latest), self._history.firm)
        worst = self._past.worst
        for entry, _ in latest:
            if finished(entry):
                worst = _worse(self._signs, worst, _values(entry))
        if not worst:
            return [trial for entry, trial in latest if entry.running]
        return [
            trial if entry.running or finished(entry) else with_values(trial, worst)
            for entry, trial in [*self._past.best(), *latest]
        ]

    def _trial(self, entry: HistoryEntry) -> FrozenTrial:
        existing = {name: axis for name, axis in self._axes.items() if name in entry.params}
        return frozen_trial(
            entry.number,
            TrialState.RUNNING if entry.running else TrialState.COMPLETE,
            _values(entry) if finished(entry) else None,
            {name: axis.encode(entry.params[name]) for name, axis in existing.items()},
            {name: axis.distribution for name, axis in existing.items()},
        )


class _Past:
    """Of the trials that are no longer among the latest: the best, and the worst values.

    Reads on where it stopped, as long as nothing before that has changed.
    """

    def __init__(self, signs: Sequence[int]) -> None:
        self._signs = signs
        self._count = 0
        self._last = -math.inf  # the number of the last that was read
        self._heap: list[tuple[float, int, tuple[HistoryEntry, FrozenTrial]]] = []
        self.worst: tuple[float, ...] = ()

    def read(self, seen: Sequence[_Pair], count: int, firm: float) -> None:
        """Take the first `count` of them; those with numbers below `firm` are as they were."""
        if firm <= self._last or count < self._count:
            self._count, self._last, self._heap, self.worst = 0, -math.inf, [], ()
        for pair in seen[self._count : count]:
            entry, _ = pair
            self._last = entry.number
            if finished(entry):
                self.worst = _worse(self._signs, self.worst, _values(entry))
                # of equals the first stays
                heapq.heappush(
                    self._heap, (self._signs[0] * _values(entry)[0], -entry.number, pair)
                )
                if len(self._heap) > BEST:
                    heapq.heappop(self._heap)
        self._count = count

    def best(self) -> list[_Pair]:
        """In the order of numbers."""
        return [pair for _, _, pair in sorted(self._heap, key=lambda each: -each[1])]


_Pair = tuple[HistoryEntry, FrozenTrial]


def _worse(
    signs: Sequence[int], one: tuple[float, ...], other: tuple[float, ...]
) -> tuple[float, ...]:
    """Of each objective the worse of the two; `one` may be empty."""
    if not one:
        return other
    return tuple(
        min(a, b) if sign > 0 else max(a, b) for sign, a, b in zip(signs, one, other, strict=True)
    )


def frozen_trial(
    number: int,
    state: TrialState,
    values: Sequence[float] | None = None,
    params: dict[str, Any] | None = None,
    distributions: dict[str, BaseDistribution] | None = None,
) -> FrozenTrial:
    """An Optuna trial without times: nothing here may depend on a clock."""
    return FrozenTrial(
        number=number,
        trial_id=number,
        state=state,
        value=None,
        values=values,
        params=params or {},
        distributions=distributions or {},
        datetime_start=None,
        datetime_complete=None,
        user_attrs={},
        system_attrs={},
        intermediate_values={},
    )


def _values(entry: HistoryEntry) -> tuple[float, ...]:
    """A finished trial's, one for each objective."""
    return entry.values or (entry.value or 0.0,)


def with_values(trial: FrozenTrial, values: Sequence[float]) -> FrozenTrial:
    """The same trial with other values."""
    changed = copy.copy(trial)
    changed.values = list(values)
    return changed


class _ReadStorage(InMemoryStorage):
    """Shows `trials` as they are, where Optuna's own would copy each one deeply."""

    def __init__(self) -> None:
        super().__init__()
        self.trials: list[FrozenTrial] = []

    def get_all_trials(
        self,
        study_id: int,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
    ) -> list[FrozenTrial]:
        shown = [t for t in self.trials if states is None or t.state in states]
        return copy.deepcopy(shown) if deepcopy else shown

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Samplers leave notes for other processes that ask the same study: there are none."""
