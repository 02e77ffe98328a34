"""Grid search: the cartesian product by number, counted and addressed without building it.

Conditions come from nested `choose:`, so the dimensions form a forest: below each branch of
a `choose:` hang the dimensions that exist only there. Sizes multiply side by side and add
up over branches; the last dimension changes fastest.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from sweeper.core.records import HistoryEntry
from sweeper.core.space import Condition, Dimension, Params, Space, Value
from sweeper.ports import Suggestion
from sweeper.sampling.domains import count, point, position
from sweeper.sampling.history import History


def grid_size(space: Space) -> int | None:
    """Number of points of the whole grid, 1 for an empty space; None when a range is continuous."""
    if any(count(dimension.domain) is None for dimension in space):
        return None
    return _Forest(space).size


class GridSampler:
    """Point = trial number; then the points that no trial has. The space must be finite.

    A number whose point another trial has (one by hand, or one of before an edit of the
    space) takes the first point that none has, and so do numbers past the last point.
    """

    def __init__(self, space: Space) -> None:
        self._forest = _Forest(space)
        self._history = History(space, lambda entry: self._forest.index(entry.params))

    def suggest(self, number: int, history: Sequence[HistoryEntry]) -> Suggestion:
        had = {index for entry, index in self._history.read(history) if entry.number >= 0}
        passed_over = sorted({e.number for e in history if 0 <= e.number < number} - had)
        behind = (index for index in passed_over if index < self._forest.size)
        ahead = (index for index in range(number, self._forest.size) if index not in had)
        own = [number] if number < self._forest.size and number not in had else []
        index = next(itertools.chain(own, behind, ahead), None)
        return Suggestion(None if index is None else self._forest.params(index))


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

    def index(self, params: Params) -> int:
        """The number of the point with these parameters: the inverse of `params`."""
        return self._index_below(None, params)

    def _index_below(self, branch: Condition | None, params: Params) -> int:
        index = 0
        for dimension in self._below.get(branch, []):
            index = index * self._sizes[dimension.name] + self._own_index(dimension, params)
        return index

    def _own_index(self, dimension: Dimension, params: Params) -> int:
        value = params[dimension.name]
        if dimension.name not in self._switches:
            return position(dimension.domain, value)
        before = 0
        for condition, size in self._branches(dimension):
            if condition.branch == value:
                return before + self._index_below(condition, params)
            before += size
        raise ValueError(f"{dimension.name} has no branch {value!r}")

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
