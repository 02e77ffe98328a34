"""Where the controller and its workers meet: one zero-CPU actor for each launch.

Work goes in by slot, in batches. A worker that holds a slot asks for its next batch while
it runs the one it has, and hands in results with the same call, so that it never waits for
a message. What happened comes out as messages, in order, to one reader. Everything here is
small and quick: the actor's single event loop is its lock.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sweeper.core.records import Checkpoint, RunKey
from sweeper.core.rooms import Slot
from sweeper.execution.sealed import NOTHING, SealedBatch, SealedJob, SealedResults

FIRST = 2.0
"""Seconds a new lease waits for its first batch."""


class Started(NamedTuple):
    """A lease begins a batch."""

    slot: Slot
    lease: int
    keys: tuple[RunKey, ...]


class Ended(NamedTuple):
    """A batch, or the part of it that was begun, gave its results."""

    results: SealedResults


class Dropped(NamedTuple):
    """A run was called back before it began."""

    slot: Slot
    key: RunKey


class Buried(NamedTuple):
    """A lease died with these batches in hand, the one it had begun first."""

    slot: Slot
    lease: int
    hand: tuple[tuple[RunKey, ...], ...]


class Closed(NamedTuple):
    """A lease found no work and gave its slot back."""

    slot: Slot
    lease: int


class Printed(NamedTuple):
    """The end of what a run has printed so far."""

    key: RunKey
    text: str


class Kept(NamedTuple):
    """A run has written a checkpoint. `room`: bytes left in the storage, if known."""

    key: RunKey
    checkpoint: Checkpoint
    room: int | None


class Reported(NamedTuple):
    """A run goes on, and its metric stands so at a step that the controller watches."""

    key: RunKey
    step: int
    value: float


class Push(NamedTuple):
    """Put a batch behind what the slot has."""

    slot: Slot
    batch: SealedBatch


class Recall(NamedTuple):
    """Drop these runs where they wait; those that run are told at their next report."""

    keys: tuple[RunKey, ...]


Message = Started | Ended | Dropped | Buried | Closed | Printed | Kept | Reported


@dataclass(slots=True)
class _Tray:
    """One slot's waiting batches, and those its lease has: the first of them is running."""

    batches: deque[SealedBatch] = field(default_factory=deque)
    hand: deque[SealedBatch] = field(default_factory=deque)
    lease: int = 0  # whose it is; a dead one's question may still be waiting here
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def next(self) -> SealedBatch | None:
        """The batch to give out now. A suspect, run before, is never in hand with another."""
        if not self.batches:
            return None
        coming = self.batches[0].keys[0]
        held = [batch.keys[0] for batch in self.hand]
        if held and any(key.attempt > 1 for key in (coming, *held)):
            return None
        return self.batches.popleft()

    def in_hand(self) -> tuple[tuple[RunKey, ...], ...]:
        """Of the batches in hand."""
        return tuple(batch.keys for batch in self.hand)


class Mailbox:
    """The actor's class. Methods are coroutines; none blocks the others."""

    def __init__(self) -> None:
        self._trays: dict[Slot, _Tray] = {}
        self._stops: set[RunKey] = set()
        self._out: list[Message] = []
        self._printed: dict[RunKey, str] = {}
        self._news = asyncio.Event()
        self._next = 1
        self._early: dict[int, Push | Recall] = {}
        self._sealed: SealedJob | None = None
        self._job: list[Any] = []
        self._held = asyncio.Event()

    async def hold(self, job: SealedJob) -> None:
        """Keep the job for leases to ask for."""
        self._sealed = job
        self._held.set()

    async def job(self) -> list[Any]:
        """A list with the reference to the job, an object of this process: one that the driver
        itself owned would take the driver with it when its node goes. Who asks early waits; who
        asks where there is no room for it gets the error."""
        import ray

        await self._held.wait()
        if not self._job:
            self._job, self._sealed = [ray.put(self._sealed)], None
        return self._job

    async def tell(self, number: int, instruction: Push | Recall) -> None:
        """The controller's instructions, numbered from 1: calls may overtake one another."""
        self._early[number] = instruction
        while self._next in self._early:
            found = self._early.pop(self._next)
            self._next += 1
            if isinstance(found, Push):
                tray = self._tray(found.slot)
                tray.batches.append(found.batch)
                tray.changed.set()
            else:
                self._recall(set(found.keys))

    async def take(
        self, slot: Slot, lease: int, done: SealedResults, linger: float, first: bool = False
    ) -> SealedBatch | None:
        """Hand in results and get a further batch, once there is one.

        None: the lease has nothing in hand and nothing has come for `linger` seconds, or
        somebody else wants its places; end it.
        """
        tray = self._tray(slot)
        if first:
            tray.lease = lease
        self._settle(slot, lease, done)
        while (batch := tray.next()) is None:
            tray.changed.clear()
            patience = max(linger, FIRST if first else 0.0) if not tray.hand else None
            try:
                await asyncio.wait_for(tray.changed.wait(), patience)
            except TimeoutError:
                await self.leave(slot, lease)
            if tray.lease != lease:
                return None
        tray.hand.append(batch)
        if len(tray.hand) == 1:
            self._say(Started(slot, lease, tray.in_hand()[0]))
        return batch

    async def hand_in(self, slot: Slot, lease: int, done: SealedResults) -> None:
        """Results of a batch, by a lease that waits for its next one."""
        self._settle(slot, lease, done)

    async def leave(self, slot: Slot, lease: int) -> None:
        """The lease ends here, in order. What it has not begun goes to the next one."""
        tray = self._tray(slot)
        if tray.lease != lease:
            return
        tray.batches.extendleft(reversed(tray.hand))
        tray.hand.clear()
        tray.lease = 0
        tray.changed.set()
        self._say(Closed(slot, lease))

    async def dismiss(self, slot: Slot, lease: int) -> None:
        """End the lease if it has nothing to do."""
        tray = self._tray(slot)
        if not (tray.hand or tray.batches):
            await self.leave(slot, lease)

    async def report(self, key: RunKey, step: int, heard: float | None = None) -> bool:
        """A running fold has got so far; True: stop now. `heard`: what the controller watches."""
        if heard is not None:
            self._say(Reported(key, step, heard))
        return key in self._stops

    async def checkpointed(self, key: RunKey, checkpoint: Checkpoint, room: int | None) -> None:
        """A running fold can be gone on with from here."""
        self._say(Kept(key, checkpoint, room))

    async def printed(self, key: RunKey, text: str) -> None:
        """A node's agent: what a running fold has printed. Only the latest is kept."""
        self._printed[key] = text
        self._news.set()

    async def bury(self, slot: Slot, lease: int) -> None:
        """The lease is known to be dead: say what it had in hand."""
        tray = self._tray(slot)
        self._say(Buried(slot, lease, tray.in_hand()))
        tray.hand.clear()
        tray.lease = 0
        tray.changed.set()

    async def read(self, wait: float) -> list[Message]:
        """All messages since the last read; waits so many seconds for the first."""
        if not (self._out or self._printed):
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), wait)
            except TimeoutError:
                return []
        found = [*self._out, *(Printed(key, text) for key, text in self._printed.items())]
        self._out = []
        self._printed.clear()
        return found

    def _settle(self, slot: Slot, lease: int, done: SealedResults) -> None:
        if done == NOTHING:
            return
        tray = self._tray(slot)
        self._stops.difference_update(done.keys)
        self._say(Ended(done))
        tray.hand.popleft()
        if tray.hand:
            self._say(Started(slot, lease, tray.in_hand()[0]))
        tray.changed.set()

    def _recall(self, wanted: set[RunKey]) -> None:
        for slot, tray in self._trays.items():
            kept: deque[SealedBatch] = deque()
            for batch in tray.batches:
                for key in batch.keys:
                    if key in wanted:
                        self._say(Dropped(slot, key))
                left = tuple(key for key in batch.keys if key not in wanted)
                if left:
                    kept.append(batch._replace(keys=left))
            tray.batches = kept
            self._stops |= wanted & {key for keys in tray.in_hand() for key in keys}

    def _tray(self, slot: Slot) -> _Tray:
        return self._trays.setdefault(slot, _Tray())

    def _say(self, message: Message) -> None:
        self._out.append(message)
        self._news.set()
