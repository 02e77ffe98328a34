"""A worker among the others that do the same run, and how they agree.

They agree over the run's store and not over the process group: that one belongs to user code,
which may replace or end it, and a collective of ours must never meet one of theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from sweeper.ports import Rank
from sweeper.worker.variables import ALONE

TIMEOUT = timedelta(minutes=30)
"""How long ranks wait for one another: as long as torch does with gloo."""

ENDED, ANSWER = b"ended", b"="
"""What a rank leaves in place of what it would bring, and how an answer of rank 0 begins."""

Decide = Callable[[Sequence[bytes]], bytes]


class GangBroken(RuntimeError):
    """Another worker of this run has ended, or is somewhere else in the user's code."""


class Gang:
    """This worker's place. Without a store it is alone: what it brings is what all bring."""

    def __init__(self, place: Rank | None = None, store: Any = None) -> None:
        at = place or ALONE
        self.rank, self.world_size = at.rank, at.world_size
        self.local_rank, self.local_world_size = at.local_rank, at.local_world_size
        self._store = store
        self._turn = -1

    def agree(self, what: str, mine: bytes, decide: Decide) -> bytes:
        """The answer of rank 0's `decide` to what all ranks bring, in their order.

        Every rank calls this, `what` being the same: GangBroken where they differ, or where
        one has ended.
        """
        self._turn += 1
        if self.rank > 0:
            self._store.set(self._key(self.rank), what.encode() + b"\n" + mine)
            return self._awaited(0, what)[len(ANSWER) :]
        answer = ENDED
        try:
            brought = [mine, *(self._brought(rank, what) for rank in range(1, self.world_size))]
            answer = ANSWER + decide(brought)
        finally:
            if self._store is not None:
                self._store.delete_key(f"{self._turn - 1}/0")  # all that are here have read it
                self._store.set(self._key(0), answer)
        return answer[len(ANSWER) :]

    def end(self) -> None:
        """Tell those who wait for this worker, now or later, that it comes no more."""
        self._turn += 1
        if self._store is not None:
            self._store.set(self._key(self.rank), ENDED)

    def _key(self, rank: int) -> str:
        return f"{self._turn}/{rank}"

    def _brought(self, rank: int, what: str) -> bytes:
        value = self._awaited(rank, what)
        self._store.delete_key(self._key(rank))
        theirs, _, brought = value.partition(b"\n")
        if theirs.decode() != what:
            raise GangBroken(
                f"rank {rank} is at {theirs.decode()}, rank 0 at {what}: all ranks must call "
                "report, checkpoint and resume of the trial in the same order, with the same steps"
            )
        return brought

    def _awaited(self, rank: int, what: str) -> bytes:
        from torch.distributed import DistStoreError

        try:
            value = bytes(self._store.get(self._key(rank)))
        except DistStoreError:
            raise GangBroken(f"rank {rank} did not come to {what} within {TIMEOUT}") from None
        if value == ENDED:
            raise GangBroken(
                f"rank {rank} has ended, while rank {self.rank} is at {what}: every rank must "
                "call it"
            )
        return value
