"""Runs orders on Ray. A slot is held by a lease: a task that takes batch after batch.

A lease is an ordinary Ray task with the resources of one fold run, placed on the slot's
node. It asks the mailbox for work and ends when there is none, so that between two folds
there is one call to an actor and not a new task, while nothing ever waits in Ray's own
queue. When a lease dies with several runs in hand, nobody knows which one did it: all go
back uncharged, and the core sends each alone the next time. Two threads listen: one to the mailbox, one to leases that end or die, to deadlines
and to the cluster's capacity. Neither waits for the controller.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sweeper.core.records import Failure, FailureKind, Node, RunKey, Slot
from sweeper.core.specs import Resources
from sweeper.core.stimuli import CapacityChanged, RunCancelled, StopRequested
from sweeper.execution import cluster, lease
from sweeper.execution.inline import Keep
from sweeper.execution.mailbox import (
    Buried,
    Closed,
    Dropped,
    Ended,
    Mailbox,
    Message,
    Push,
    Recall,
    Started,
)
from sweeper.ports import Job, Order, Post, Run, RunResult

LOOK = 0.1
"""Seconds between two looks at leases and deadlines."""

COUNT = 1.0
"""Seconds between two counts of the cluster's capacity."""

BARREN = 5
"""So many leases in a row that died before any run began end the launch."""


@dataclass(slots=True)
class _Lease:
    """A task that holds a slot, and the batch it is at."""

    number: int
    slot: Slot
    reference: Any
    keys: tuple[RunKey, ...] = ()
    deadline: float | None = None
    cause: Failure | None = None  # what its death means for the run it was at
    called_back: bool = False  # killed because its runs were cancelled


@dataclass(slots=True)
class _Sent:
    """An order under way: its slot owes an outcome. `kill_at`: it was called back."""

    slot: Slot
    timeout: float | None
    kill_at: float | None = None


class RayExecutor:
    """The executor port on Ray tasks."""

    def __init__(
        self, job: Job, run: Run, keep: Keep, resources: Resources, address: str | None = None
    ) -> None:
        """`keep` stores what a run leaves; it is called on a thread of this executor."""
        self._job, self._run, self._keep = job, run, keep
        self._need = cluster.demand(resources)
        self._address = address
        self._lock = threading.RLock()
        self._leases: dict[Slot, _Lease] = {}
        self._sent: dict[RunKey, _Sent] = {}
        self._numbers = itertools.count(1)
        self._told = itertools.count(1)
        self._nodes: tuple[Node, ...] = ()
        self._seen: tuple[Node, ...] = ()
        self._counted = 0.0
        self._barren = 0
        self._closing = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, post: Post) -> None:
        """Start or join Ray, ship the job, and say what there is room for.

        ClusterError when no node could ever run a fold.
        """
        self._post = post
        local = cluster.connect(self._address, Path(self._job.directory))
        import ray

        self._ray: Any = ray
        problem = cluster.impossible(self._need)
        if problem:
            cluster.disconnect()
            raise cluster.ClusterError(problem)
        self._holds = [ray.put(cluster.moved(self._job, local))]
        self._mailbox: Any = self._ray.remote(num_cpus=0, max_concurrency=1000)(Mailbox).remote()
        self._serve: Any = self._ray.remote(max_retries=0, max_calls=0)(lease.serve)
        self._count()
        for work in (self._listen, self._watch):
            thread = threading.Thread(target=self._guard, args=(work,), daemon=True)
            thread.start()
            self._threads.append(thread)

    def dispatch(self, slot: Slot, orders: Sequence[Order]) -> None:
        with self._lock:
            for order in orders:
                self._sent[order.key] = _Sent(slot, order.timeout)
            self._mailbox.tell.remote(next(self._told), Push(slot, tuple(orders)))
            if slot not in self._leases:
                self._hire(slot)

    def cancel(self, runs: Sequence[RunKey], grace: float) -> None:
        with self._lock:
            for key in runs:
                if key in self._sent:
                    self._sent[key].kill_at = time.monotonic() + grace
            self._mailbox.tell.remote(next(self._told), Recall(tuple(runs)))

    def close(self) -> None:
        """End what still runs and leave the cluster."""
        self._closing.set()
        with self._lock:
            for held in self._leases.values():
                self._ray.cancel(held.reference, force=True)
        for thread in self._threads:
            thread.join(timeout=5)
        if self._threads:
            self._ray.kill(self._mailbox)
            cluster.disconnect()

    # --- threads ----------------------------------------------------------------------

    def _guard(self, work: Callable[[], None]) -> None:
        """Repeat `work` until the executor closes; a cluster that is gone ends the launch."""
        while not self._closing.is_set():
            try:
                work()
            except Exception as error:
                if not self._closing.is_set():
                    self._lose_everything(f"the cluster is gone: {cluster.said(error)}")
                return

    def _listen(self) -> None:
        messages: list[Message] = self._ray.get(self._mailbox.read.remote(LOOK * 5))
        for message in messages:
            with self._lock:
                _HEAR[type(message)](self, message)

    def _watch(self) -> None:
        with self._lock:
            running = {held.reference: held for held in self._leases.values() if not held.cause}
        if running:
            gone, _ = self._ray.wait(list(running), num_returns=1, timeout=LOOK)
            for reference in gone:
                self._look_at(running[reference])
        self._closing.wait(LOOK)
        with self._lock:
            self._enforce(time.monotonic())
        self._count()

    def _count(self) -> None:
        """Tell the controller what there is room for, where it changed and stays so."""
        now = time.monotonic()
        if self._nodes and now < self._counted + COUNT:
            return
        self._counted = now
        with self._lock:
            held: dict[str, int] = {}
            for slot in self._leases:
                held[slot.node] = held.get(slot.node, 0) + 1
        nodes = cluster.rooms(self._need, held)
        if not self._nodes or (nodes == self._seen and nodes != self._nodes):
            self._nodes = nodes
            self._post(CapacityChanged(0, nodes))
        self._seen = nodes

    # --- leases -----------------------------------------------------------------------

    def _hire(self, slot: Slot) -> None:
        number = next(self._numbers)
        task = self._serve.options(**cluster.placed(slot.node, self._need))
        reference = task.remote(self._holds, self._run, self._mailbox, slot, number)
        self._leases[slot] = _Lease(number, slot, reference)

    def _look_at(self, held: _Lease) -> None:
        """A lease's task has ended: an orderly end says so itself, a death is buried."""
        try:
            self._ray.get(held.reference)
        except Exception as error:
            with self._lock:
                held.cause = held.cause or cluster.cause_of_death(error)
            self._mailbox.bury.remote(held.slot, held.number)

    def _enforce(self, now: float) -> None:
        """Kill leases whose batch is past its time, or was called back and does not go."""
        for held in list(self._leases.values()):
            orders = [self._sent[key] for key in held.keys if key in self._sent]
            if held.called_back or held.cause or not orders:
                continue
            if all(o.kill_at is not None and now >= o.kill_at for o in orders):
                held.called_back = True
                self._ray.cancel(held.reference, force=True)
            elif held.deadline is not None and now >= held.deadline:
                message = f"no result {orders[0].timeout:g} s after it began"
                held.cause = Failure(FailureKind.TIMEOUT, "Timeout", message, "timeout")
                self._ray.cancel(held.reference, force=True)
                self._mailbox.bury.remote(held.slot, held.number)

    def _go_on(self, slot: Slot, number: int) -> None:
        """The lease is over. What the slot still owes goes to a new one."""
        held = self._leases.get(slot)
        if held is None or held.number != number:
            return
        del self._leases[slot]
        if any(order.slot == slot for order in self._sent.values()):
            self._hire(slot)

    # --- messages ---------------------------------------------------------------------

    def _started(self, message: Started) -> None:
        held = self._leases.get(message.slot)
        self._barren = 0
        if held is None or held.number != message.lease:
            return
        held.keys = message.keys
        orders = [self._sent[key] for key in held.keys if key in self._sent]
        times = [order.timeout for order in orders if order.timeout is not None]
        held.deadline = time.monotonic() + sum(times) if times else None

    def _ended(self, message: Ended) -> None:
        if self._sent.pop(message.key, None) is None:
            return
        if message.stopped:
            self._post(RunCancelled(0, message.key))
        else:
            self._post(self._keep(message.key, message.result))

    def _dropped(self, message: Dropped) -> None:
        if self._sent.pop(message.key, None) is not None:
            self._post(RunCancelled(0, message.key))

    def _closed(self, message: Closed) -> None:
        self._go_on(message.slot, message.lease)

    def _buried(self, message: Buried) -> None:
        held = self._leases.get(message.slot)
        if held is None or held.number != message.lease:
            return
        cause = held.cause or Failure(FailureKind.LOST, "WorkerDied", "its process died", "lost")
        if not message.hand and not held.called_back:
            self._barren += 1
        known = cause.kind is FailureKind.TIMEOUT or len(message.hand) == 1
        for place, keys in enumerate(message.hand):
            guilty = known and place == 0 and len(keys) == 1
            for key in keys:
                self._bury(key, cause if guilty else _uncharged(cause))
        if self._barren >= BARREN:
            self._lose_everything(f"workers die before they begin: {cause.error}: {cause.message}")
        else:
            self._go_on(message.slot, message.lease)

    def _bury(self, key: RunKey, cause: Failure) -> None:
        order = self._sent.pop(key, None)
        if order is None:
            return
        if order.kill_at is not None:
            self._post(RunCancelled(0, key))
        else:
            self._post(self._keep(key, RunResult(cause)))

    def _lose_everything(self, reason: str) -> None:
        """End the launch: what was under way is lost, uncharged, and can be launched again."""
        with self._lock:
            owed = list(self._sent)
            self._sent.clear()
            self._leases.clear()
        self._post(StopRequested(0, reason))
        for key in owed:
            lost = _uncharged(Failure(FailureKind.LOST, "ClusterGone", reason, "lost"))
            self._post(self._keep(key, RunResult(lost)))


def _uncharged(failure: Failure) -> Failure:
    return Failure(failure.kind, failure.error, failure.message, failure.fingerprint, charged=False)


_HEAR: dict[type, Callable[[RayExecutor, Any], None]] = {
    Started: RayExecutor._started,
    Ended: RayExecutor._ended,
    Dropped: RayExecutor._dropped,
    Closed: RayExecutor._closed,
    Buried: RayExecutor._buried,
}
