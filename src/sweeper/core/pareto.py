"""Several objectives: the trials that no other beats, and the one of them that wins.

One trial beats another when it is at least as good in every objective and better in one.
"""

from __future__ import annotations

from collections.abc import Mapping

from sweeper.core.specs import Metric, SweepSpec

Values = tuple[float, ...]
"""A trial's means over its folds, one for each objective, larger better."""


def beats(one: Values, other: Values) -> bool:
    return one != other and all(a >= b for a, b in zip(one, other, strict=True))


def enter(front: dict[int, Values], trial: int, values: Values) -> None:
    """Put the trial on the front, unless one there beats it; those that it beats leave."""
    if any(beats(there, values) for there in front.values()):
        return
    for number in [n for n, there in front.items() if beats(values, there)]:
        del front[number]
    front[trial] = values


def pick(spec: SweepSpec, front: Mapping[int, Values]) -> int | None:
    """The trial that wins: of those within the limits of `register:` the best by the sweep's
    metric, the earliest of equals. None where none is within.

    No trial that is not on the front could be better: what beats it is within the limits too.
    """
    bounds = [
        (index, metric.goal.sign * limit)
        for index, metric in enumerate(spec.objectives)
        if (limit := _limit(spec, metric)) is not None
    ]
    main = spec.objectives.index(spec.metric)
    within = [
        (-values[main], number)
        for number, values in front.items()
        if all(values[index] >= bound for index, bound in bounds)
    ]
    return min(within)[1] if within else None


def _limit(spec: SweepSpec, metric: Metric) -> float | None:
    return dict(spec.register.within).get(metric.name) if spec.register else None
