"""Runs orders on Ray. A slot is held by a lease: a task that takes batch after batch.

A lease is an ordinary Ray task with the resources of one fold run, placed on the slot's
node. It asks the mailbox, here in this process, for work and ends when there is none, so that
between two folds there is one message and not a new task, while nothing ever waits in Ray's
own queue. Ends by force go through the agent of the slot's node. Two threads listen: one to the
mailbox, one to leases that end or die, to deadlines and to the cluster's capacity. Neither
waits for the controller.
"""

from __future__ import annotations

import dataclasses
import itertools
import queue
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sweeper.core import stimuli
from sweeper.core.records import Failure, RunKey
from sweeper.core.rooms import Slot
from sweeper.core.specs import Resources
from sweeper.core.stimuli import CheckpointMade, RunCancelled, StopRequested
from sweeper.execution import cluster, deaths, growth, keeper, lease, lifeline, neighbours, sealed
from sweeper.execution.agents import PATIENCE, Agents, OwnAgent
from sweeper.execution.census import Census
from sweeper.execution.connection import Connection
from sweeper.execution.deaths import Death
from sweeper.execution.hired import SLACK, Hired, Sent
from sweeper.execution.hiring import Hiring, dismiss, has_places
from sweeper.execution.inline import Keep
from sweeper.execution.lifeline import Lifeline
from sweeper.execution.mailbox import (
    Buried,
    Closed,
    Dropped,
    Ended,
    Kept,
    Mailbox,
    Message,
    Printed,
    Reported,
    Started,
)
from sweeper.execution.office import Office
from sweeper.execution.outlet import Outlet, Show
from sweeper.execution.store import ClusterStore
from sweeper.execution.visit import everywhere
from sweeper.ports import Everywhere, Job, Order, Post, Run, RunResult

HERE = "127.0.0.1"
"""Where workers of a local Ray reach this process."""

LOOK = 0.1
"""Seconds between two looks at leases and deadlines."""

COUNT = 1.0
"""Seconds between two looks at whether the cluster is there."""

LEAVING = 2 * PATIENCE
"""Seconds for a thread to end what it is at when the launch is over: longer than an autopsy."""

HANGING = 1.0
"""The same where the cluster is gone: a call to it may hang for a minute."""

UNWATCHED = 3.0
"""Seconds of work on a cluster's node before an agent is sent there."""

BARREN = 5
"""So many leases in a row that died before any run began end the launch."""


class RayExecutor:
    """The executor port on Ray tasks."""

    def __init__(
        self,
        job: Job,
        run: Run,
        keep: Keep,
        resources: Resources,
        connection: Connection,
        show: Show = lambda key, text: None,
        notice: Callable[[str], None] = lambda text: None,
        preflight: Callable[[Everywhere], None] | None = None,
    ) -> None:
        """`keep` stores what a run leaves, `show` what a running one has printed so far; both
        are called on a thread of this executor. `notice` gets lines for people. `preflight` is
        called before the first order where there are several nodes, and may refuse them."""
        self._job, self._run, self._notice = job, run, notice
        self._out = Outlet(keep, show)
        self._resources = resources
        self._need = cluster.demand(resources)
        self._connection = connection
        self._preflight = preflight
        self._lock = threading.RLock()
        self._leases: dict[Slot, Hired] = {}
        self._sent: dict[RunKey, Sent] = {}
        self._numbers = itertools.count(1)
        self._gone = False  # nothing more is asked of the cluster
        self._neighbours: neighbours.Neighbours | None = None
        self._wants = False
        self._silent: set[str] = set()  # nodes
        self._worked: dict[str, float] = {}  # nodes, and when the first run began there
        self._barren = 0
        self._messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, post: Post) -> None:
        """Start or join Ray, ship the job, and say what there is room for.

        ClusterError when no node could ever run a fold.
        """
        self._post = self._out.post = post
        local = self._connection.open(Path(self._job.directory))
        import ray

        self._ray: Any = ray
        self._travelling = cluster.moved(self._job, local)
        try:
            most = self._job.spec.most_places
            biggest = {name: amount * most for name, amount in self._need.items()}
            waiting = growth.ask_if_needed(biggest, self._resources.workers)
            if self._preflight is not None and len(cluster.alive()) > 1:
                self._preflight(everywhere)
            self._open(local)
        except BaseException:
            self._connection.close()
            raise
        self._asked = bool(waiting)
        if waiting:
            self._notice(waiting)
        self._census = Census(self._need, post)
        if not local:
            self._neighbours = neighbours.Neighbours(
                ClusterStore(), self._launch, self._need, self._resources.workers
            )
        self._count()
        self._lifeline = Lifeline.here()
        for work in (self._listen, self._watch, self._knock):
            thread = threading.Thread(target=self._guard, args=(work,), daemon=True)
            thread.start()
            self._threads.append(thread)

    def _open(self, local: bool) -> None:
        """A mailbox for leases and agents to reach."""
        job = lease.sealed_job(self._travelling)
        self._mailbox = Mailbox(job, self._messages.put)
        self._office = Office(
            self._mailbox, HERE if local else self._ray.util.get_node_ip_address()
        )
        self._launch, address = uuid.uuid4().hex[:12], self._office.address
        if keeper.wanted(job):
            self._keeper = keeper.keep(
                job, self._launch, self._ray.get_runtime_context().get_node_id()
            )
        self._agents = (OwnAgent if local else Agents)(self._launch, address)
        fresh = self._resources.gang == "fresh"
        self._hiring = Hiring(self._need, self._run, address, self._launch, fresh)

    def dispatch(self, slot: Slot, orders: Sequence[Order]) -> None:
        with self._lock:
            if self._gone:
                self._out.lose([o.key for o in orders], "ClusterGone", "the cluster is gone")
                return
            for order in orders:
                self._sent[order.key] = Sent(slot, order.timeout)
            self._office.do(self._mailbox.push, slot, sealed.batch(orders))
            if slot not in self._leases:
                self._hire(slot)

    def cancel(self, runs: Sequence[RunKey], grace: float) -> None:
        with self._lock:
            for key in runs:
                if key in self._sent:
                    self._sent[key].kill_at = time.monotonic() + grace
            if self._gone:
                return
            self._office.do(self._mailbox.recall, tuple(runs))

    def want(self, more: bool) -> None:
        self._wants = more

    def close(self) -> None:
        """End what still runs and leave the cluster."""
        self._closing.set()
        if not self._threads:
            return
        # The threads first: a call of theirs after Ray's own end would end this process.
        self._office.close()
        patience = HANGING if self._gone else LEAVING
        while self._threads:
            self._threads.pop().join(patience)
        if not self._gone:
            self._end_all()
        self._connection.close()

    def _end_all(self) -> None:
        """Leases end with their process trees or, where no agent is, as the driver leaves. None
        is cancelled: Ray ends a driver that cancels a task just as that ends by itself."""
        self._agents.close()
        if self._asked:
            growth.withdraw()
        if self._neighbours is not None:
            self._neighbours.leave()

    # --- threads ----------------------------------------------------------------------

    def _guard(self, work: Callable[[], None]) -> None:
        """Repeat `work` until the executor closes; a cluster that is gone ends the launch."""
        while not (self._closing.is_set() or self._gone):
            try:
                work()
            except (Exception, SystemExit) as error:  # Ray's calls exit when Ray has ended
                if not self._closing.is_set():
                    told = isinstance(error, cluster.ClusterError)
                    why = str(error) if told else cluster.said(error)
                    self._lose_everything(f"the cluster is gone: {why}")
                return

    def _listen(self) -> None:
        try:
            message = self._messages.get(timeout=LOOK * 5)
        except queue.Empty:
            return
        with self._lock:
            _HEAR[type(message)](self, message)

    def _watch(self) -> None:
        with self._lock:
            running = {held.reference: held for held in self._leases.values() if not held.death}
        if running:
            gone, _ = self._ray.wait(list(running), num_returns=1, timeout=LOOK)
            for reference in gone:
                if self._closing.is_set():  # it was ended by us
                    return
                self._look_at(running[reference])
        if self._closing.wait(LOOK):
            return
        with self._lock:
            self._enforce(time.monotonic())
        # Not under the lock: without a head this call waits for a minute.
        self._agents.settle(self._to_be_watched(time.monotonic()))
        self._count()

    def _to_be_watched(self, now: float) -> list[str]:
        """The nodes that have had runs for a while: a launch's first run is what people wait for,
        and an agent that starts beside it, while it imports, takes a second of a core."""
        since = self._worked.get
        return [n.name for n in self._census.nodes if now - since(n.name, now) >= UNWATCHED]

    def _knock(self) -> None:
        if cut := self._lifeline.cut():
            raise cluster.ClusterError(cut)
        self._closing.wait(COUNT)

    def _count(self) -> None:
        if self._census.due():
            with self._lock:
                held = [each.slot for each in self._leases.values() if each.placed_by is None]
            self._census.take(held, self._allowed(held))
            self._visit({name for slot in held for name in slot.nodes})

    def _allowed(self, held: list[Slot]) -> int | None:
        """How many places the other sweeps on the cluster leave to this one."""
        if self._neighbours is None:
            return None
        before = self._neighbours.count
        places = sum(len(slot.nodes) * slot.size for slot in held)
        allowed = self._neighbours.visit(places, cluster.total(), self._wants)
        if (count := self._neighbours.count) != before:
            self._notice(neighbours.told(count))
        if allowed is not None:
            with self._lock:
                for idle in self._idle():
                    self._office.do(self._mailbox.dismiss, idle.slot, idle.number)
        return allowed

    def _visit(self, nodes: set[str]) -> None:
        """A node that is silent twice is gone: Ray waits longer before it says so."""
        silent = nodes - lifeline.standing(nodes)
        gone, self._silent = silent & self._silent, silent
        with self._lock:
            for held in self._leases.values():
                own = gone & set(held.slot.nodes)
                if own and not held.death:
                    held.death = deaths.of_nodes(own, self._census.leaving)
                    self._office.do(self._mailbox.bury, held.slot, held.number)

    # --- leases -----------------------------------------------------------------------

    def _hire(self, slot: Slot) -> None:
        for held in self._idle():
            if set(held.slot.nodes) & set(slot.nodes):  # it may need their places
                self._office.do(self._mailbox.dismiss, held.slot, held.number)
        self._leases[slot] = self._hiring.hire(slot, next(self._numbers))

    def _idle(self) -> list[Hired]:
        """Leases that keep their places without work."""
        busy = {order.slot for order in self._sent.values()}
        return [held for held in self._leases.values() if held.slot not in busy]

    def _look_at(self, held: Hired) -> None:
        """A lease's task has ended: an orderly end says so itself, a death is buried."""
        try:
            self._ray.get(held.reference)
        except Exception as error:
            held.death = self._death(held, error)
            self._office.do(self._mailbox.bury, held.slot, held.number)

    def _death(self, held: Hired, error: Exception) -> Death:
        nodes, leaving = dict.fromkeys(held.slot.nodes), self._census.leaving
        if deaths.names_node(error):
            return deaths.of_nodes(nodes, leaving)
        fate = deaths.guilty(self._agents.autopsy(nodes, held.number))
        absent = set(nodes) - lifeline.standing(nodes) if fate is None else set()
        if absent:
            return deaths.of_nodes(absent, leaving)
        return deaths.of_worker(error, fate, leaving.get(held.slot.node, ""))

    def _enforce(self, now: float) -> None:
        """Kill leases whose batch is past its time, or was called back and does not go."""
        for held in list(self._leases.values()):
            orders = [self._sent[key] for key in held.keys if key in self._sent]
            if held.placed_by is not None:
                self._place(held, now)
            if held.death or not orders:
                continue
            if held.kill_by is not None:
                if now >= held.kill_by:
                    held.kill_by = now + SLACK
                    dismiss(held)
            elif held.condemned(orders, now):
                held.kill_by = now + SLACK
                for node in set(held.slot.nodes):
                    self._agents.kill(node, held.number)

    def _place(self, held: Hired, now: float) -> None:
        """Whether a gang has its places by now. Not for ever: others may have taken them."""
        if has_places(held):
            held.placed_by = None
        elif held.placed_by is not None and now >= held.placed_by:
            dismiss(held)
            del self._leases[held.slot]
            self._give_back(held.slot, deaths.NO_ROOM)

    def _go_on(self, slot: Slot, number: int) -> None:
        """The lease is over. What the slot still owes goes to a new one."""
        held = self._leases.get(slot)
        if held is None or held.number != number:
            return
        if held.group is not None:
            dismiss(held)
        del self._leases[slot]
        if any(order.slot == slot for order in self._sent.values()):
            self._hire(slot)

    # --- messages ---------------------------------------------------------------------

    def _started(self, message: Started) -> None:
        held = self._leases.get(message.slot)
        self._barren = 0
        if held is None or held.number != message.lease:
            return
        owed = [self._sent[key] for key in message.keys if key in self._sent]
        held.begin(message.keys, owed)
        for name in held.slot.nodes:
            self._worked.setdefault(name, time.monotonic())

    def _ended(self, message: Ended) -> None:
        for key, result, stopped in sealed.opened_results(message.results):
            if self._sent.pop(key, None) is None:
                continue
            if stopped:
                self._post(RunCancelled(0, key, result.outcome.usage))
            else:
                self._out.store(key, result)

    def _printed(self, message: Printed) -> None:
        if message.key in self._sent:
            self._out.show(message.key, message.text)

    def _kept(self, message: Kept) -> None:
        if message.key in self._sent:
            self._post(CheckpointMade(0, message.key, message.checkpoint, message.room))

    def _reported(self, message: Reported) -> None:
        if message.key in self._sent:
            self._post(stimuli.Reported(0, message.key, message.step, message.value))

    def _dropped(self, message: Dropped) -> None:
        if self._sent.pop(message.key, None) is not None:
            self._post(RunCancelled(0, message.key))

    def _closed(self, message: Closed) -> None:
        self._go_on(message.slot, message.lease)

    def _buried(self, message: Buried) -> None:
        held = self._leases.get(message.slot)
        if held is None or held.number != message.lease:
            return
        death = held.death or Death(deaths.UNKNOWN)
        if held.timed_out is not None:
            death = dataclasses.replace(death, cause=held.timed_out)
        for node in death.gone:
            self._census.strike(node)
            self._agents.forget(node)
        if not (death.gone or message.hand or held.called_back):
            self._barren += 1
        if death.run is not None and death.run in self._sent and death.log:
            self._out.show(death.run, death.log)
        for key, failure in death.failures(message.hand):
            self._bury(key, RunResult(failure))
        if death.gone:
            self._give_back(held.slot, death.cause)
        elif self._barren >= BARREN:
            why = death.cause
            self._lose_everything(f"workers die before they begin: {why.error}: {why.message}")
            return
        self._go_on(message.slot, message.lease)

    def _give_back(self, slot: Slot, cause: Failure) -> None:
        """What waits for a slot that is no more has not begun."""
        waiting = [key for key, order in self._sent.items() if order.slot == slot]
        self._office.do(self._mailbox.recall, tuple(waiting))
        for key in waiting:
            self._bury(key, RunResult(deaths.uncharged(cause)))

    def _bury(self, key: RunKey, result: RunResult) -> None:
        order = self._sent.pop(key, None)
        if order is None:
            return
        if order.kill_at is not None:
            self._post(RunCancelled(0, key))
        else:
            self._out.store(key, result)

    # --- what does not depend on one lease ----------------------------------------------

    def _lose_everything(self, reason: str) -> None:
        """End the launch: what was under way is lost, uncharged, and can be launched again."""
        with self._lock:
            first, self._gone = not self._gone, True
            owed = list(self._sent)
            self._sent.clear()
            self._leases.clear()
        if first:
            self._post(StopRequested(0, reason))
        self._out.lose(owed, "ClusterGone", reason)


_HEAR: dict[type, Callable[[RayExecutor, Any], None]] = {
    Started: RayExecutor._started,
    Ended: RayExecutor._ended,
    Dropped: RayExecutor._dropped,
    Closed: RayExecutor._closed,
    Printed: RayExecutor._printed,
    Kept: RayExecutor._kept,
    Reported: RayExecutor._reported,
    Buried: RayExecutor._buried,
}
