"""The journal port on a server: one row a record, with the line that a file would hold.

An append is one transaction: it checks the fencing number under the lease's row lock, then
inserts. When the connection is lost meanwhile it is tried again for PATIENCE seconds. The
row lock comes after whatever became of the lost try, so that looking whether its records are
there is certain: nothing is doubled and nothing lost.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import chain

import sqlalchemy as sa

from sweeper.core.events import Event
from sweeper.journal.lines import damaged, dump_all, load
from sweeper.journal.sql.lease import Lease
from sweeper.journal.sql.server import RECORDS, Server
from sweeper.ports import JournalUnreachable, JournalUnwritable

PATIENCE, PAUSE = 30.0, 0.5
"""Seconds for which an append is tried again, and between two tries."""

_PAGE = 2000
_Row = tuple[int, bytes]


class SqlJournal:
    """The journal port. `begun` is called when its first record is durable."""

    def __init__(
        self, server: Server, sweep: str, lease: Lease, begun: Callable[[], None] = lambda: None
    ) -> None:
        """JournalDamaged when the last record is; `replay` checks all."""
        self._server, self._sweep, self._lease, self._begun = server, sweep, lease, begun
        mine = RECORDS.c.sweep == sweep
        with server.begin() as connection:
            last = connection.execute(
                sa.select(RECORDS.c.seq).where(mine).order_by(RECORDS.c.seq.desc()).limit(1)
            ).scalar()
        self._next = 1
        for first, events in _records(server, sweep, last or 1):
            self._next = first + len(events)

    def replay(self) -> Iterator[Event]:
        return read(self._server, self._sweep)

    def append(self, records: Sequence[Sequence[Event]]) -> None:
        """Write all records in one transaction.

        SweepHeld when the lease is lost: nothing was written. JournalUnwritable when the
        server refuses, or stays away for longer than PATIENCE.
        """
        rows = dump_all(self._next, records)
        if not rows:
            return
        self._insist(rows)
        first = self._next == 1
        self._next += sum(len(events) for events in records)
        if first:
            self._begun()

    def length(self) -> int:
        """How many events there are."""
        return self._next - 1

    def digest(self) -> str:
        """SHA-256 of all lines, as of a file that holds them."""
        sha = hashlib.sha256()
        for line in lines(self._server, self._sweep):
            sha.update(line)
        return sha.hexdigest()

    def close(self) -> None:
        """Whoever opened server and lease ends them."""

    def _insist(self, rows: Sequence[_Row]) -> None:
        deadline, again = time.monotonic() + PATIENCE, False
        while True:
            try:
                return self._write(rows, again)
            except JournalUnreachable as error:
                if time.monotonic() > deadline:
                    raise JournalUnwritable(
                        f"{error}. It was tried for {PATIENCE:g} s. Everything acknowledged "
                        "so far is safe; launch again to go on"
                    ) from error
            again = True
            time.sleep(PAUSE)

    def _write(self, rows: Sequence[_Row], again: bool) -> None:
        with self._server.begin() as connection:
            self._lease.renew(connection)
            if again and self._there(connection, rows[0][0]) == rows:
                return
            values = [{"sweep": self._sweep, "seq": seq, "line": line} for seq, line in rows]
            connection.execute(sa.insert(RECORDS), values)

    def _there(self, connection: sa.Connection, first: int) -> list[_Row]:
        mine = (RECORDS.c.sweep == self._sweep) & (RECORDS.c.seq >= first)
        query = sa.select(RECORDS.c.seq, RECORDS.c.line).where(mine).order_by(RECORDS.c.seq)
        return [(seq, bytes(line)) for seq, line in connection.execute(query)]


class Tail:
    """Reads a growing journal piece by piece."""

    def __init__(self, server: Server, sweep: str) -> None:
        self._server, self._sweep = server, sweep

    def read(self, after: int) -> list[tuple[int, Event]]:
        """The events behind number `after`, each with its number; empty when there are none."""
        mine = (RECORDS.c.sweep == self._sweep) & (RECORDS.c.seq <= after + 1)
        with self._server.begin() as connection:
            start = connection.execute(sa.select(sa.func.max(RECORDS.c.seq)).where(mine)).scalar()
        return [
            (first + i, event)
            for first, events in (_records(self._server, self._sweep, start) if start else ())
            for i, event in enumerate(events)
            if first + i > after
        ]


def records(server: Server, sweep: str) -> Iterator[list[Event]]:
    """All records, for a reader without the lease. JournalDamaged names the one that is."""
    yield from (events for _, events in _records(server, sweep, 1))


def read(server: Server, sweep: str) -> Iterator[Event]:
    """All events, as `records` has them."""
    return chain.from_iterable(records(server, sweep))


def remove(server: Server, sweep: str) -> None:
    """All records of a sweep. Its lease stays: it says nothing but who wrote last."""
    with server.begin() as connection:
        connection.execute(sa.delete(RECORDS).where(RECORDS.c.sweep == sweep))


def lines(server: Server, sweep: str, *marks: bytes) -> Iterator[bytes]:
    """The lines that contain all these marks, as they are, newlines included."""
    for _, line in _rows(server, sweep, 1, marks):
        yield line


def _records(server: Server, sweep: str, seq: int) -> Iterator[tuple[int, list[Event]]]:
    """Records from the one numbered `seq` on, each checked, none missing between them."""
    for row, line in _rows(server, sweep, seq):
        place = f"{server.name}, sweep {sweep}, record {row}"
        found, events = load(line.removesuffix(b"\n"), place)
        if found != row or row != seq:
            raise damaged(place, f"it says number {found}, and {seq} is expected here")
        seq += len(events)
        yield found, events


def _rows(server: Server, sweep: str, seq: int, marks: Sequence[bytes] = ()) -> Iterator[_Row]:
    """Rows from `seq` on, a page at a time: no transaction stays open while they are used."""
    query = sa.select(RECORDS.c.seq, RECORDS.c.line).where(RECORDS.c.sweep == sweep)
    for mark in marks:
        query = query.where(sa.func.position(sa.literal(mark).op("IN")(RECORDS.c.line)) > 0)
    query = query.order_by(RECORDS.c.seq).limit(_PAGE)
    while True:
        with server.begin() as connection:
            page = connection.execute(query.where(RECORDS.c.seq >= seq)).all()
        yield from ((row.seq, bytes(row.line)) for row in page)
        if len(page) < _PAGE:
            return
        seq = page[-1].seq + 1
