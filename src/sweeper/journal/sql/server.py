"""A server that holds journals: its two tables, how to reach it, and its errors in our words.

    sweeper_journal   (sweep, seq) → line: one row a record, the very line a file would hold
    sweeper_lease     sweep → who may write, under which fencing number, until when

A sweep's name is its identity on a server. What a connection asks for beside that: a
transaction left open by a process that was paused ends after IDLE_MS, so that it cannot keep
others out, and a commit is on disk when it is answered.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from sweeper.ports import JournalUnreachable, JournalUnwritable, SweeperError

_TABLES = sa.MetaData()

RECORDS = sa.Table(
    "sweeper_journal",
    _TABLES,
    sa.Column("sweep", sa.Text, primary_key=True),
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("line", sa.LargeBinary, nullable=False),
)

LEASES = sa.Table(
    "sweeper_lease",
    _TABLES,
    sa.Column("sweep", sa.Text, primary_key=True),
    sa.Column("fence", sa.BigInteger, nullable=False),
    sa.Column("holder", sa.Text, nullable=False),
    sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
)

IDLE_MS, LOCK_MS, STATEMENT_MS = 2000, 4000, 20_000
_SESSION = (
    f"SET idle_in_transaction_session_timeout = {IDLE_MS}; SET lock_timeout = {LOCK_MS}; "
    f"SET statement_timeout = {STATEMENT_MS}; SET synchronous_commit = on"
)
_CONNECTING = {
    "application_name": "sweeper",
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
_ONE_AT_A_TIME = 0x53574545
"""Key of the advisory lock under which tables are made."""


class Server:
    """`name` is for people: without user and password."""

    def __init__(self, url: str) -> None:
        """Does not connect yet. SweeperError for a URL that is none, or a missing driver."""
        try:
            found = sa.make_url(url).set(drivername="postgresql+psycopg")
            own = {k: v for k, v in _CONNECTING.items() if k not in found.query}
            self._engine = sa.create_engine(found, connect_args=own, hide_parameters=True)
        except sa.exc.ArgumentError as error:
            raise SweeperError(
                "`journal` is not a database's URL; expected postgresql://user@host/database"
            ) from error
        except ImportError as error:
            raise SweeperError(
                "a journal on a PostgreSQL server needs a driver: pip install 'sweeper[sql]'"
            ) from error
        port = f":{found.port}" if found.port else ""
        where = found.host or found.query.get("host") or "the default socket"
        self.name = f"postgresql://{where}{port}/{found.database or ''}"
        sa.event.listen(self._engine, "connect", _settle)

    def prepare(self) -> None:
        """Make the tables where they are missing; two processes may do so at once."""
        with self.begin() as connection:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ONE_AT_A_TIME)))
            _TABLES.create_all(connection)

    @contextmanager
    def begin(self) -> Iterator[sa.Connection]:
        """A transaction, committed at the end.

        JournalUnreachable when the server cannot be asked, or the answer to the commit was
        lost; JournalUnwritable when it says no.
        """
        try:
            with self._engine.begin() as connection:
                yield connection
        except sa.exc.OperationalError as error:
            raise JournalUnreachable(self._unreachable(error)) from error
        except sa.exc.DBAPIError as error:
            if error.connection_invalidated:
                raise JournalUnreachable(self._unreachable(error)) from error
            raise JournalUnwritable(
                f"{self.name} refuses the journal's statement: {_said(error)}. Everything "
                "acknowledged so far is safe; give the right to create and write the tables "
                "sweeper_journal and sweeper_lease, and launch again to go on"
            ) from error

    def close(self) -> None:
        self._engine.dispose()

    def _unreachable(self, error: sa.exc.DBAPIError) -> str:
        return (
            f"the journal's server {self.name} cannot be reached: {_said(error)}. "
            "Start it, or correct `journal:` or the password (PGPASSWORD, ~/.pgpass)"
        )


def _settle(connection: Any, record: object) -> None:
    connection.execute(_SESSION)
    connection.commit()


def _said(error: sa.exc.DBAPIError) -> str:
    """The driver's own first line: no statement, no values, no password."""
    lines = str(error.orig).strip().splitlines()
    return lines[0] if lines else type(error.orig).__name__
