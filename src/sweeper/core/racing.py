"""Racing: stop a trial once it is unlikely to beat the incumbent on the folds still to come.

Folds are paired: fold k has the same rows for every trial. A score is taken as trial effect
+ fold effect + residual, a two-way layout, so that trials with different folds can be
compared. From a pool of complete trials come

    f_k   how hard fold k is: the pool's mean score on it
    σ²    the variance of a residual: squared residuals over (n - 1)(K - 1)

With j of K folds seen, a trial's mean over all of them is then predicted as

    mean of its scores - mean of f_1 … f_j + mean of f_1 … f_K

and the error of that has the variance σ² (1 + 1/n) (K - j) / (K j): its residuals seen and
unseen, and those of the pool of n. The incumbent's own mean is known and has no error: its
luck on single folds is not in the comparison. A trial may be noisier than the pool, or of
another kind, so that folds are hard for it in another order: its own squared residuals are
pooled with those of the pool. The error over its deviation follows Student's t with the
degrees of freedom of σ², which is wide while the pool is small; so little is stopped then,
without a rule for it.

The method is that of racing algorithms (Maron & Moore 1994; Birattari et al. 2002, F-Race)
with a predictive rather than a significance test. What was measured, and what was tried
and did not help, is in `docs/racing.md`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sweeper.core.records import State
from sweeper.core.scoring import mean, signed

REFERENCES = 16
"""Complete trials in the pool, evenly from the best to the worst: enough for FREEDOM with
three folds, and a bound on what a decision costs. The best alone will not do: they tend to
be of one kind, agree with one another, and make σ too small for a trial of another kind."""

FREEDOM = 20
"""Degrees of freedom, at most, with which the pool speaks about another trial's σ. The number
of trials makes the pool's σ exact, but not the other trial like the pool; with 20, σ is known
to 16 %, and a trial's own residuals are heard."""

MINIMUM = 3
"""Complete trials before anything is stopped: the fewest of which no single trial decides
what a residual is. That they say little is in the degrees of freedom."""

RESIDUE = 0.01
"""Revival goes on until the stopped trials' summed chance of beating the winner is below:
what may be left of the chance that racing names the wrong winner."""

SAME = 1e-12
"""Means that differ by less, relative to their size, are one number rounded differently."""


@dataclass(frozen=True, slots=True)
class Field:
    """What a trial is compared with, larger better."""

    best: float  # the incumbent's mean over all folds
    profile: tuple[float, ...]  # f_k, by fold
    variance: float  # σ² (1 + 1/n): of one score around trial and fold effect, predicted
    freedom: int  # degrees of freedom that the variance is given


def field_of(state: State) -> Field | None:
    """The pool of complete trials as a field, or None while there are too few."""
    folds, complete = state.splits.folds, len(state.ranking)
    if complete < MINIMUM or folds < 2:
        return None
    count = min(complete, REFERENCES)
    pool = (state.ranking[i * complete // count][1] for i in range(count))
    return field([signed(state, state.trials[n], folds) for n in pool])


def field(rows: Sequence[Sequence[float]]) -> Field:
    """The field of complete trials, best first: trials × folds, at least two of each."""
    variance, freedom = spread(rows)
    profile = tuple(sum(column) / len(rows) for column in zip(*rows, strict=True))
    return Field(mean(rows[0]), profile, variance * (1 + 1 / len(rows)), min(freedom, FREEDOM))


def spread(rows: Sequence[Sequence[float]]) -> tuple[float, int]:
    """Residual variance of a trials × folds table, and its degrees of freedom."""
    folds = len(rows[0])
    by_fold = [sum(column) / len(rows) for column in zip(*rows, strict=True)]
    centre = sum(by_fold) / folds
    squares = 0.0
    for row in rows:
        effect = sum(row) / folds - centre
        for score, fold in zip(row, by_fold, strict=True):
            squares += (score - fold - effect) ** 2
    freedom = (len(rows) - 1) * (folds - 1)
    return squares / freedom, freedom


def predicted(field: Field, scores: Sequence[float]) -> float:
    """What the mean over all folds would be: the scores with the fold effects taken out."""
    seen, folds = len(scores), len(field.profile)
    return sum(scores) / seen + sum(field.profile) / folds - sum(field.profile[:seen]) / seen


def chance(field: Field, scores: Sequence[float]) -> float:
    """The probability that a trial with these first scores ends above the incumbent.

    Scores without any spread leave no doubt: then, as after the last fold, it is 0 or 1.
    """
    seen, folds = len(scores), len(field.profile)
    difference = predicted(field, scores) - field.best
    residuals = [s - f for s, f in zip(scores, field.profile, strict=False)]
    centre = sum(residuals) / seen
    squares = sum((r - centre) ** 2 for r in residuals)
    freedom = field.freedom + seen - 1
    variance = (field.freedom * field.variance + squares) / freedom
    deviation = math.sqrt(variance * (folds - seen) / (folds * seen))
    rounding = SAME * max(abs(field.best), *map(abs, field.profile))
    if deviation <= rounding:
        return 1.0 if difference > rounding else 0.0
    return student(difference / deviation, freedom)


def revivals(state: State, field: Field) -> list[tuple[int, float]]:
    """Trials to take up again, with their chances, likeliest first.

    So many that the chances of all other stopped trials sum to less than RESIDUE.
    """
    chances = sorted((_stopped_chance(state, field, n), -n) for n in state.aside)
    rest, kept = 0.0, 0
    for found, _ in chances:
        rest += found
        if rest >= RESIDUE:
            break
        kept += 1
    return [(-negative, found) for found, negative in reversed(chances[kept:])]


def _stopped_chance(state: State, field: Field, number: int) -> float:
    """By the folds that it was stopped after. What has come in since is looked at once it is
    revived: how much that is depends on how many ran side by side."""
    trial = state.trials[number]
    return chance(field, signed(state, trial, trial.judged)) if trial.judged else 0.0


def student(x: float, freedom: int) -> float:
    """P(T ≤ x) of Student's t, to about 1e-9.

    By the regularised incomplete beta function (Abramowitz & Stegun 26.7.1). Where the
    simple bound I_y(a, 1/2) ≤ y^a says that the tail is below 1e-12, the bound is taken:
    most stopped trials are that far off.
    """
    y = freedom / (freedom + x * x)
    bound = 0.5 * y ** (freedom / 2)
    tail = bound if bound < 1e-12 else 0.5 * _incomplete_beta(freedom / 2, 0.5, y)
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
