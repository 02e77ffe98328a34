"""Where the controller and its workers meet: one zero-CPU actor for each launch.

Work goes in by slot, in batches; a worker that holds a slot hands in what it finished and
takes its next batch in one call. What happened comes out as messages, in order, to one
reader. Everything here is small and quick: the actor's single event loop is its lock.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from sweeper.core.records import RunKey, Slot
from sweeper.ports import Order, RunResult

FIRST = 2.0
"""Seconds a new lease waits for its first batch."""

LINGER = 0.3
"""Seconds a lease keeps its slot without work, so that a quick answer finds it there."""


@dataclass(frozen=True, slots=True)
class Started:
    """A lease took a batch and begins it."""

    slot: Slot
    lease: int
    keys: tuple[RunKey, ...]


@dataclass(frozen=True, slots=True)
class Ended:
    """A run gave its result; `stopped` when it ended early because it was asked to."""

    slot: Slot
    key: RunKey
    result: RunResult
    stopped: bool


@dataclass(frozen=True, slots=True)
class Dropped:
    """A run was called back before it began."""

    slot: Slot
    key: RunKey


@dataclass(frozen=True, slots=True)
class Buried:
    """A lease died with these runs in hand, its whole batch."""

    slot: Slot
    lease: int
    keys: tuple[RunKey, ...]


@dataclass(frozen=True, slots=True)
class Closed:
    """A lease found no work and gave its slot back."""

    slot: Slot
    lease: int


@dataclass(frozen=True, slots=True)
class Push:
    """Put a batch behind what the slot has."""

    slot: Slot
    orders: tuple[Order, ...]


@dataclass(frozen=True, slots=True)
class Recall:
    """Drop these runs where they wait; those that run are told at their next report."""

    keys: tuple[RunKey, ...]


Message = Started | Ended | Dropped | Buried | Closed


@dataclass(slots=True)
class _Desk:
    """One slot's waiting batches and the batch that its lease has taken."""

    batches: deque[tuple[Order, ...]] = field(default_factory=deque)
    taken: tuple[RunKey, ...] = ()
    arrived: asyncio.Event = field(default_factory=asyncio.Event)


class Mailbox:
    """The actor's class. Methods are coroutines; none blocks the others."""

    def __init__(self) -> None:
        self._desks: dict[Slot, _Desk] = {}
        self._stops: set[RunKey] = set()
        self._out: list[Message] = []
        self._news = asyncio.Event()
        self._next = 1
        self._early: dict[int, Push | Recall] = {}

    async def tell(self, number: int, instruction: Push | Recall) -> None:
        """The controller's instructions, numbered from 1: calls may overtake one another."""
        self._early[number] = instruction
        while self._next in self._early:
            found = self._early.pop(self._next)
            self._next += 1
            if isinstance(found, Push):
                desk = self._desk(found.slot)
                desk.batches.append(found.orders)
                desk.arrived.set()
            else:
                self._recall(set(found.keys))

    async def take(
        self,
        slot: Slot,
        lease: int,
        done: Sequence[tuple[RunKey, RunResult, bool]],
        first: bool = False,
    ) -> tuple[Order, ...] | None:
        """Hand in results and get the next batch; None: there is no work, end the lease."""
        desk = self._desk(slot)
        for key, result, stopped in done:
            self._stops.discard(key)
            self._say(Ended(slot, key, result, stopped))
        desk.taken = ()
        if not desk.batches:
            desk.arrived.clear()
            try:
                await asyncio.wait_for(desk.arrived.wait(), FIRST if first else LINGER)
            except TimeoutError:
                self._say(Closed(slot, lease))
                return None
        if not desk.batches:
            self._say(Closed(slot, lease))
            return None
        batch = desk.batches.popleft()
        desk.taken = tuple(order.key for order in batch)
        self._say(Started(slot, lease, desk.taken))
        return batch

    async def report(self, key: RunKey, step: int, metrics: dict[str, float]) -> bool:
        """A running fold's word on its progress; True: stop now."""
        return key in self._stops

    async def bury(self, slot: Slot, lease: int) -> None:
        """The lease is known to be dead: say what it had in hand."""
        desk = self._desk(slot)
        self._say(Buried(slot, lease, desk.taken))
        desk.taken = ()

    async def read(self, wait: float) -> list[Message]:
        """All messages since the last read; waits so many seconds for the first."""
        if not self._out:
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), wait)
            except TimeoutError:
                return []
        found, self._out = self._out, []
        return found

    def _recall(self, wanted: set[RunKey]) -> None:
        for slot, desk in self._desks.items():
            kept: deque[tuple[Order, ...]] = deque()
            for batch in desk.batches:
                for order in batch:
                    if order.key in wanted:
                        self._say(Dropped(slot, order.key))
                left = tuple(order for order in batch if order.key not in wanted)
                if left:
                    kept.append(left)
            desk.batches = kept
            self._stops |= wanted & set(desk.taken)

    def _desk(self, slot: Slot) -> _Desk:
        return self._desks.setdefault(slot, _Desk())

    def _say(self, message: Message) -> None:
        self._out.append(message)
        self._news.set()
