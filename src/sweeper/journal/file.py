"""The file journal: one line a record, flushed to disk once per append.

A last line without its newline, or a run of NUL bytes at the end, is a torn write: it was
never acknowledged and is cut off. Anything else that does not check is damage, and is
reported with its line; nothing is ever read past it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from sweeper.core.events import Event
from sweeper.journal.lines import check, damaged, dump, dump_all, load
from sweeper.journal.lock import unwritable
from sweeper.ports import JournalDamaged, JournalUnwritable

__all__ = ["FileJournal", "Tail", "dump", "load", "read", "records", "scan"]


def scan(
    stream: BinaryIO, path: Path | str, seq: int = 1
) -> Iterator[tuple[int, list[Event], int]]:
    """Records from the stream's position: (number of first event, events, end offset).

    Ends before a torn tail. JournalDamaged for anything else that does not check.
    """
    offset = stream.tell()
    for number, raw in enumerate(stream, start=1):
        if _torn(raw, path, number):
            return
        found, events = load(raw[:-1], f"{path}:{number}")
        if found != seq:
            raise damaged(f"{path}:{number}", f"it is number {found} and not {seq}")
        seq += len(events)
        offset += len(raw)
        yield found, events, offset


def _torn(raw: bytes, path: Path | str, number: int) -> bool:
    """Whether `raw` is a write that did not finish; JournalDamaged when it is worse."""
    if raw.endswith(b"\n"):
        if not raw.strip(b"\0\n"):
            raise damaged(f"{path}:{number}", "there are empty bytes in its place")
        return False
    if raw.endswith(b"\0"):
        return True
    try:
        load(raw[:-1], f"{path}:{number}")
    except JournalDamaged:
        return True
    raise damaged(f"{path}:{number}", "the newline at its end is another character")


def records(path: Path) -> Iterator[list[Event]]:
    """All records, for a reader without the lock; a torn tail is passed over."""
    with path.open("rb") as stream:
        yield from (events for _, events, _ in scan(stream, path))


def read(path: Path) -> Iterator[Event]:
    """All events, as `records` has them."""
    return chain.from_iterable(records(path))


class Tail:
    """Reads a growing journal piece by piece."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._seq = 1

    def read(self, after: int) -> list[tuple[int, Event]]:
        """The events behind number `after`, each with its number; empty when there are none.

        Quick where `after` is where the last read ended; else it begins at the start.
        """
        if after != self._seq - 1:
            self._offset, self._seq = 0, 1
        if not self._path.exists():
            return []
        found: list[tuple[int, Event]] = []
        with self._path.open("rb") as stream:
            stream.seek(self._offset)
            for first, events, end in scan(stream, self._path, self._seq):
                numbered = ((first + i, event) for i, event in enumerate(events))
                found += [(n, event) for n, event in numbered if n > after]
                self._offset, self._seq = end, first + len(events)
        return found


class FileJournal:
    """The journal port on a file. The caller holds the sweep's lock."""

    def __init__(self, path: Path) -> None:
        """Open or create; cuts off a torn tail. JournalDamaged, JournalUnwritable."""
        self._path = path
        self._next = 1
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise unwritable(path, error) from error
        self._end, self._torn = 0, False
        self._survey()
        self._cut()

    def _survey(self) -> None:
        """Check every line, and find where the last good one ends and what follows it."""
        last, number = b"", 0
        with self._path.open("rb") as stream:
            for number, raw in enumerate(stream, start=1):
                if _torn(raw, self._path, number):
                    break
                check(raw[:-1], f"{self._path}:{number}")
                last = raw
                self._end += len(raw)
        if last:
            first, events = load(last[:-1], f"{self._path}:{number}")
            self._next = first + len(events)

    def replay(self) -> Iterator[Event]:
        with self._path.open("rb") as stream:
            for _, events, _ in scan(stream, self._path):
                yield from events

    def append(self, records: Sequence[Sequence[Event]]) -> None:
        """Write one line for each record and flush them to disk once.

        JournalUnwritable when that fails; what was half written is cut off again, now or
        when the journal is next opened or appended to.
        """
        data = b"".join(line for _, line in dump_all(self._next, records))
        if self._torn:
            self._cut()
        self._torn = True
        try:
            _write(self._file, data)
            os.fdatasync(self._file)
        except OSError as error:
            with contextlib.suppress(JournalUnwritable):  # the first error says what is wrong
                self._cut()
            raise unwritable(self._path, error) from error
        self._torn = False
        self._next += sum(len(events) for events in records)
        self._end += len(data)

    def length(self) -> int:
        """How many events there are."""
        return self._next - 1

    def digest(self) -> str:
        """SHA-256 of the file as it stands."""
        with self._path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()

    def close(self) -> None:
        os.close(self._file)

    def _cut(self) -> None:
        """Drop whatever stands behind the last good record."""
        try:
            os.ftruncate(self._file, self._end)
            os.lseek(self._file, self._end, os.SEEK_SET)
        except OSError as error:
            raise unwritable(self._path, error) from error
        self._torn = False


def _write(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]
