"""An executor to try things on."""

from __future__ import annotations

import os
import queue
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from contract.acts import act
from sweeper.core.records import RunKey, SplitDigest
from sweeper.core.rooms import Slot
from sweeper.core.space import Space
from sweeper.core.specs import Goal, Metric, Resources, SweepSpec
from sweeper.core.stimuli import CapacityChanged, RunCancelled, RunEnded, Stimulus
from sweeper.execution.connection import Connection
from sweeper.execution.ray_tasks import RayExecutor
from sweeper.ports import Executor, Job, Order, Rows, RunResult, Splits


class Bench:
    """An executor with its inbox and what it kept."""

    def __init__(self, make: Callable[..., Executor], data: Any = None) -> None:
        spec = SweepSpec("bench", 0, Metric("m", Goal.MAXIMIZE), Space())
        splits = Splits((), SplitDigest(0, (), ""))
        job = Job(spec, Rows(data), splits, (), "none", (), None, str(Path(__file__).parent))
        self.kept: dict[RunKey, RunResult] = {}
        self.inbox: queue.SimpleQueue[Stimulus] = queue.SimpleQueue()
        self.shown: dict[RunKey, str] = {}
        self.executor = make(job, act, self.keep)
        self.executor.start(self.inbox.put)
        capacity = self.inbox.get(timeout=60)
        assert isinstance(capacity, CapacityChanged)
        node = capacity.nodes[0]
        self.slots = [Slot(node.name, index) for index in range(node.slots)]
        self.trial = 0

    def keep(self, key: RunKey, result: RunResult) -> RunEnded:
        self.kept[key] = result
        return RunEnded(0, key, result.outcome)

    def show(self, key: RunKey, text: str) -> None:
        self.shown[key] = text

    def send(
        self,
        *acts: str,
        slot: int = 0,
        timeout: float | None = None,
        memory: int | None = None,
        **params: str,
    ) -> list[RunKey]:
        """One batch of orders, one for each act; a new trial each time."""
        self.trial += 1
        orders = [
            Order(RunKey(self.trial, fold, 1), {"do": do, **params}, 1, timeout, memory)
            for fold, do in enumerate(acts)
        ]
        self.executor.dispatch(self.slots[slot % len(self.slots)], orders)
        return [order.key for order in orders]

    def next(self) -> Stimulus:
        while True:
            found = self.inbox.get(timeout=60)
            if not isinstance(found, CapacityChanged):
                return found

    def outcome(self, *acts: str, **options: Any) -> Any:
        """Of a single run."""
        (key,) = self.send(*acts, **options)
        return self.outcomes([key])[key]

    def outcomes(self, keys: list[RunKey]) -> dict[RunKey, object]:
        found: dict[RunKey, object] = {}
        while len(found) < len(keys):
            stimulus = self.next()
            assert isinstance(stimulus, RunEnded | RunCancelled)
            assert stimulus.run not in found, "two answers to one order"
            found[stimulus.run] = (
                stimulus.outcome if isinstance(stimulus, RunEnded) else "cancelled"
            )
        assert set(found) == set(keys)
        return found


def titled(title: str) -> list[psutil.Process]:
    """Workers of a Ray that was started here whose title, which Ray gives them, begins so."""
    ray = next(p for p in psutil.Process().children() if p.name() == "raylet")
    return [p for p in ray.children() if "".join(p.cmdline()[:1]).startswith(title)]


def await_(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait until it holds; AssertionError when it does not in time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


@contextmanager
def importable() -> Iterator[None]:
    """Ray's processes started inside find the tests' own modules."""
    before = os.environ.get("PYTHONPATH", "")
    here = Path(__file__).resolve().parents[1]
    os.environ["PYTHONPATH"] = os.pathsep.join([str(here), str(here.parent / "src"), before])
    try:
        yield
    finally:
        os.environ["PYTHONPATH"] = before


@contextmanager
def on_ray(
    address: str | None = None, data: Any = None, resources: Resources | None = None
) -> Iterator[Bench]:
    """A bench on a Ray of its own, or on the cluster at `address`; its slots are for one worker."""
    resources = resources or Resources()
    shown: list[Bench] = []

    def show(key: RunKey, text: str) -> None:
        shown[0].show(key, text)

    with importable():
        bench = Bench(
            lambda job, run, keep: RayExecutor(
                job, run, keep, resources, Connection(address), show
            ),
            data,
        )
        shown.append(bench)
        try:
            yield bench
        finally:
            bench.executor.close()
