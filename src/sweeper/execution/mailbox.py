"""Where the controller and its workers meet, in the launching process.

Work goes in by slot, in batches. A worker that holds a slot asks for its next batch while
it runs the one it has, and hands in results with the same call, so that it never waits for
a message. What happened comes out as messages, in order, to one reader. Everything here is
small and quick: the single event loop it lives on is its lock.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from sweeper.core.records import Checkpoint, RunKey
from sweeper.core.rooms import Slot
from sweeper.execution import keeper
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
    """The coroutines are for workers, the other methods for the controller. None blocks."""

    def __init__(self, job: SealedJob, say: Callable[[Message], None]) -> None:
        """`say` gets the messages, and must not block either."""
        self._job, self._say = job, say
        self._trays: dict[Slot, _Tray] = {}
        self._stops: set[RunKey] = set()

    async def job(self, anyway: bool) -> SealedJob | None:
        """What all runs share; None where its keeper has it, unless it is wanted anyway."""
        return self._job if anyway or not keeper.wanted(self._job) else None

    def push(self, slot: Slot, batch: SealedBatch) -> None:
        """Put a batch behind what the slot has."""
        tray = self._tray(slot)
        tray.batches.append(batch)
        tray.changed.set()

    def recall(self, keys: Iterable[RunKey]) -> None:
        """Drop these runs where they wait; those that run are told at their next report."""
        wanted = set(keys)
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
                self._leave(slot, lease)
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
        """The lease ends here, in order."""
        self._leave(slot, lease)

    def dismiss(self, slot: Slot, lease: int) -> None:
        """End the lease if it has nothing to do."""
        tray = self._tray(slot)
        if not (tray.hand or tray.batches):
            self._leave(slot, lease)

    async def report(self, key: RunKey, step: int, heard: float | None = None) -> bool:
        """A running fold has got so far; True: stop now. `heard`: what the controller watches."""
        if heard is not None:
            self._say(Reported(key, step, heard))
        return key in self._stops

    async def checkpointed(self, key: RunKey, checkpoint: Checkpoint, room: int | None) -> None:
        """A running fold can be gone on with from here."""
        self._say(Kept(key, checkpoint, room))

    async def printed(self, key: RunKey, text: str) -> None:
        """A node's agent: what a running fold has printed."""
        self._say(Printed(key, text))

    def bury(self, slot: Slot, lease: int) -> None:
        """The lease is known to be dead: say what it had in hand."""
        tray = self._tray(slot)
        self._say(Buried(slot, lease, tray.in_hand()))
        tray.hand.clear()
        tray.lease = 0
        tray.changed.set()

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

    def _leave(self, slot: Slot, lease: int) -> None:
        """What the lease has not begun goes to the next one."""
        tray = self._tray(slot)
        if tray.lease != lease:
            return
        tray.batches.extendleft(reversed(tray.hand))
        tray.hand.clear()
        tray.lease = 0
        tray.changed.set()
        self._say(Closed(slot, lease))

    def _tray(self, slot: Slot) -> _Tray:
        return self._trays.setdefault(slot, _Tray())
