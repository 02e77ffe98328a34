"""Other sweeps on the same cluster: who gives way to whom.

Every launch on a cluster leaves a note in Ray's key-value store, and renews it: what the least
is that it can work with, and whether it is short, which is to hold less than its share while
it has work to send. Who holds more than its share gives the rest back while another one is short: its
runs go on to their end, and no new ones begin in their places. Where two cannot be there at once,
because one fold run of the one takes what the other has, they take turns.

Nothing is taken away from anybody, and a share that nobody wants is anybody's.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Protocol

from sweeper.core.records import Node
from sweeper.execution.cluster import fits

STALE = 15.0
"""Seconds without news after which a neighbour counts no more."""

TURN = 10.0
"""Seconds that a sweep which is short waits for its share; then it is made room for its least."""

PREFIX = "launch:"


class Store(Protocol):
    """Small notes that all launches on the cluster see."""

    def put(self, key: str, value: str) -> None: ...
    def read(self, prefix: str) -> Mapping[str, str]: ...
    def remove(self, key: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Note:
    """`beat` changes with every renewal. `least`: resources of one fold run."""

    beat: int
    short: bool
    least: dict[str, float]


@dataclass(slots=True)
class _Known:
    """A neighbour's last note, when it came, and since when it has been short."""

    note: Note
    heard: float
    short_since: float | None = None


class Neighbours:
    """One launch's view of the others."""

    def __init__(
        self,
        store: Store,
        launch: str,
        need: dict[str, float],
        workers: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`need`: resources of one worker of a fold run, which has so many `workers`."""
        self._store, self._key = store, f"{PREFIX}{launch}"
        self._need, self._workers, self._clock = need, workers, clock
        self._known: dict[str, _Known] = {}
        self._beat = 0

    @property
    def count(self) -> int:
        """How many others there are."""
        return len(self._known)

    def visit(self, held: int, total: Mapping[str, float], wants: bool) -> int | None:
        """Say how this launch stands, hear the others, and say how many places it may have.

        `held`: places that it has now. `total`: the resources of the whole cluster. `wants`:
        it has work for more. None: as many as there are.
        """
        now, whole = self._clock(), fits(self._need, total)
        self._hear(now)
        share = max(whole // (1 + len(self._known)), self._workers)
        self._beat += 1
        least = {name: amount * self._workers for name, amount in self._need.items()}
        note = Note(self._beat, wants and held < min(share, whole), least)
        self._store.put(self._key, json.dumps(asdict(note)))
        return self._allowed(share, total, now)

    def leave(self) -> None:
        self._store.remove(self._key)

    def _hear(self, now: float) -> None:
        found = {k: v for k, v in self._store.read(PREFIX).items() if k != self._key}
        for key, text in found.items():
            note = Note(**json.loads(text))
            known = self._known.get(key)
            if known is None or known.note.beat != note.beat:
                since = known.short_since if known is not None else None
                short_since = (since or now) if note.short else None
                self._known[key] = _Known(note, now, short_since)
        for key, known in list(self._known.items()):
            if now - known.heard >= STALE:
                self._store.remove(key)  # it is put there again by whoever was only slow
            if key not in found or now - known.heard >= STALE:
                del self._known[key]

    def _allowed(self, share: int, total: Mapping[str, float], now: float) -> int | None:
        short = [each for each in self._known.values() if each.short_since is not None]
        if not short:
            return None
        left = dict(total)
        for each in short:
            if now - (each.short_since or now) >= TURN:
                for name, amount in each.note.least.items():
                    left[name] = left.get(name, 0) - amount
        return max(0, min(share, fits(self._need, left)))


def told(count: int) -> str:
    """The number of neighbours, for people."""
    if not count:
        return "no other sweep is on this cluster any more"
    others = "1 other sweep is" if count == 1 else f"{count} other sweeps are"
    return f"{others} on this cluster: who holds more than a share gives way"


def limited(nodes: Iterable[Node], allowed: int | None) -> tuple[Node, ...]:
    """The nodes with at most so many places, the fullest nodes first."""
    if allowed is None:
        return tuple(nodes)
    found = []
    for node in sorted(nodes, key=lambda each: (-each.slots, each.name)):
        places = min(node.slots, allowed)
        allowed -= places
        if places:
            found.append(Node(node.name, places))
    return tuple(sorted(found, key=lambda each: each.name))
