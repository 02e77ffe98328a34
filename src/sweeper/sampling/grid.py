"""Grid search: the cartesian product by number, counted and addressed without building it.

Conditions come from nested `choose:`, so the dimensions form a forest: below each branch of
a `choose:` hang the dimensions that exist only there. Sizes multiply side by side and add
up over branches; the last dimension changes fastest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from sweeper.core.records import HistoryEntry
from sweeper.core.space import Condition, Dimension, Space, Value
from sweeper.ports import Suggestion
from sweeper.sampling.domains import count, point


def grid_size(space: Space) -> int | None:
    """Number of points of the whole grid, 1 for an empty space; None when a range is continuous."""
    if any(count(dimension.domain) is None for dimension in space):
        return None
    return _Forest(space).size


class GridSampler:
    """Point = trial number. Ends after the last one. The space must be finite."""

    def __init__(self, space: Space) -> None:
        self._forest = _Forest(space)

    def suggest(self, number: int, history: Sequence[HistoryEntry]) -> Suggestion:
        if number >= self._forest.size:
            return Suggestion(None)
        return Suggestion(self._forest.params(number))


class _Forest:
    """The dimensions by the branch below which they hang; None for those that always exist."""

    def __init__(self, space: Space) -> None:
        self._space = space
        self._below: dict[Condition | None, list[Dimension]] = {None: []}
        self._sizes: dict[str, int] = {}
        self._switches: set[str] = set()
        order = {dimension.name: i for i, dimension in enumerate(space)}
        for dimension in space:
            nearest = max(dimension.when, key=lambda c: order[c.parameter], default=None)
            self._below.setdefault(nearest, []).append(dimension)
            self._switches.update(condition.parameter for condition in dimension.when)
        for dimension in reversed(space.dimensions):
            self._sizes[dimension.name] = self._dimension_size(dimension)
        self.size = self._product(None)

    def params(self, index: int) -> dict[str, Value]:
        """The parameters of the point numbered `index`, in the order of the space."""
        params: dict[str, Value] = {}
        self._assign(None, index, params)
        return {d.name: params[d.name] for d in self._space if d.name in params}

    def _product(self, branch: Condition | None) -> int:
        return math.prod(self._sizes[d.name] for d in self._below.get(branch, ()))

    def _branches(self, dimension: Dimension) -> list[tuple[Condition, int]]:
        conditions = (
            Condition(dimension.name, point(dimension.domain, i))
            for i in range(count(dimension.domain) or 0)
        )
        return [(condition, self._product(condition)) for condition in conditions]

    def _dimension_size(self, dimension: Dimension) -> int:
        if dimension.name not in self._switches:
            return count(dimension.domain) or 0
        return sum(size for _, size in self._branches(dimension))

    def _assign(self, branch: Condition | None, index: int, params: dict[str, Value]) -> None:
        for dimension in reversed(self._below.get(branch, [])):
            index, own = divmod(index, self._sizes[dimension.name])
            if dimension.name not in self._switches:
                params[dimension.name] = point(dimension.domain, own)
                continue
            for condition, size in self._branches(dimension):
                if own < size:
                    params[dimension.name] = condition.branch
                    self._assign(condition, own, params)
                    break
                own -= size
