"""Where there is room: workers' places on nodes, and how a gang is laid over them."""

from __future__ import annotations

import bisect
import heapq
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


class Slot(NamedTuple):
    """Where one fold run at a time is done. `mates`: the nodes of a gang's ranks from 1 on;
    `size`: the places on its node that each worker takes."""

    node: str
    index: int  # type: ignore[assignment]  # among the slots of the node, not tuple's method
    mates: tuple[str, ...] = ()
    size: int = 1

    @property
    def nodes(self) -> tuple[str, ...]:
        """Each worker's node, by rank."""
        return (self.node, *self.mates)

    @property
    def places(self) -> int:
        """How many it takes on all its nodes together."""
        return self.size * (1 + len(self.mates))


@dataclass(slots=True)
class Free:
    """The nodes that have places which nobody has, those with the most first, then by name.

    A node is found by bisection, so that a decision costs little on a thousand nodes.
    """

    left: dict[str, int] = field(default_factory=dict)
    order: list[tuple[int, str]] = field(default_factory=list)  # places, negative, and node

    @classmethod
    def of(cls, left: Mapping[str, int]) -> Free:
        """Of these nodes, each with at least one place."""
        return cls(dict(left), sorted((-places, name) for name, places in left.items()))

    def without(self, names: set[str]) -> Free:
        """A copy without these nodes."""
        found = Free(self.left.copy(), self.order.copy())
        for name in names:
            found.put(name, 0)
        return found

    def put(self, name: str, left: int) -> None:
        """So many places the node has now."""
        before = self.left.pop(name, None)
        if before is not None:
            del self.order[bisect.bisect_left(self.order, (-before, name))]
        if left > 0:
            self.left[name] = left
            bisect.insort(self.order, (-left, name))

    def tightest(self, places: int) -> str | None:
        """The node with the fewest places of those that have so many."""
        enough = bisect.bisect_left(self.order, (1 - places, ""))
        if not enough:
            return None
        least = self.order[enough - 1][0]
        return self.order[bisect.bisect_left(self.order, (least, ""))][1]

    def roomiest(self) -> Iterator[tuple[str, int]]:
        """Node and places, the most places first."""
        return ((name, -places) for places, name in self.order)

    def __bool__(self) -> bool:
        return bool(self.order)


@dataclass(slots=True)
class Rooms:
    """The places that nobody has, by node. Changed by `evolve` only.

    A node that is no longer there has no room; what still runs on it is remembered.
    """

    nodes: dict[str, int] = field(default_factory=dict)  # places in all
    taken: Counter[str] = field(default_factory=Counter)
    free: Free = field(default_factory=Free)
    indices: dict[str, set[int]] = field(default_factory=dict)  # of slots, by leader's node
    open: int = 0  # the sum of what is free
    total: int = 0  # the sum of `nodes`

    def see(self, nodes: Mapping[str, int]) -> None:
        """These are the nodes from now on, with so many places each."""
        self.nodes = dict(nodes)
        self.total = sum(nodes.values())
        self.free = Free()
        self.open = 0
        for name in nodes:
            self._count(name)

    def take(self, slot: Slot) -> None:
        """Its workers take their places."""
        self.indices.setdefault(slot.node, set()).add(slot.index)
        self._move(slot, slot.size)

    def leave(self, slot: Slot) -> None:
        """They give them back."""
        self.indices[slot.node].discard(slot.index)
        self._move(slot, -slot.size)

    def _move(self, slot: Slot, places: int) -> None:
        for name in slot.nodes:
            self.taken[name] += places
            if not self.taken[name]:
                del self.taken[name]
            self._count(name)

    def _count(self, name: str) -> None:
        left = max(0, self.nodes.get(name, 0) - self.taken[name])
        self.open += left - self.free.left.get(name, 0)
        self.free.put(name, left)


@dataclass(frozen=True, slots=True)
class Shape:
    """What a fold run takes: `least` to `most` workers, each `size` places on one node."""

    least: int = 1
    most: int = 1
    size: int = 1
    spread: bool = False

    def placed(self, free: Free, sharing: int = 1) -> tuple[str, ...] | None:
        """Each worker's node, None where there is no room. As many workers as there is room
        for when `sharing` runs share it."""
        if self.least == self.most == 1:
            return packed(free, 1, self.size)
        workers = self.least
        if self.most > self.least:
            room = sum(left // self.size for left in free.left.values())
            workers = max(self.least, min(self.most, room // max(1, sharing)))
        return (spread if self.spread else packed)(free, workers, self.size)

    def awaited(self, rooms: Rooms, free: Free) -> list[str]:
        """The nodes that should drain for it: those with most room left, as many as it needs.

        What is left there only grows while nothing is sent to them, so it will be enough.
        """
        found: list[str] = []
        workers = 0
        for name, _ in free.roomiest():
            if workers >= self.least:
                break
            there = rooms.nodes[name] // self.size
            if there:
                found.append(name)
                workers += there
        return found


def packed(free: Free, workers: int, size: int) -> tuple[str, ...] | None:
    """Each worker's node: all on the fullest node that has room for all, else on the fewest
    nodes. None where there is not enough room."""
    enough = free.tightest(workers * size)
    if enough is not None:
        return (enough,) * workers
    found: list[str] = []
    for name, left in free.roomiest():
        there = min(left // size, workers - len(found))
        if not there:
            break
        found += [name] * there
    return tuple(found) if len(found) == workers else None


def spread(free: Free, workers: int, size: int) -> tuple[str, ...] | None:
    """Each worker's node: one on each node, those with most room first, then a second round."""
    heap = [(0, -left, name) for name, left in free.left.items() if left >= size]
    heapq.heapify(heap)
    found: list[str] = []
    while heap and len(found) < workers:
        there, left, name = heapq.heappop(heap)
        found.append(name)
        if -left >= 2 * size:
            heapq.heappush(heap, (there + 1, left + size, name))
    return tuple(sorted(found)) if len(found) == workers else None
