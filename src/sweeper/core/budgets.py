"""Budgets: how much of each is used up, and what of it is kept for the refit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sweeper.core.records import State
from sweeper.core.specs import Prices
from sweeper.core.spending import spent

HOUR = 3600.0

MOST_KEPT = 0.2
"""Of a budget, the largest share that is kept for the refit."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A budget of `most` in its own unit, as `used` is, and `kept`, which is for the refit."""

    name: str  # time | cpu_hours | gpu_hours | money
    words: str
    most: float
    used: float
    kept: float

    @property
    def over(self) -> bool:
        """Whether the search has no more of it."""
        return self.used >= self.most - self.kept


def limits(state: State, t: float) -> Iterator[Limit]:
    """The budgets that the config sets, beside that of trials, as they stand at `t`."""
    budget, seconds = state.spec.budget, _refit_seconds(state)
    if budget.time is not None:
        kept = min(MOST_KEPT * budget.time, seconds)
        words = f"the time budget of {budget.time:g} s"
        yield Limit("time", words, budget.time, t - state.idle, kept)
    most = {"cpu_hours": budget.cpu_hours, "gpu_hours": budget.gpu_hours, "money": budget.money}
    if not any(most.values()):
        return
    took, resources, prices = spent(state, t), state.spec.resources, state.spec.prices
    used = bill(took.reserved_cpu, took.reserved_gpu, prices)
    width = seconds * resources.workers * _places(state)
    refit = bill(width * resources.cpus, width * resources.gpus, prices)
    for name, limit in most.items():
        if limit is not None and name in used:
            kept = min(MOST_KEPT * limit, refit[name])
            words = f"the budget of {limit:g} {unit(name, prices)}"
            yield Limit(name, words, limit, used[name], kept)


def bill(cpu_seconds: float, gpu_seconds: float, prices: Prices | None) -> dict[str, float]:
    """So much reserved as `cpu_hours`, `gpu_hours` and, where there are prices, `money`."""
    cpu, gpu = cpu_seconds / HOUR, gpu_seconds / HOUR
    hours = {"cpu_hours": cpu, "gpu_hours": gpu}
    if prices is None:
        return hours
    return {**hours, "money": cpu * prices.cpu_hour + gpu * prices.gpu_hour}


def unit(name: str, prices: Prices | None) -> str:
    """`cpu hours`, `gpu hours`, or the currency."""
    if name != "money":
        return name.replace("_", " ")
    return prices.currency if prices is not None and prices.currency else "money"


def _refit_seconds(state: State) -> float:
    """Twice what the refit is likely to take: it sees all rows instead of K-1 of K."""
    if state.fold_seconds is None or not state.spec.refit:
        return 0.0
    folds = state.splits.folds
    rows = folds / (folds - 1) if folds > 1 else 1.25
    return 2 * rows * state.fold_seconds


def _places(state: State) -> int:
    return 1 if state.best is None else state.spec.places(state.best.params)
