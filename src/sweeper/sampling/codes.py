"""What Optuna is given for a value: a number it can order, or the number of a choice.

Choices and points of a lattice go by their position, so that lists, dicts and None can be
choices, and a step may stand beside `log` or not divide its range. Choices that are numbers in
order keep that order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from sweeper.core.space import Domain, Range, Value
from sweeper.sampling.domains import count, from_unit, point, position, spacing, to_unit, unordered

Code = int | float

FEW = 16
"""Points of an ordered domain that are searched one by one. More are as good as an interval, in
which the Gaussian process finds its way with gradients: six times as fast."""


@dataclass(frozen=True, slots=True)
class Axis:
    """How a domain goes to Optuna and back. `first`: the lowest code, maybe the only one."""

    distribution: BaseDistribution
    encode: Callable[[Value], Code]
    decode: Callable[[Code], Value]
    first: Code = 0


def axis(domain: Domain) -> Axis:
    """The codes are the numbers of a range, or positions."""
    if isinstance(domain, Range):
        low, high = domain.low, domain.high
        step = spacing(domain)
        if step is None:
            interval = FloatDistribution(low, high, log=domain.log)
            return Axis(interval, float, lambda code: min(max(code, low), high), first=low)
        if domain.integer and step == 1:
            integers = IntDistribution(int(low), int(high), log=domain.log)
            return Axis(integers, int, int, first=int(low))
    return _by_position(domain)


def smooth_axis(domain: Domain) -> Axis:
    """The codes are from 0 to 1, or positions where there are few or they have no order."""
    points = _points(domain)
    if unordered(domain) or (points is not None and points <= FEW):
        return _by_position(domain)
    return Axis(
        FloatDistribution(0.0, 1.0),
        lambda value: to_unit(domain, value),
        lambda code: from_unit(domain, code),
    )


def searched(axes: Mapping[str, Axis]) -> dict[str, BaseDistribution]:
    """The distributions of those that have more than one value."""
    return {n: each.distribution for n, each in axes.items() if not each.distribution.single()}


def _by_position(domain: Domain) -> Axis:
    last = (_points(domain) or 1) - 1
    positions: BaseDistribution = IntDistribution(0, last)
    if unordered(domain):
        positions = CategoricalDistribution(range(last + 1))
    return Axis(
        positions,
        lambda value: position(domain, value),
        lambda code: point(domain, int(code)),
    )


def _points(domain: Domain) -> int | None:
    return 1 if isinstance(domain, Range) and domain.low == domain.high else count(domain)
