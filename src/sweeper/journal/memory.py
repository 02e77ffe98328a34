"""The journal port in memory, for tests and dry runs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from sweeper.core.events import Event
from sweeper.journal.lines import dump_all


class MemoryJournal:
    """Keeps its records as the lines a file journal would hold."""

    def __init__(self) -> None:
        self.records: list[tuple[Event, ...]] = []

    def replay(self) -> Iterator[Event]:
        for record in list(self.records):
            yield from record

    def append(self, records: Sequence[Sequence[Event]]) -> None:
        dump_all(self.length() + 1, records)  # what a file would refuse is refused here too
        self.records += [tuple(record) for record in records]

    def length(self) -> int:
        return sum(len(record) for record in self.records)

    def digest(self) -> str:
        data = b"".join(line for _, line in dump_all(1, self.records))
        return hashlib.sha256(data).hexdigest()

    def close(self) -> None:
        """Nothing to give back."""
