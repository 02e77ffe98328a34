"""What a worker does while it holds a slot: ask for the next batch, run the one it has, again."""

from __future__ import annotations

import dataclasses
import socket
from typing import Any

from sweeper.core.records import RunKey, Slot
from sweeper.ports import Job, Order, Run, RunResult

_jobs: dict[str, Job] = {}
"""The job this worker process has, by its object's id: it is fetched once a process."""


Done = tuple[RunKey, RunResult, bool]
"""A run, its result, and whether it ended early because it was asked to."""


class MailboxChannel:
    """A running fold's way to the controller: one call to the mailbox for each report."""

    def __init__(self, mailbox: Any, key: RunKey) -> None:
        self._mailbox, self._key = mailbox, key
        self.stopped = False

    def report(self, step: int, metrics: dict[str, float]) -> bool:
        import ray

        self.stopped = bool(ray.get(self._mailbox.report.remote(self._key, step, metrics)))
        return self.stopped


def serve(holds: list[Any], run: Run, mailbox: Any, slot: Slot, lease: int) -> None:
    """Work on `slot` until the mailbox has nothing more. `holds` is [reference to the job]."""
    import ray

    job = _fetch(holds[0])
    coming = mailbox.take.remote(slot, lease, [], True)
    done: list[Done] = []
    while (batch := ray.get(coming)) is not None:
        coming = mailbox.take.remote(slot, lease, done)
        done = [_one(job, order, run, mailbox) for order in batch]
        if not ray.wait([coming], timeout=0)[0]:
            mailbox.hand_in.remote(slot, lease, done)
            done = []


def _one(job: Job, order: Order, run: Run, mailbox: Any) -> Done:
    channel = MailboxChannel(mailbox, order.key)
    result = run(job, order, channel)
    outcome = dataclasses.replace(result.outcome, node=socket.gethostname())
    return order.key, dataclasses.replace(result, outcome=outcome), channel.stopped


def _fetch(reference: Any) -> Job:
    import ray

    name = reference.hex()
    if name not in _jobs:
        _jobs.clear()
        _jobs[name] = ray.get(reference)
    return _jobs[name]
