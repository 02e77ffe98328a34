"""The journal on a PostgreSQL server, for clusters whose head may die. SQLAlchemy lives here only."""

from sweeper.journal.sql.journal import SqlJournal, Tail, lines, read, records, remove
from sweeper.journal.sql.lease import Lease, holder
from sweeper.journal.sql.server import Server

__all__ = ["Lease", "Server", "SqlJournal", "Tail", "holder", "lines", "read", "records", "remove"]
