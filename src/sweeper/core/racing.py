"""Racing: stop a trial once it is unlikely to beat the incumbent on the folds still to come.

Folds are paired: fold k has the same rows for every trial, so trials are compared by
their differences fold by fold, which takes out how hard each fold is. Write d_k for the
trial's score minus the incumbent's on fold k (larger better), j for the folds both have,
K for all. With residual spread σ of a score around (trial effect + fold effect), the
final mean difference given the first j is normal with

    mean     (d_1 + … + d_j) / j
    variance 2 σ² (K - j) / (K j)

(the K - j unseen differences each have variance 2σ² around a true difference that is
itself known only to 2σ²/j). σ² is pooled over the better half of the complete trials as
in a two-way layout without interaction: squared residuals over (n - 1)(K - 1).

Scores saturate and residuals have heavier tails than the normal, so the chance is taken
from Student's t with those degrees of freedom where they are few. The method is that of
racing algorithms (Maron & Moore 1994; Birattari et al. 2002, F-Race) with a predictive
rather than a significance test.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sweeper.core.records import State
from sweeper.core.scoring import mean, prefix, signed

REFERENCES = 32
"""At most so many complete trials are pooled, the best ones."""

MINIMUM = 4
"""Complete trials needed before anything is stopped."""

RESIDUE = 0.01
"""Revival goes on until the stopped trials' summed chance of beating the winner is below."""


@dataclass(frozen=True, slots=True)
class Field:
    """What a trial is compared with: scores by fold, larger better, best trial first."""

    scores: tuple[tuple[float, ...], ...]
    variance: float  # σ², of one score around trial and fold effects
    freedom: int  # degrees of freedom of the variance

    @property
    def incumbent(self) -> tuple[float, ...]:
        return self.scores[0]


def field_of(state: State) -> Field | None:
    """The better half of the complete trials, or None while there are too few."""
    complete = len(state.ranking)
    if complete < MINIMUM or state.splits.folds < 2:
        return None
    count = min(max(2, complete // 2), REFERENCES)
    folds = state.splits.folds
    rows = tuple(
        tuple(signed(state, state.trials[number], folds)) for _, number in state.ranking[:count]
    )
    variance, freedom = spread(rows)
    return Field(rows, variance, freedom)


def spread(rows: Sequence[Sequence[float]]) -> tuple[float, int]:
    """Residual variance of a trials × folds table, and its degrees of freedom."""
    folds = len(rows[0])
    by_trial = [mean(row) for row in rows]
    by_fold = [mean([row[k] for row in rows]) for k in range(folds)]
    centre = mean(by_trial)
    squares = math.fsum(
        (row[k] - by_trial[i] - by_fold[k] + centre) ** 2
        for i, row in enumerate(rows)
        for k in range(folds)
    )
    freedom = (len(rows) - 1) * (folds - 1)
    return squares / freedom, freedom


def chance(field: Field, scores: Sequence[float]) -> float:
    """The probability that a trial with these first scores ends above the incumbent."""
    seen, folds = len(scores), len(field.incumbent)
    difference = mean([s - b for s, b in zip(scores, field.incumbent, strict=False)])
    variance = 2 * field.variance * (folds - seen) / (folds * seen)
    if variance <= 0:
        return 1.0 if difference > 0 else 0.0
    return student(difference / math.sqrt(variance), field.freedom)


def predicted(field: Field, scores: Sequence[float]) -> float:
    """What the mean over all folds would be: the scores with the fold effects taken out."""
    seen = len(scores)
    effect = mean([mean(row) - mean(row[:seen]) for row in field.scores])
    return mean(scores) + effect


def stopped_chances(state: State, field: Field) -> dict[int, float]:
    """For each trial set aside by the pruner: its chance of still beating the winner."""
    chances: dict[int, float] = {}
    for number in sorted(state.aside):
        trial = state.trials[number]
        seen = prefix(trial, state.splits.folds)
        chances[number] = chance(field, signed(state, trial, seen)) if seen else 0.0
    return chances


def student(x: float, freedom: int) -> float:
    """P(T ≤ x) of Student's t, by the regularised incomplete beta function.

    Source: Abramowitz & Stegun 26.7.1, with the normal limit above 200 degrees.
    """
    if freedom > 200:
        return 0.5 * math.erfc(-x / math.sqrt(2))
    tail = 0.5 * _incomplete_beta(freedom / 2, 0.5, freedom / (freedom + x * x))
    return 1 - tail if x > 0 else tail


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """I_x(a, b) by Lentz's continued fraction (DLMF 8.17.22), to about 1e-12."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(b, a, 1 - x)
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    return front * _fraction(a, b, x) / a


def _fraction(a: float, b: float, x: float) -> float:
    tiny, c, d = 1e-300, 1.0, 1 - (a + b) * x / (a + 1)
    d = 1 / (d if abs(d) > tiny else tiny)
    result = d
    for m in range(1, 300):
        for numerator in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 + numerator * d
            d = 1 / (d if abs(d) > tiny else tiny)
            c = 1 + numerator / c
            c = c if abs(c) > tiny else tiny
            result *= c * d
        if abs(c * d - 1) < 1e-13:
            break
    return result
