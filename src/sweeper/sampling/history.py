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
    are left out. Encodings are kept from one reading to the next, for entries that did not
    change: a reading gives the same as a reading by a new `History`.
    """

    def __init__(self, space: Space, encode: Callable[[HistoryEntry], Code]) -> None:
        self._space = space
        self._encode = encode
        self._known: dict[int, tuple[HistoryEntry, Code | None]] = {}

    def read(self, entries: Sequence[HistoryEntry]) -> list[tuple[HistoryEntry, Code]]:
        newest = {entry.number: entry for entry in entries}
        seen = []
        for number in sorted(newest):
            entry = newest[number]
            known = self._known.get(number)
            if known is None or (known[0] is not entry and known[0] != entry):
                known = self._known[number] = (entry, self._code(entry))
            if known[1] is not None:
                seen.append((entry, known[1]))
        return seen

    def _code(self, entry: HistoryEntry) -> Code | None:
        return self._encode(entry) if self._space.contains(entry.params) else None


def finished(entry: HistoryEntry) -> bool:
    """True when the trial has a value to learn from."""
    return entry.value is not None and not entry.bad and not entry.running
