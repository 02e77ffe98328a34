"""Which running trials to stop, by their folds. One function for each pruner's name.

By their learning curves: see `rungs`.

A verdict always carries its reason. Pruners look at the contiguous prefix of finished
folds only, so that their decisions do not depend on which fold happened to end first.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sweeper.core import racing
from sweeper.core.records import Phase, State, Trial
from sweeper.core.scoring import mean, signed
from sweeper.core.standings import middle


@dataclass(frozen=True, slots=True)
class Verdict:
    """Stop this trial. `predicted`: the mean over all folds it would have had, larger better."""

    folds: int
    predicted: float
    chance: float | None
    reason: str


def judge(state: State, trial: Trial, before: int, after: int) -> Verdict | None:
    """Should the trial stop, its finished prefix having grown from `before` to `after`?

    Each length in between is judged in turn, as if its folds had come one by one.
    """
    rule = _RULES[state.spec.search.pruner.name]
    for seen in range(before + 1, min(after, state.splits.folds - 1) + 1):
        verdict = rule(state, trial, seen)
        if verdict is not None:
            return verdict
    return None


def forecast(state: State, trial: Trial, seen: int) -> float:
    """The mean over all folds to be expected after `seen` of them, larger better."""
    scores = signed(state, trial, seen)
    field = racing.field_of(state)
    return mean(scores) if field is None else racing.predicted(field, scores)


def _race(state: State, trial: Trial, seen: int) -> Verdict | None:
    field = racing.field_of(state)
    if field is None:
        return None
    scores = signed(state, trial, seen)
    chance = racing.chance(field, scores)
    limit = state.spec.search.pruner.alpha
    if state.phase is Phase.REVIVAL:
        limit = racing.RESIDUE / max(1, len(state.aside) - (trial.number in state.aside))
    if chance >= limit:
        return None
    reason = f"chance {chance:.2g} of beating trial {_best(state)} after fold {seen} of {len(field.profile)}"
    return Verdict(seen, racing.predicted(field, scores), chance, reason)


def _median(state: State, trial: Trial, seen: int) -> Verdict | None:
    """Stop below the median of the complete trials' means over the same folds."""
    others = state.prefixes.get(seen, [])
    if len(others) < state.spec.search.pruner.startup:
        return None
    if mean(signed(state, trial, seen)) >= middle(others):
        return None
    reason = f"below the median of {len(others)} trials on the first {seen} folds"
    return Verdict(seen, forecast(state, trial, seen), None, reason)


def _wilcoxon(state: State, trial: Trial, seen: int) -> Verdict | None:
    """Stop when the signed-rank test says that the trial is worse than the incumbent.

    Never while its own mean on these folds is the better one.
    """
    if len(state.ranking) < state.spec.search.pruner.startup:
        return None
    best = signed(state, state.trials[_best(state)], seen)
    own = signed(state, trial, seen)
    if mean(own) >= mean(best):
        return None
    p = signed_rank([a - b for a, b in zip(own, best, strict=True)])
    if p >= state.spec.search.pruner.alpha:
        return None
    reason = f"worse than trial {_best(state)} on {seen} folds (signed-rank test, p = {p:.2g})"
    return Verdict(seen, forecast(state, trial, seen), None, reason)


def _never(state: State, trial: Trial, seen: int) -> Verdict | None:
    return None


def _best(state: State) -> int:
    return state.ranking[0][1]


EXACT = 12
"""Up to so many pairs the signed-rank test enumerates all signs; beyond, it is normal."""


def signed_rank(differences: Sequence[float]) -> float:
    """One-sided Wilcoxon signed-rank test: P(a rank sum this low | no difference).

    Zeros are dropped, ties share their rank (Wilcoxon 1945; Pratt is not used).
    """
    values = [d for d in differences if d != 0]
    if not values:
        return 1.0
    ranks = _ranks([abs(v) for v in values])
    positive = math.fsum(r for r, v in zip(ranks, values, strict=True) if v > 0)
    if len(values) <= EXACT:
        sums = [
            math.fsum(r for r, up in zip(ranks, signs, strict=True) if up)
            for signs in itertools.product((False, True), repeat=len(ranks))
        ]
        return sum(1 for s in sums if s <= positive + 1e-9) / len(sums)
    centre = math.fsum(ranks) / 2
    spread = math.sqrt(math.fsum(r * r for r in ranks)) / 2
    return 0.5 * math.erfc((centre - positive) / spread / math.sqrt(2))


def _ranks(values: Sequence[float]) -> list[float]:
    order = sorted(values)
    first: dict[float, int] = {}
    for i, value in enumerate(order):
        first.setdefault(value, i)
    return [first[v] + (order.count(v) + 1) / 2 for v in values]


_RULES: dict[str, Callable[[State, Trial, int], Verdict | None]] = {
    "racing": _race,
    "median": _median,
    "wilcoxon": _wilcoxon,
    "asha": _never,
    "hyperband": _never,
    "none": _never,
}
