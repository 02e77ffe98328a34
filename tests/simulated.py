"""A cluster that is not there: the core against a fake clock, fake nodes and fold runs that
take as long as they are told to. No thread, no Ray, no waiting.
"""

from __future__ import annotations

import heapq
import itertools
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sweeper.core import codec, stimuli
from sweeper.core import commands as c
from sweeper.core.decide import advance, decide
from sweeper.core.events import Event, SweepCreated
from sweeper.core.evolve import evolve
from sweeper.core.records import Failure, FailureKind, Node, Phase, RunKey, State, Success
from sweeper.core.rooms import Slot
from sweeper.core.space import Value

LOST = Failure(FailureKind.LOST, "NodeGone", "its node went away", "lost", charged=False)
CAPACITY_SEEN = 1.0
"""Seconds after which a change of the cluster is known."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Nodes of equal size. `mean_life`: seconds after which a node fails, on average, None for
    ever; another takes its place after `replaced` seconds."""

    nodes: int
    places: int
    mean_life: float | None = None
    replaced: float = 120.0


@dataclass(slots=True)
class Figures:
    """What was seen. Places are counted while the search had more trials to begin."""

    busy: float = 0.0  # place-seconds of fold runs
    there: float = 0.0  # place-seconds of nodes
    runs: int = 0
    lost: int = 0
    seconds: float = 0.0  # real ones, of the controller's own work
    waits: dict[int, float] = field(default_factory=dict)  # size of a run → longest wait

    @property
    def utilisation(self) -> float:
        return self.busy / self.there

    @property
    def per_run(self) -> float:
        """Seconds of the controller's time for each fold run."""
        return self.seconds / self.runs


class Simulation:
    """One sweep on one cluster, from its launch to the end of its search."""

    def __init__(
        self,
        created: SweepCreated,
        cluster: Cluster,
        lasts: Callable[[RunKey, int], float],
        params: Callable[[int], dict[str, Value]],
        seed: int = 0,
        ask: float = 0.001,
    ) -> None:
        """`lasts` gives a run's seconds by its number of workers; `ask`: seconds a suggestion
        takes, one after the other."""
        self.state: State = evolve(None, created)
        self.figures = Figures()
        self._cluster, self._lasts, self._params = cluster, lasts, params
        self._rng = random.Random(seed)
        self._ask, self._asked_until = ask, 0.0
        self._t = 0.0
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._names = itertools.count()
        self._nodes: dict[str, int] = {}
        self._running: dict[RunKey, Slot] = {}
        self._queues: dict[Slot, list[RunKey]] = {}
        self._ready: dict[tuple[int, int], float] = {}
        self._busy = self._places = 0

    def run(self) -> Figures:
        """Until the search is over."""
        self._feed(stimuli.Launched(0.0, 1_700_000_000.0, "host", 1, {}))
        for _ in range(self._cluster.nodes):
            self._add()
        self._tell()
        while self.state.phase is Phase.SEARCH and self._heap:
            at, _, act = heapq.heappop(self._heap)
            self._count(at)
            self._t = at
            act()
        return self.figures

    # --- the controller -----------------------------------------------------------------

    def _feed(self, stimulus: stimuli.Stimulus) -> None:
        began = time.perf_counter()
        orders: list[c.Command] = []
        events, commands = decide(self.state, stimulus)
        happened: list[Event] = []
        while True:
            for event in events:
                evolve(self.state, event)
            happened += events
            orders += commands
            events, commands = advance(self.state, stimulus.t)
            if not events:
                break
        for event in happened:
            codec.encode(event)
        self.figures.seconds += time.perf_counter() - began
        for order in orders:
            self._do(order)

    def _do(self, order: c.Command) -> None:
        match order:
            case c.Ask(trial):
                self._asked_until = max(self._asked_until, self._t) + self._ask
                self._at(self._asked_until, lambda: self._suggest(trial))
            case c.Dispatch(slot, runs):
                for key in runs:
                    self._wait_over(key, slot)
                queue = self._queues.setdefault(slot, [])
                idle = not queue
                queue += runs
                if idle:
                    self._begin(slot)
            case c.Cancel(runs, _):
                for key in runs:
                    self._call_back(key)

    def _suggest(self, trial: int) -> None:
        for fold in range(self.state.splits.folds):
            self._ready[trial, fold] = self._t
        self._feed(stimuli.Suggested(self._t, trial, self._params(trial), 0.0))

    def _wait_over(self, key: RunKey, slot: Slot) -> None:
        waited = self._t - self._ready.pop((key.trial, key.fold), self._t)
        size = len(slot.nodes) * slot.size
        self.figures.waits[size] = max(waited, self.figures.waits.get(size, 0.0))

    # --- the cluster --------------------------------------------------------------------

    def _at(self, t: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._heap, (t, next(self._order), act))

    def _begin(self, slot: Slot) -> None:
        if not all(name in self._nodes for name in slot.nodes):
            self._at(self._t + CAPACITY_SEEN, lambda: self._lose(slot))
            return
        key = self._queues[slot][0]
        self._running[key] = slot
        self._busy += slot.size * len(slot.nodes)
        seconds = self._lasts(key, len(slot.nodes))
        self._at(self._t + seconds, lambda: self._end(key, slot, seconds))

    def _end(self, key: RunKey, slot: Slot, seconds: float) -> None:
        if self._running.get(key) is not slot:
            return
        self._stop(key)
        self.figures.runs += 1
        queue = self._queues[slot]
        queue.remove(key)
        if queue:
            self._begin(slot)
        else:
            del self._queues[slot]
        score = random.Random(key.trial).random()
        self._feed(stimuli.RunEnded(self._t, key, Success({"m": score}, seconds)))

    def _stop(self, key: RunKey) -> Slot | None:
        slot = self._running.pop(key, None)
        if slot is not None:
            self._busy -= slot.size * len(slot.nodes)
        return slot

    def _call_back(self, key: RunKey) -> None:
        underway = self._stop(key)
        runs = reversed(self.state.trials[key.trial].runs)
        slot = next(run.slot for run in runs if run.key == key)
        queue = self._queues.get(slot, [])
        if key in queue:
            queue.remove(key)
            if not queue:
                del self._queues[slot]
            elif underway is not None:
                self._begin(slot)
        self._feed(stimuli.RunCancelled(self._t, key))

    def _add(self) -> None:
        name = f"n{next(self._names):05}"
        self._nodes[name] = self._cluster.places
        self._places += self._cluster.places
        if self._cluster.mean_life is not None:
            life = self._rng.expovariate(1 / self._cluster.mean_life)
            self._at(self._t + life, lambda: self._fail(name))

    def _fail(self, name: str) -> None:
        self._places -= self._nodes.pop(name)
        self._at(self._t + CAPACITY_SEEN, self._tell)
        for slot in [slot for slot in self._queues if name in slot.nodes]:
            self._at(self._t + CAPACITY_SEEN, lambda slot=slot: self._lose(slot))
            for key in self._queues[slot]:
                self._stop(key)
        self._at(self._t + self._cluster.replaced, lambda: (self._add(), self._tell()))

    def _lose(self, slot: Slot) -> None:
        for key in self._queues.pop(slot, []):
            self.figures.lost += 1
            self._ready[key.trial, key.fold] = self._t
            self._feed(stimuli.RunEnded(self._t, key, LOST))

    def _tell(self) -> None:
        nodes = tuple(Node(name, places) for name, places in sorted(self._nodes.items()))
        self._feed(stimuli.CapacityChanged(self._t, nodes))

    def _count(self, until: float) -> None:
        """Place-seconds since the last event, while there was more to begin and the start,
        when all was idle, is over."""
        trials = self.state.spec.budget.trials or 0
        if len(self.state.trials) < trials and self.state.successes:
            span = until - self._t
            self.figures.there += span * self._places
            self.figures.busy += span * self._busy
