"""A domain seen two ways: as numbered points, and as the interval from 0 to 1.

Points number a finite domain 0, 1, … in its own order. The interval carries a domain of
any kind: logarithmic ranges evenly in the logarithm, finite ones with a share for each
point. All values that leave here are inside their domain.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from sweeper.core.space import Domain, Range, Space, Value, Values


def count(domain: Domain) -> int | None:
    """How many points the domain has; None when it is continuous."""
    if not isinstance(domain, Range):
        return len(domain.choices)
    step = spacing(domain)
    if step is None:
        return None
    return math.floor((domain.high - domain.low) / step + 1e-9) + 1


def unordered(domain: Domain) -> bool:
    """Whether no point of the domain is nearer to one than to another."""
    return isinstance(domain, Values) and not domain.ordered


def spacing(domain: Range) -> float | None:
    """The distance between neighbouring points; None when the range is continuous."""
    if domain.step is not None:
        return domain.step
    return 1 if domain.integer else None


def point(domain: Domain, index: int) -> Value:
    """The point numbered `index`, counted from 0, of a finite domain."""
    if not isinstance(domain, Range):
        return domain.choices[index]
    value = min(domain.low + index * (spacing(domain) or 0), domain.high)
    return int(value) if domain.integer else value


def position(domain: Domain, value: Value) -> int:
    """The number of the point nearest to `value`, which must be inside the finite domain."""
    if not isinstance(domain, Range):
        return domain.index(value)
    nearest: int = round((value - domain.low) / (spacing(domain) or 1))
    return min(max(nearest, 0), (count(domain) or 1) - 1)


def from_unit(domain: Domain, unit: float) -> Value:
    """The value at `unit`, 0 ≤ unit ≤ 1."""
    if not isinstance(domain, Range):
        return domain.choices[min(int(unit * len(domain.choices)), len(domain.choices) - 1)]
    low, high = _edges(domain)
    if domain.log:
        value = math.exp(math.log(low) + unit * (math.log(high) - math.log(low)))
    else:
        value = low + unit * (high - low)
    if count(domain) is None:
        return min(max(value, domain.low), domain.high)
    return point(domain, position(domain, value))


def to_unit(domain: Domain, value: Value) -> float:
    """Where `value` lies between 0 and 1: the inverse of `from_unit`."""
    if not isinstance(domain, Range):
        return (domain.index(value) + 0.5) / len(domain.choices)
    low, high = _edges(domain)
    if low == high:
        return 0.5
    if domain.log:
        return math.log(value / low) / math.log(high / low)
    return float((value - low) / (high - low))


def place(space: Space, units: Sequence[float]) -> dict[str, Value]:
    """The parameters at a point of the unit cube, one coordinate a dimension.

    Coordinates of dimensions that do not exist there are left unused.
    """
    params: dict[str, Value] = {}
    for dimension, unit in zip(space, units, strict=True):
        if dimension.exists(params):
            params[dimension.name] = from_unit(dimension.domain, unit)
    return params


def _edges(domain: Range) -> tuple[float, float]:
    """The ends of the interval: half a step beyond the first and last point, if it has any."""
    step = spacing(domain)
    if step is None:
        return domain.low, domain.high
    last = point(domain, (count(domain) or 1) - 1)
    low = domain.low - step / 2
    return (max(low, domain.low / 2) if domain.log else low), last + step / 2
