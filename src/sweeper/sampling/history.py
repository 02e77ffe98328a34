"""What the history says about each trial, as far as it lies in the space of today."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from sweeper.core.records import HistoryEntry
from sweeper.core.space import Space

Code = TypeVar("Code")


class History(Generic[Code]):
    """The newest entry of every trial, and that entry encoded, in the order of numbers.

    A later entry with the same number replaces the earlier one. Entries outside the space are
    left out, and those that `keep` says no to. What was read before is only read on, up to the
    first running trial, as long as the history begins with it; a reading gives the same as one
    by a new `History`. `firm` is the number below which the last reading gave what the one
    before it did.
    """

    def __init__(
        self,
        space: Space,
        encode: Callable[[HistoryEntry], Code],
        keep: Callable[[HistoryEntry], bool] = lambda entry: True,
    ) -> None:
        self._space = space
        self._encode = encode
        self._keep = keep
        self._settled: list[HistoryEntry] = []
        self._numbers: list[int] = []
        self._pairs: list[tuple[HistoryEntry, Code]] = []  # one for each number
        self._shown = -math.inf  # the lowest number of what the last reading gave beside these
        self.firm = -math.inf

    def read(self, entries: Sequence[HistoryEntry]) -> list[tuple[HistoryEntry, Code]]:
        self.firm = self._shown
        if self._settled != list(entries[: len(self._settled)]):
            self._settled, self._numbers, self._pairs = [], [], []
            self.firm = -math.inf
        fresh = entries[len(self._settled) :]
        first_running = next((i for i, e in enumerate(fresh) if e.running), len(fresh))
        for entry in fresh[:first_running]:
            self._settle(entry)
        passing = fresh[first_running:]
        self._shown = min((entry.number for entry in passing), default=math.inf)
        self.firm = min(self.firm, self._shown, *(entry.number for entry in fresh))
        return self._with(passing)

    def _settle(self, entry: HistoryEntry) -> None:
        self._settled.append(entry)
        at = bisect_left(self._numbers, entry.number)
        known = at < len(self._numbers) and self._numbers[at] == entry.number
        if not self._taken(entry):
            if known:
                del self._numbers[at], self._pairs[at]
            return
        pair = entry, self._encode(entry)
        if known:
            self._pairs[at] = pair
        else:
            self._numbers.insert(at, entry.number)
            self._pairs.insert(at, pair)

    def _with(self, passing: Sequence[HistoryEntry]) -> list[tuple[HistoryEntry, Code]]:
        """What is settled and what may still change, from the last number to the first, so that
        the places of those before stay what they are."""
        pairs = list(self._pairs)
        newest = {entry.number: entry for entry in passing}
        for number in sorted(newest, reverse=True):
            at = bisect_left(self._numbers, number)
            known = at < len(self._numbers) and self._numbers[at] == number
            entry = newest[number]
            pairs[at : at + known] = [(entry, self._encode(entry))] if self._taken(entry) else []
        return pairs

    def _taken(self, entry: HistoryEntry) -> bool:
        return self._keep(entry) and self._space.contains(entry.params)


def teaches(entry: HistoryEntry) -> bool:
    """False for a trial that failed for no reason of its parameters, or was cancelled."""
    return entry.running or entry.bad or entry.value is not None


def finished(entry: HistoryEntry) -> bool:
    """True when the trial has a value to learn from."""
    return entry.value is not None and not entry.bad and not entry.running
