"""Runs orders in this process, one after the other: for tests and for debugging.

A breakpoint in user code works here. Timeouts and cancellation of what runs do not: there
is no other process that could end it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sweeper.core.records import Checkpoint, Node, RunKey
from sweeper.core.rooms import Slot
from sweeper.core.stimuli import CapacityChanged, RunEnded
from sweeper.ports import Job, Order, Post, Run, RunResult

Keep = Callable[[RunKey, RunResult], RunEnded]
"""Stores a run's files and log in the sweep's directory and says what was stored."""


class NoReports:
    """The channel of a run that nobody can stop, or look at while it runs."""

    log = ""

    def report(self, step: int, metrics: dict[str, float]) -> bool:
        return False

    def checkpointed(self, checkpoint: Checkpoint, room: int | None) -> None:
        """Nobody goes on from it: what fails here is tried again from its beginning."""


class InlineExecutor:
    """The executor port in this process. One slot."""

    def __init__(self, job: Job, run: Run, keep: Keep) -> None:
        self._job, self._run, self._keep = job, run, keep
        self._post: Post = lambda stimulus: None

    def start(self, post: Post) -> None:
        self._post = post
        post(CapacityChanged(0, (Node("inline", 1),)))

    def dispatch(self, slot: Slot, orders: Sequence[Order]) -> None:
        for order in orders:
            self._post(self._keep(order.key, self._run(self._job, order, NoReports())))

    def cancel(self, runs: Sequence[RunKey], grace: float) -> None:
        """Whatever was sent has already run."""

    def want(self, more: bool) -> None:
        """There is one slot, come what may."""

    def close(self) -> None:
        """Nothing to give back."""
