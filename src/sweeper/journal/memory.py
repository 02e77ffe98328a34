"""The journal port in memory, for tests and dry runs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from sweeper.core.events import Event
from sweeper.journal.file import dump


class MemoryJournal:
    """Keeps its records as the lines a file journal would hold."""

    def __init__(self) -> None:
        self.records: list[tuple[Event, ...]] = []

    def replay(self) -> Iterator[Event]:
        for record in list(self.records):
            yield from record

    def append(self, records: Sequence[Sequence[Event]]) -> None:
        self.records += [tuple(record) for record in records]

    def length(self) -> int:
        return sum(len(record) for record in self.records)

    def digest(self) -> str:
        seq, sha = 1, hashlib.sha256()
        for record in self.records:
            sha.update(dump(seq, record))
            seq += len(record)
        return sha.hexdigest()

    def close(self) -> None:
        """Nothing to give back."""
