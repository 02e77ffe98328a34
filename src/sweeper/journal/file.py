"""The file journal: one JSON line a record, checksummed, flushed to disk once per append.

    {"sum":"9ae0c1d2","seq":41,"events":[…]}

A record holds the events of one decision, so that they are durable together. `seq`
numbers events: it is the number of the record's first one, and the next record's is
higher by as many events as this one has. `sum` is the CRC-32 of everything that stands
behind it in the line. A last line without its newline, or a run of NUL bytes at the
end, is a torn write: it was never acknowledged and is cut off. Anything else that does
not check is damage, and is reported with its line; nothing is ever read past it.
"""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from sweeper.core import codec
from sweeper.core.events import Event
from sweeper.ports import JournalDamaged, JournalUnwritable

_HEAD = b'{"sum":"'
_BODY = len(_HEAD) + 8 + len(b'",')


def dump(seq: int, events: Sequence[Event]) -> bytes:
    """One line, its newline included."""
    bodies = [codec.encode(event) for event in events]
    text = json.dumps(
        {"seq": seq, "events": bodies},
        ensure_ascii=False,
        allow_nan=False,
        separators=(",", ":"),
    )
    rest = text[1:].encode()
    return b'%s%08x",%s\n' % (_HEAD, zlib.crc32(rest), rest)


def load(line: bytes, number: int, path: Path) -> tuple[int, list[Event]]:
    """The record on a line without its newline; JournalDamaged names the line."""
    check(line, number, path)
    try:
        record: dict[str, Any] = json.loads("{" + line[_BODY:].decode())
        return int(record["seq"]), [codec.decode(body) for body in record["events"]]
    except codec.UnknownRecord as error:
        raise JournalDamaged(
            f"{path}:{number}: this record is not known to this version of sweeper ({error}). "
            "If a later version wrote it, use that one"
        ) from error
    except (ValueError, KeyError) as error:
        raise JournalDamaged(_damage(path, number, str(error))) from error


def check(line: bytes, number: int, path: Path) -> None:
    """JournalDamaged when the line's checksum does not fit."""
    if line[: len(_HEAD)] != _HEAD or line[_BODY - 2 : _BODY] != b'",':
        raise JournalDamaged(_damage(path, number, "it does not begin as a record"))
    if line[len(_HEAD) : _BODY - 2] != b"%08x" % zlib.crc32(line[_BODY:]):
        raise JournalDamaged(_damage(path, number, "its checksum does not fit"))


def _damage(path: Path, number: int, what: str) -> str:
    return (
        f"{path}:{number}: this record is damaged: {what}. Nothing after it can be trusted; "
        f"`sweeper doctor` says more, and a copy of the file from a backup mends it"
    )


def scan(stream: BinaryIO, path: Path, seq: int = 1) -> Iterator[tuple[int, list[Event], int]]:
    """Records from the stream's position: (number of first event, events, end offset).

    Ends before a torn tail. JournalDamaged for anything else that does not check.
    """
    offset = stream.tell()
    for number, raw in enumerate(stream, start=1):
        if _torn(raw, stream, path, number):
            return
        found, events = load(raw[:-1], number, path)
        if found != seq:
            raise JournalDamaged(_damage(path, number, f"it is number {found} and not {seq}"))
        seq += len(events)
        offset += len(raw)
        yield found, events, offset


def _torn(raw: bytes, stream: BinaryIO, path: Path, number: int) -> bool:
    """Whether `raw` is a write that did not finish; JournalDamaged when it is worse."""
    if raw.endswith(b"\n") and raw.strip(b"\0\n"):
        return False
    if raw.endswith(b"\n") or stream.read().strip(b"\0"):
        raise JournalDamaged(_damage(path, number, "there are empty bytes before it"))
    try:
        load(raw[:-1], number, path)
    except JournalDamaged:
        return True
    raise JournalDamaged(_damage(path, number, "the newline at its end is another character"))


def read(path: Path) -> Iterator[Event]:
    """All events, for a reader without the lock; a torn tail is passed over."""
    with path.open("rb") as stream:
        for _, events, _ in scan(stream, path):
            yield from events


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
            raise JournalUnwritable(_unwritable(path, error)) from error
        self._end = 0
        self._survey()
        self._cut()

    def _survey(self) -> None:
        """Check every line, and find where the last good one ends and what follows it."""
        last, number = b"", 0
        with self._path.open("rb") as stream:
            for number, raw in enumerate(stream, start=1):
                if _torn(raw, stream, self._path, number):
                    break
                check(raw[:-1], number, self._path)
                last = raw
                self._end += len(raw)
        if last:
            first, events = load(last[:-1], number, self._path)
            self._next = first + len(events)

    def replay(self) -> Iterator[Event]:
        with self._path.open("rb") as stream:
            for _, events, _ in scan(stream, self._path):
                yield from events

    def append(self, records: Sequence[Sequence[Event]]) -> None:
        """Write one line for each record and flush them to disk once.

        JournalUnwritable when that fails; what was half written is cut off again.
        """
        lines, seq = [], self._next
        for events in records:
            lines.append(dump(seq, events))
            seq += len(events)
        data = b"".join(lines)
        try:
            _write(self._file, data)
            os.fdatasync(self._file)
        except OSError as error:
            self._cut()
            raise JournalUnwritable(_unwritable(self._path, error)) from error
        self._next, self._end = seq, self._end + len(data)

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
            raise JournalUnwritable(_unwritable(self._path, error)) from error


def _write(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


def _unwritable(path: Path, error: OSError) -> str:
    return (
        f"{path} cannot be written: {error.strerror}. Everything acknowledged so far is safe; "
        f"make room or give the right to write, and launch again to go on"
    )
