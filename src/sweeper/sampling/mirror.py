"""The history as an Optuna study: what its samplers read, and nothing is written to it."""

from __future__ import annotations

import copy
import heapq
from collections.abc import Container, Sequence
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.storages import InMemoryStorage
from optuna.trial import FrozenTrial, TrialState

from sweeper.core.records import HistoryEntry
from sweeper.core.space import Space
from sweeper.core.specs import Goal
from sweeper.sampling.codes import encode
from sweeper.sampling.history import History, finished, teaches
from sweeper.sampling.quiet import quiet

BEST = 25
"""How many of the best older trials stay in view: TPE never counts more than these as good."""


class Mirror:
    """Turns histories into studies with coded parameters (see `codes`).

    Finished trials are COMPLETE, running ones RUNNING; bad ones are COMPLETE with the worst
    value of the whole history, and absent while nothing has finished. Only the latest
    `recent` trials and the BEST before them are in view: asking costs the same ever after.
    """

    def __init__(
        self, space: Space, distributions: dict[str, BaseDistribution], goal: Goal, recent: int
    ) -> None:
        self._space = space
        self._distributions = distributions
        self._sign = goal.sign
        self._recent = recent
        self._history: History[FrozenTrial] = History(space, self._trial)
        self._storage = _ReadStorage()
        with quiet():
            optuna.create_study(storage=self._storage, study_name="history", direction=goal.value)

    def study(self, history: Sequence[HistoryEntry], sampler: BaseSampler) -> optuna.Study:
        """The study that `sampler` is to read. Valid until the next call."""
        self._storage.trials = self._trials(history)
        return optuna.load_study(study_name="history", storage=self._storage, sampler=sampler)

    def _trials(self, history: Sequence[HistoryEntry]) -> list[FrozenTrial]:
        seen = [pair for pair in self._history.read(history) if teaches(pair[0])]
        values = [entry.value or 0.0 for entry, _ in seen if finished(entry)]
        if not values:
            return [trial for entry, trial in seen if entry.running]
        worst = min(values) if self._sign > 0 else max(values)
        return [
            trial if entry.running or finished(entry) else _with_value(trial, worst)
            for entry, trial in self._in_view(seen)
        ]

    def _in_view(
        self, seen: list[tuple[HistoryEntry, FrozenTrial]]
    ) -> list[tuple[HistoryEntry, FrozenTrial]]:
        old, latest = seen[: -self._recent], seen[-self._recent :]
        best = heapq.nlargest(
            BEST,
            [pair for pair in old if finished(pair[0])],
            key=lambda pair: self._sign * (pair[0].value or 0.0),
        )
        return sorted(best, key=lambda pair: pair[0].number) + latest

    def _trial(self, entry: HistoryEntry) -> FrozenTrial:
        existing = [d for d in self._space if d.name in entry.params]
        return frozen_trial(
            entry.number,
            TrialState.RUNNING if entry.running else TrialState.COMPLETE,
            entry.value if finished(entry) else None,
            {d.name: encode(d.domain, entry.params[d.name]) for d in existing},
            {d.name: self._distributions[d.name] for d in existing},
        )


def frozen_trial(
    number: int,
    state: TrialState,
    value: float | None = None,
    params: dict[str, Any] | None = None,
    distributions: dict[str, BaseDistribution] | None = None,
) -> FrozenTrial:
    """An Optuna trial without times: nothing here may depend on a clock."""
    return FrozenTrial(
        number=number,
        trial_id=number,
        state=state,
        value=value,
        params=params or {},
        distributions=distributions or {},
        datetime_start=None,
        datetime_complete=None,
        user_attrs={},
        system_attrs={},
        intermediate_values={},
    )


def _with_value(trial: FrozenTrial, value: float) -> FrozenTrial:
    bad = copy.copy(trial)
    bad.value = value
    return bad


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
