"""A lease and an order as the executor knows them."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sweeper.core.records import Failure, FailureKind, RunKey
from sweeper.core.rooms import Slot
from sweeper.execution.deaths import Death

SLACK = 2.0
"""Seconds that an agent is late, at most, before Ray is asked to do its work."""


@dataclass(slots=True)
class Sent:
    """An order under way: its slot owes an outcome. `kill_at`: it was called back."""

    slot: Slot
    timeout: float | None
    kill_at: float | None = None


@dataclass(slots=True)
class Hired:
    """A lease, a task that holds a slot, and the batch it is at."""

    number: int
    slot: Slot
    reference: Any
    keys: tuple[RunKey, ...] = ()
    deadline: float | None = None  # the agent ends it before that
    kill_by: float | None = None  # the agent was told to end it; then Ray is
    timed_out: Failure | None = None
    death: Death | None = None
    called_back: bool = False  # killed because its runs were cancelled
    members: tuple[Any, ...] = ()  # of a gang: its actors
    group: Any = None  # their placement group
    placed_by: float | None = None  # a gang without its places by then is given up

    def begin(self, keys: tuple[RunKey, ...], orders: Iterable[Sent]) -> None:
        self.keys = keys
        times = [order.timeout for order in orders if order.timeout is not None]
        self.deadline = time.monotonic() + sum(times) + SLACK if times else None

    def condemned(self, orders: list[Sent], now: float) -> bool:
        """Whether its time is up; notes why. `orders` are those of its batch still owed."""
        if all(o.kill_at is not None and now >= o.kill_at for o in orders):
            self.called_back = True
        elif self.deadline is not None and now >= self.deadline:
            message = f"no result {orders[0].timeout:g} s after it began"
            self.timed_out = Failure(FailureKind.TIMEOUT, "Timeout", message, "timeout")
        return self.called_back or self.timed_out is not None
