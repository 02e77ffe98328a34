"""What the history says about each trial, as far as it lies in the space of today."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from sweeper.core.records import HistoryEntry
from sweeper.core.space import Space

Code = TypeVar("Code")


class History(Generic[Code]):
    """The newest entry of every trial, and that entry encoded, in the order of numbers.

    A later entry with the same number replaces the earlier one. Entries outside the space
    are left out; those that teach nothing (`teaches`) are the reader's to pass over. What was read before is only read on, up to the first running trial, as
    long as the history begins with it; a reading gives the same as one by a new `History`.
    """

    def __init__(self, space: Space, encode: Callable[[HistoryEntry], Code]) -> None:
        self._space = space
        self._encode = encode
        self._settled: list[HistoryEntry] = []
        self._seen: dict[int, tuple[HistoryEntry, Code] | None] = {}

    def read(self, entries: Sequence[HistoryEntry]) -> list[tuple[HistoryEntry, Code]]:
        if self._settled != list(entries[: len(self._settled)]):
            self._settled, self._seen = [], {}
        fresh = entries[len(self._settled) :]
        first_running = next((i for i, e in enumerate(fresh) if e.running), len(fresh))
        self._settled.extend(fresh[:first_running])
        self._seen.update(self._coded(fresh[:first_running]))
        seen = self._seen | self._coded(fresh[first_running:])
        return [pair for _, pair in sorted(seen.items()) if pair is not None]

    def _coded(
        self, entries: Sequence[HistoryEntry]
    ) -> dict[int, tuple[HistoryEntry, Code] | None]:
        return {
            entry.number: (entry, self._encode(entry))
            if self._space.contains(entry.params)
            else None
            for entry in entries
        }


def teaches(entry: HistoryEntry) -> bool:
    """False for a trial that failed for no reason of its parameters, or was cancelled."""
    return entry.running or entry.bad or entry.value is not None


def finished(entry: HistoryEntry) -> bool:
    """True when the trial has a value to learn from."""
    return entry.value is not None and not entry.bad and not entry.running
