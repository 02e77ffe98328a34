"""Who is next: running trials that have folds to send, those with the least under way first."""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(slots=True)
class Line:
    """Trial numbers in order of (folds under way, number). Changed by `evolve` only.

    A place is found by bisection, so that a sweep with thousands of trials in flight pays no
    more for a fold than a small one.
    """

    order: list[tuple[int, int]] = field(default_factory=list)
    filed: dict[int, tuple[int, int]] = field(default_factory=dict)  # trial → as filed
    waiting: int = 0  # folds to send, of all of them

    def file(self, trial: int, flight: int, waiting: int) -> None:
        """Put the trial, with so many folds under way and to send, where it belongs, wherever it
        was before."""
        if self.filed.get(trial) == (flight, waiting):
            return
        self.drop(trial)
        self.filed[trial] = flight, waiting
        self.waiting += waiting
        bisect.insort(self.order, (flight, trial))

    def drop(self, trial: int) -> None:
        """Take the trial out, if it is there."""
        found = self.filed.pop(trial, None)
        if found is not None:
            flight, waiting = found
            self.waiting -= waiting
            del self.order[bisect.bisect_left(self.order, (flight, trial))]

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return iter(self.order)

    def __len__(self) -> int:
        return len(self.order)
