"""The search space, and the tree of values that a trial's parameters are put into.

A `Space` is flat: a tuple of named dimensions, parents before children, each with the
conditions under which it exists. A `Node` tree says where those named values go in an
estimator or a training function. Both are made by `config`, used by `sampling` (the
space) and by `worker` (the tree).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

Value = Any
"""A value a config may hold: None, bool, int, float, str, or a list or dict of those."""

Params = Mapping[str, Value]
"""A trial's searched parameters by dotted name; only the dimensions that exist for it."""


@dataclass(frozen=True, slots=True)
class Range:
    """A closed interval. `integer` yields ints, `step` a lattice that starts at `low`."""

    low: float
    high: float
    log: bool = False
    integer: bool = False
    step: float | None = None

    def contains(self, value: Value) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        if self.integer and value != int(value):
            return False
        return math.isfinite(value) and self.low <= value <= self.high

    def grid(self) -> tuple[float, ...] | None:
        """Every point of a finite range, or None when the range is continuous."""
        if self.log and self.step is None and not self.integer:
            return None
        step = self.step if self.step is not None else (1 if self.integer else None)
        if step is None:
            return None
        count = math.floor((self.high - self.low) / step + 1e-9) + 1
        points = (min(self.low + i * step, self.high) for i in range(count))
        return tuple(int(p) if self.integer else p for p in points)


@dataclass(frozen=True, slots=True)
class Values:
    """A finite set of choices, kept in the order written."""

    choices: tuple[Value, ...]

    def contains(self, value: Value) -> bool:
        return any(same(value, choice) for choice in self.choices)

    def index(self, value: Value) -> int:
        """Position of `value`; ValueError when it is not a choice."""
        for i, choice in enumerate(self.choices):
            if same(value, choice):
                return i
        raise ValueError(f"{value!r} is none of {list(self.choices)!r}")

    def grid(self) -> tuple[Value, ...]:
        return self.choices

    @property
    def ordered(self) -> bool:
        """Numbers that only rise, or only fall: those beside one another are alike.

        Not so whole numbers one by one, as 0, 1, 2: they may be names, and who means a range
        of them writes one.
        """
        if not all(_number(choice) for choice in self.choices):
            return False
        gaps = [b - a for a, b in pairwise(self.choices)]
        names = all(gap in (1, -1) for gap in gaps)
        return not names and (min(gaps) > 0 or max(gaps) < 0)


Domain = Range | Values


def same(a: Value, b: Value) -> bool:
    """Equality that keeps True apart from 1 and 1 apart from 1.0 only where types matter."""
    if isinstance(a, bool) != isinstance(b, bool):
        return False
    return (type(a) is type(b) and a == b) or (_number(a) and _number(b) and a == b)


def _number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@dataclass(frozen=True, slots=True)
class Condition:
    """Holds when the `choose:` dimension `parameter` took `branch`."""

    parameter: str
    branch: str


@dataclass(frozen=True, slots=True)
class Dimension:
    """One searched parameter. It exists for a trial when every condition in `when` holds."""

    name: str
    domain: Domain
    when: tuple[Condition, ...] = ()

    def exists(self, params: Params) -> bool:
        return all(params.get(c.parameter) == c.branch for c in self.when)


@dataclass(frozen=True, slots=True)
class Space:
    """All dimensions, each after those its conditions name."""

    dimensions: tuple[Dimension, ...] = ()

    def __iter__(self) -> Iterator[Dimension]:
        return iter(self.dimensions)

    def __len__(self) -> int:
        return len(self.dimensions)

    def conditional(self) -> bool:
        return any(d.when for d in self.dimensions)

    def contains(self, params: Params) -> bool:
        """True when `params` has exactly the dimensions that exist, each inside its domain."""
        expected = {d.name: d.domain for d in self.dimensions if d.exists(params)}
        return expected.keys() == params.keys() and all(
            domain.contains(params[name]) for name, domain in expected.items()
        )


@dataclass(frozen=True, slots=True)
class Fixed:
    """A plain value from the config."""

    value: Value


@dataclass(frozen=True, slots=True)
class Searched:
    """The value of the dimension `name` in the trial's parameters."""

    name: str


@dataclass(frozen=True, slots=True)
class Object:
    """An instance of the importable class or factory `path`, built from `parameters`."""

    path: str
    parameters: tuple[tuple[str, Node], ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """The branch that the dimension `name` took."""

    name: str
    branches: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True)
class Items:
    """A list whose members may be objects, as the steps of a Pipeline."""

    nodes: tuple[Node, ...]


Node = Fixed | Searched | Object | Choice | Items
