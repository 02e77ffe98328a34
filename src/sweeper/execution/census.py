"""What there is room for, as told to the controller."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterable

from sweeper.core.records import Node
from sweeper.core.rooms import Slot
from sweeper.core.stimuli import CapacityChanged
from sweeper.execution import cluster
from sweeper.execution.neighbours import limited
from sweeper.ports import Post

EVERY = 1.0
"""Seconds between two counts."""


class Census:
    """Counts the cluster. Other sweeps use it too: a change is told once it has lasted."""

    def __init__(self, need: dict[str, float], post: Post) -> None:
        self._need, self._post = need, post
        self._counted = 0.0
        self._lock = threading.Lock()
        self._seen: tuple[Node, ...] = ()
        self._dead: set[str] = set()  # Ray may not know yet
        self._told = False
        self.nodes: tuple[Node, ...] = ()
        self.leaving: dict[str, str] = {}  # nodes being taken away, or taken, and why

    def due(self) -> bool:
        return time.monotonic() >= self._counted + EVERY

    def take(self, held: Iterable[Slot], allowed: int | None = None) -> None:
        """Count. `held`: slots whose resources are in use by us. `allowed`: places that may be
        told, as other sweeps want the rest; None: all."""
        self._counted = time.monotonic()
        places = Counter(name for slot in held for name in slot.nodes for _ in range(slot.size))
        found = cluster.count(self._need, places)
        with self._lock:
            self.leaving = found.leaving
            there = (node for node in found.rooms if node.name not in self._dead)
            nodes = limited(there, allowed)
            if not self._told or (nodes == self._seen and nodes != self.nodes):
                self._tell(nodes)
            self._seen = nodes

    def strike(self, node: str) -> None:
        """That node is gone, whatever Ray still counts: nothing more may be sent to it."""
        with self._lock:
            self._dead.add(node)
            if any(known.name == node for known in self.nodes):
                self._tell(tuple(known for known in self.nodes if known.name != node))

    def _tell(self, nodes: tuple[Node, ...]) -> None:
        self._told, self.nodes = True, nodes
        self._post(CapacityChanged(0, nodes))
