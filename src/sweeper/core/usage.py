"""What fold runs take: of one run as its worker measured it, and of many together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Usage:
    """Measured on the worker while the run was at work; all 0 where nobody could tell, as of
    a process that was killed. Of a gang, `cpu` is the sum and `memory` the most of any rank."""

    cpu: float = 0.0  # seconds of processor time, of the process and all below it
    memory: int = 0  # bytes: the most that the process itself had in memory


UNMEASURED = Usage()


def together(usages: Sequence[Usage]) -> Usage:
    """Of the ranks of a gang."""
    return Usage(sum(u.cpu for u in usages), max((u.memory for u in usages), default=0))


@dataclass(slots=True)
class Spent:
    """Sums over ended fold runs, in seconds. Changed by `evolve` only."""

    runs: int = 0
    queue: float = 0.0  # sent, and not at work
    wall: float = 0.0  # at work
    cpu: float = 0.0  # as measured
    reserved_cpu: float = 0.0  # times the processors that were kept for them
    reserved_gpu: float = 0.0

    def add(self, other: Spent, sign: int = 1) -> None:
        """`sign` -1 takes it away."""
        self.runs += sign * other.runs
        self.queue += sign * other.queue
        self.wall += sign * other.wall
        self.cpu += sign * other.cpu
        self.reserved_cpu += sign * other.reserved_cpu
        self.reserved_gpu += sign * other.reserved_gpu


@dataclass(slots=True)
class Occupied:
    """The places that slots take now, so that what they took until any time is known without
    looking at each. Changed by `evolve` only."""

    places: int = 0
    since: float = 0.0  # of each place when its run came to have it, summed up

    def begin(self, places: int, t: float) -> None:
        self.places += places
        self.since += places * t

    def end(self, places: int, begun: float) -> None:
        self.places -= places
        self.since -= places * begun

    def until(self, t: float) -> float:
        """Place-seconds."""
        return max(0.0, self.places * t - self.since)


@dataclass(slots=True)
class Spending:
    """Of a whole sweep: all that ended, and the parts of it that were of no use.

    A fold run counts with its trial, but one without scores whose fold was yet to be done is
    `repeated`. What is left is what complete and running trials took, with the refit and the
    look at the holdout.
    """

    total: Spent = field(default_factory=Spent)
    pruned: Spent = field(default_factory=Spent)
    failed: Spent = field(default_factory=Spent)
    repeated: Spent = field(default_factory=Spent)
    memory: int = 0  # bytes: the most of any run
