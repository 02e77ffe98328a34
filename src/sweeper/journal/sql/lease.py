"""One writer a sweep, by a lease with a fencing number.

Whoever takes the lease raises the number, and every append checks it under a lock on the
lease's row: a controller that was paused, or cut off, and has lost its lease can write
nothing more. While it lives it says so every BEAT seconds. Who comes second watches: a lease
that is renewed meanwhile is held, one that runs out is taken over. Running out is by the
server's clock; and in case that was set back, by no renewal for TTL seconds of watching.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from sweeper.journal.lock import held_by, named, signature
from sweeper.journal.sql.server import LEASES, Server
from sweeper.ports import JournalUnreachable, JournalUnwritable, SweepHeld

TTL, BEAT, LOOK = 4.0, 1.0, 0.2
"""Seconds a lease lasts, between two renewals, and between two looks at another's."""

_NOW = sa.func.clock_timestamp(type_=sa.DateTime(timezone=True))
_LATER = _NOW + timedelta(seconds=TTL)


class Lease:
    """Held from construction to `release`; SweepHeld when another process has it.

    `lost` is called, on a thread of the lease's own, when another process has taken over.
    """

    def __init__(self, server: Server, sweep: str, lost: Callable[[], None]) -> None:
        self._server, self._sweep, self._lost = server, sweep, lost
        self._fence = _take(server, sweep)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="lease", daemon=True)
        self._thread.start()

    def renew(self, connection: sa.Connection) -> None:
        """Lock the lease until the transaction ends, and prolong it. SweepHeld when it is lost."""
        mine = (LEASES.c.sweep == self._sweep) & (LEASES.c.fence == self._fence)
        done = connection.execute(sa.update(LEASES).where(mine).values(expires=_LATER))
        if done.rowcount == 0:
            raise SweepHeld(
                f"this controller was not heard of for {TTL:g} s or more, and lost the sweep "
                f"{self._sweep} to another: {_taker(connection, self._sweep)}. Nothing that it "
                "decided since has been written or done"
            )

    def release(self) -> None:
        """Give the lease back, if it is still held and the server can be told."""
        self._over.set()
        self._thread.join()
        mine = (LEASES.c.sweep == self._sweep) & (LEASES.c.fence == self._fence)
        try:
            with self._server.begin() as connection:
                connection.execute(sa.update(LEASES).where(mine).values(expires=_NOW))
        except JournalUnreachable:
            return  # it runs out by itself

    def _beat(self) -> None:
        while not self._over.wait(BEAT):
            try:
                with self._server.begin() as connection:
                    self.renew(connection)
            except (JournalUnreachable, JournalUnwritable):
                continue  # the next beat tries again; an append says so if it lasts
            except SweepHeld:
                self._lost()
                return


def holder(server: Server, sweep: str) -> str | None:
    """Who holds the lease, in words; None when nobody does."""
    alive = (LEASES.c.sweep == sweep) & (LEASES.c.expires > _NOW)
    with server.begin() as connection:
        found = connection.execute(sa.select(LEASES.c.holder).where(alive)).scalar()
    return None if found is None else named(found)


def _take(server: Server, sweep: str) -> int:
    """The fencing number under which this process may write from now on."""
    free = insert(LEASES).values(sweep=sweep, fence=0, holder="", expires=_NOW)
    with server.begin() as connection:
        connection.execute(free.on_conflict_do_nothing())
    mine = LEASES.c.sweep == sweep
    look = sa.select(LEASES, (LEASES.c.expires > _NOW).label("alive")).where(mine)
    seen, patience = None, time.monotonic() + TTL
    while True:
        with server.begin() as connection:
            found = connection.execute(look.with_for_update()).one()
            silent = found.expires == seen and time.monotonic() > patience
            if silent or not found.alive:
                taken = {"fence": found.fence + 1, "holder": signature(), "expires": _LATER}
                connection.execute(sa.update(LEASES).where(mine).values(taken))
                return int(found.fence) + 1
        if seen not in (None, found.expires):
            raise held_by(named(found.holder))
        seen = found.expires
        time.sleep(LOOK)


def _taker(connection: sa.Connection, sweep: str) -> str:
    query = sa.select(LEASES.c.holder).where(LEASES.c.sweep == sweep)
    found = connection.execute(query).scalar()
    return "the lease is gone" if found is None else named(found)
