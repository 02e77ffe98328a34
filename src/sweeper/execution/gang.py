"""The workers of a gang: long-lived processes that do one fold run after another together.

Rank 0 holds the lease: it asks for work as any lease does, tells the others, and gives one
answer for all. A run that fails on any rank has failed on all; the answer is the failure that
came first, not the broken connections that it left to the others. A gang whose run failed, or
that says it is not clean, is not used again.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sweeper.core.records import Checkpoint, Failure
from sweeper.core.rooms import Slot
from sweeper.core.usage import together
from sweeper.execution import lease
from sweeper.execution.deaths import FOLLOWED
from sweeper.execution.line import Address, Line
from sweeper.execution.notes import Notebook
from sweeper.execution.sealed import Done
from sweeper.ports import TRACE, Order, Rank, Run, RunResult

WARM = 20.0
"""Seconds that a gang without work keeps its places, unless something else wants them."""

GRACE = 3.0
"""Seconds that the other ranks have to end once one has failed."""

SECOND_HAND = (
    "Connection closed by peer",
    "Connection reset by peer",
    "Broken pipe",
    "DistBackendError",
    "DistNetworkError",
    "DistStoreError",
    "NCCL",
    "Timed out waiting",
)
"""What the error of a rank says when another one is the cause."""


@dataclass(frozen=True, slots=True)
class Silent:
    """The channel of a rank that speaks through rank 0."""

    log: str

    def report(self, step: int, metrics: dict[str, float]) -> bool:
        return False

    def checkpointed(self, checkpoint: Checkpoint, room: int | None) -> None:
        """Rank 0 says so."""


class Member:
    """The actor's class: one worker of a gang."""

    def __init__(
        self, run: Run, address: Address, slot: Slot, number: int, launch: str, rank: int
    ) -> None:
        self._run, self._slot, self._number = run, slot, number
        self._notebook = Notebook(launch, number, rank)
        self._line = Line(address)
        self._job, self._gpus = lease.fetch_job(self._line, launch), lease.own_gpus()
        self._mates: Sequence[Any] = ()
        self._store: Any = None

    def follow(self, order: Order) -> RunResult:
        """Do this rank's share of a run."""
        return self._alone(order, Silent(str(self._notebook.log)))

    def lead(self, mates: Sequence[Any], fresh: bool) -> None:
        """Rank 0: work on the slot, with the others, until the mailbox has nothing more.

        `fresh`: one run is enough.
        """
        self._mates = mates
        self._fresh = fresh
        lease.work(self._line, self._slot, self._number, WARM, self._together)
        self._notebook.leave()

    def _alone(self, order: Order, channel: Any) -> RunResult:
        self._notebook.begin(order.key, order.memory, order.timeout)
        result = self._run(self._job, order, channel)
        self._notebook.end()
        return lease.placed(result, self._gpus)

    def _together(self, order: Order) -> tuple[Done, bool]:
        """The run's result, and whether the gang can go on."""
        store = self._store or _meeting(len(self._slot.nodes))
        orders = [replace(order, rank=rank) for rank in ranks(self._slot, store.host, store.port)]
        channel = lease.MailboxChannel(self._line, self._job, order, str(self._notebook.log))
        others = [m.follow.remote(o) for m, o in zip(self._mates, orders[1:], strict=True)]
        watch = Watch(others, self._give_up(order))
        own = self._alone(orders[0], channel)
        results = [own, *watch.finish(failed=isinstance(own.outcome, Failure))]
        answer = combined(results)
        clean = not self._fresh and all(each is not None and sound(each) for each in results)
        self._store = emptied(store) if clean else None
        return (order.key, answer, channel.stopped), clean

    def _give_up(self, order: Order) -> Any:
        """What to do when another rank has failed and this one does not end: answer for it."""

        def answer(failed: RunResult) -> None:
            done = (order.key, combined([failed]), False)
            self._line.call("hand_in", self._slot, self._number, lease.seal([done]))
            self._line.call("leave", self._slot, self._number)
            os._exit(FOLLOWED)

        return answer


class Watch:
    """Waits for the other ranks while this one is at work, on a thread of its own."""

    def __init__(self, others: Sequence[Any], give_up: Any) -> None:
        """`others`: references to their results. `give_up` gets the failure of one that this
        rank does not end after."""
        self._others, self._give_up = list(others), give_up
        self._found: dict[int, RunResult] = {}
        self._own_end = threading.Event()
        self._over = threading.Event()
        self._limit: float | None = None  # nobody is waited for after that
        threading.Thread(target=self._watch, daemon=True).start()

    def finish(self, failed: bool) -> list[RunResult | None]:
        """This rank has ended: the others' results, None for one that does not end."""
        if failed:
            self._shorten()
        self._own_end.set()
        self._over.wait()
        return [self._found.get(rank) for rank in range(len(self._others))]

    def _shorten(self) -> None:
        if self._limit is None:
            self._limit = time.monotonic() + GRACE

    def _watch(self) -> None:
        import ray

        left = {reference: rank for rank, reference in enumerate(self._others)}
        while left and not self._late():
            ready, _ = ray.wait(list(left), num_returns=1, timeout=0.2)
            for reference in ready:
                try:
                    result = ray.get(reference)
                except ray.exceptions.RayError:
                    os._exit(FOLLOWED)  # it died: the agents know how
                self._found[left.pop(reference)] = result
                if isinstance(result.outcome, Failure):
                    self._shorten()
        while not self._own_end.wait(0.1):
            if self._late():
                self._give_up(next(r for r in self._found.values() if _failed(r)))
        self._over.set()

    def _late(self) -> bool:
        return self._limit is not None and time.monotonic() >= self._limit


def _failed(result: RunResult) -> bool:
    return isinstance(result.outcome, Failure)


def sound(result: RunResult) -> bool:
    """Whether the process that gave it can be used again."""
    return not _failed(result) and not result.dirty


def ranks(slot: Slot, host: str, port: int) -> list[Rank]:
    """Each worker's place; nodes are numbered as they come."""
    order = list(dict.fromkeys(slot.nodes))
    seen: dict[str, int] = dict.fromkeys(order, 0)
    found = []
    for rank, node in enumerate(slot.nodes):
        width, there = len(slot.nodes), slot.nodes.count(node)
        found.append(Rank(rank, width, seen[node], there, order.index(node), host, port))
        seen[node] += 1
    return found


def combined(results: Sequence[RunResult | None]) -> RunResult:
    """One answer: rank 0's where all succeeded, else the failure that came first. GPUs and
    usage are those of all."""
    there = [(rank, result) for rank, result in enumerate(results) if result is not None]
    first = there[0][1]
    logs = tuple("" if result is None else result.log for result in results[1:])
    failed = [(rank, result) for rank, result in there if _failed(result)]
    gpus = tuple(gpu for _, result in there for gpu in result.outcome.gpus)
    usage = together([result.outcome.usage for _, result in there])
    if not failed:
        return replace(first, outcome=replace(first.outcome, gpus=gpus, usage=usage), logs=logs)
    rank, worst = min(failed, key=lambda each: _order(each[1]))
    log = first.log
    if worst is not first:
        log = f"{log.partition(TRACE)[0]}{TRACE}\nof rank {rank}{worst.log.partition(TRACE)[2]}"
    return RunResult(replace(worst.outcome, gpus=gpus, usage=usage), log=log, logs=logs)


def _order(result: RunResult) -> tuple[bool, float]:
    """The cause before its consequences, the earlier before the later."""
    failure = result.outcome
    said = f"{failure.error}: {failure.message}" if isinstance(failure, Failure) else ""
    return any(sign in said for sign in SECOND_HAND), failure.seconds


def _meeting(workers: int) -> Any:
    """A store where the ranks of a run find one another, at a free port of this node.

    It lasts as long as the value does.
    """
    import ray
    from torch.distributed import TCPStore

    host = ray.util.get_node_ip_address()
    return TCPStore(host, 0, workers, is_master=True, wait_for_workers=False)


def emptied(store: Any) -> Any:
    """The store as it was before the run, for the next one; None where torch, before 2.10,
    cannot tell what is in it. All ranks must have ended."""
    if not hasattr(store, "list_keys"):
        return None
    for key in store.list_keys():
        store.delete_key(key)
    return store
