"""What Optuna is given for a value: a number it can order, or the number of a choice.

Choices and points of a lattice go by their position, so that lists, dicts and None can be
choices, and a step may stand beside `log` or not divide its range. Choices that are numbers in
order keep that order.
"""

from __future__ import annotations

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from sweeper.core.space import Domain, Range, Value, Values
from sweeper.sampling.domains import count, point, position, spacing

Code = int | float


def distribution(domain: Domain) -> BaseDistribution:
    """Optuna's distribution of the domain's codes."""
    if isinstance(domain, Values):
        last = len(domain.choices) - 1
        if domain.ordered:
            return IntDistribution(0, last)
        return CategoricalDistribution(range(last + 1))
    step = spacing(domain)
    if step is None:
        return FloatDistribution(domain.low, domain.high, log=domain.log)
    if domain.integer and step == 1:
        return IntDistribution(int(domain.low), int(domain.high), log=domain.log)
    return IntDistribution(0, (count(domain) or 1) - 1)


def encode(domain: Domain, value: Value) -> Code:
    """The code of a value that is inside the domain."""
    if _by_position(domain):
        return position(domain, value)
    return value  # type: ignore[no-any-return]


def decode(domain: Domain, code: Code) -> Value:
    """The value of a code, inside the domain."""
    if not isinstance(domain, Range) or _by_position(domain):
        return point(domain, int(code))
    value = min(max(code, domain.low), domain.high)
    return int(value) if domain.integer else value


def first_code(domain: Domain) -> Code:
    """The lowest code: the only one of a domain with a single value."""
    return 0 if not isinstance(domain, Range) or _by_position(domain) else domain.low


def _by_position(domain: Domain) -> bool:
    if not isinstance(domain, Range):
        return True
    return domain.step is not None and not (domain.integer and domain.step == 1)
