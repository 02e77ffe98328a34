"""What a worker does while it holds a slot: ask for the next batch, run the one it has, again."""

from __future__ import annotations

import contextlib
import dataclasses
import socket
from collections.abc import Callable
from typing import Any

from sweeper.core.records import Checkpoint, Failure, FailureKind
from sweeper.core.rooms import Slot
from sweeper.execution import keeper, sealed
from sweeper.execution.cluster import ClusterError
from sweeper.execution.line import Address, Line
from sweeper.execution.notes import Notebook
from sweeper.execution.sealed import Done
from sweeper.execution.sieve import Sieve
from sweeper.ports import Job, Order, Run, RunResult

LINGER = 0.3
"""Seconds a lease keeps its slot without work, so that a quick answer finds it there."""

_jobs: dict[str, Job] = {}
"""The job this worker process has, by its launch: it is fetched once a process."""


class MailboxChannel:
    """A running fold's way to the controller: one call to the mailbox for each report."""

    def __init__(self, line: Line, job: Job, order: Order, log: str) -> None:
        self._line, self._key = line, order.key
        self._sieve = Sieve(job.spec.metric.name, order.watched)
        self.stopped = False
        self.log = log

    def report(self, step: int, metrics: dict[str, float]) -> bool:
        heard = self._sieve.heard(step, metrics)
        self.stopped = bool(self._line.call("report", self._key, step, heard))
        return self.stopped

    def checkpointed(self, checkpoint: Checkpoint, room: int | None) -> None:
        self._line.call("checkpointed", self._key, checkpoint, room)


def serve(run: Run, address: Address, slot: Slot, lease: int, launch: str) -> None:
    """Work on `slot` until the mailbox has nothing more."""
    notebook = Notebook(launch, lease)
    with contextlib.closing(Line(address)) as line:
        _serve(run, line, slot, lease, launch, notebook)
    notebook.leave()


def _serve(run: Run, line: Line, slot: Slot, lease: int, launch: str, notebook: Notebook) -> None:
    job, gpus = fetch_job(line, launch), own_gpus()

    def one(order: Order) -> tuple[Done, bool]:
        channel = MailboxChannel(line, job, order, str(notebook.log))
        notebook.begin(order.key, order.memory, order.timeout)
        result = run(job, order, channel)
        notebook.end()
        return (order.key, placed(result, gpus), channel.stopped), True

    work(line, slot, lease, LINGER, one)


def work(
    line: Line,
    slot: Slot,
    lease: int,
    linger: float,
    one: Callable[[Order], tuple[Done, bool]],
) -> None:
    """Do what the mailbox has for the slot, until nothing has come for `linger` seconds, or
    `one`, which does an order, says that it can do no further one."""
    coming = line.ask("take", slot, lease, sealed.NOTHING, linger, True)
    done: list[Done] = []
    while (batch := line.answer(coming)) is not None:
        coming = line.ask("take", slot, lease, seal(done), linger)
        done = []
        for order in sealed.opened_batch(batch):
            result, fit = one(order)
            done.append(result)
        if not fit:
            line.call("hand_in", slot, lease, seal(done))
            line.call("leave", slot, lease)
            return
        if not line.answered(coming):
            line.tell("hand_in", slot, lease, seal(done))
            done = []


def own_gpus() -> tuple[str, ...]:
    """The GPUs that Ray gave this task or actor."""
    import ray

    return tuple(ray.get_runtime_context().get_accelerator_ids().get("GPU", ()))


def placed(result: RunResult, gpus: tuple[str, ...]) -> RunResult:
    """The result with the name of this machine, and the GPUs that it was made on."""
    outcome = dataclasses.replace(result.outcome, node=socket.gethostname(), gpus=gpus)
    return dataclasses.replace(result, outcome=outcome)


def seal(done: list[Done]) -> sealed.SealedResults:
    """The results; one that cannot be sent is a failed run that says so."""
    try:
        return sealed.results(done)
    except Exception:
        return sealed.results([_sendable(each) for each in done])


def _sendable(done: Done) -> Done:
    key, result, stopped = done
    problem = unsendable(result)
    if not problem:
        return done
    message = f"the run's result cannot be sent back: {problem}"
    failure = Failure(FailureKind.ERROR, "Unsendable", message, "unsendable")
    return key, RunResult(failure, log=result.log), stopped


def sealed_job(job: Job) -> sealed.SealedJob:
    """As it goes to workers. ClusterError when it cannot travel."""
    try:
        return sealed.job(job)
    except Exception as error:
        problem = unsendable(job)
        if not problem:
            raise
        raise ClusterError(
            f"the sweep's data cannot be sent to workers: {problem}. What a data source gives "
            "must be something that pickle can carry"
        ) from error


def unsendable(record: Any) -> str:
    """Which field of a record cannot be pickled, and why; empty when all can."""
    from ray import cloudpickle

    for each in dataclasses.fields(record):
        value = getattr(record, each.name)
        try:
            cloudpickle.dumps(value)
        except Exception as error:
            found = f"{type(value).__name__}: {type(error).__name__}: {error}"
            inner = unsendable(value) if dataclasses.is_dataclass(value) else ""
            return f"{each.name}.{inner}" if inner else f"{each.name} ({found})"
    return ""


def fetch_job(line: Line, launch: str) -> Job:
    """What all fold runs of the sweep share; from this process's memory if it is there."""
    if launch not in _jobs:
        _jobs.clear()
        found = line.call("job", False) or keeper.kept(launch) or line.call("job", True)
        _jobs[launch] = sealed.opened_job(found)
    return _jobs[launch]
