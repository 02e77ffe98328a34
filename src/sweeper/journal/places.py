"""Where a sweep keeps its journal, and everything that needs to know.

Usually it is the file `journal.jsonl` in the sweep's directory, with `lock` beside it. A
sweep on a server has there, for its owner only, `journal.json`: the server's URL and the
sweep's name on it. So whoever has the directory finds the journal, without the config.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from sweeper.core.events import Event
from sweeper.journal import file, lock
from sweeper.ports import ConfigError, Journal, JournalDamaged, SweeperError

if TYPE_CHECKING:
    from sweeper.journal.sql import Server

FILE, LOCK, POINTER = "journal.jsonl", "lock", "journal.json"


class Tail(Protocol):
    """Reads a growing journal piece by piece."""

    def read(self, after: int) -> list[tuple[int, Event]]: ...


class Place(Protocol):
    """One sweep's journal: to write it, to read it, and to see who writes it."""

    def hold(self, lost: Callable[[], None] = ...) -> AbstractContextManager[Journal]:
        """The journal, to be written by us alone. SweepHeld names who has it already.

        `lost` is called, from another thread, when somebody has taken over; nothing can be
        appended any more.
        """

    def seize(self) -> AbstractContextManager[None]:
        """Keeps controllers out, whatever state the journal is in. SweepHeld as with `hold`."""

    def remove(self) -> None:
        """The journal is no more. For who has seized it."""

    def read(self) -> Iterator[Event]: ...
    def records(self) -> Iterator[list[Event]]: ...
    def tail(self) -> Tail: ...
    def holder(self) -> str | None: ...
    def lines(self, *marks: bytes) -> Iterator[bytes]:
        """The lines that contain all these marks, newlines included, unchecked."""


@dataclass(frozen=True, slots=True)
class OnFile:
    """In the sweep's directory."""

    directory: Path

    @contextmanager
    def hold(self, lost: Callable[[], None] = lambda: None) -> Iterator[Journal]:
        """A file's lock is never lost while its process lives."""
        held = lock.Lock(self.directory / LOCK)
        try:
            journal = file.FileJournal(self.directory / FILE)
            try:
                yield journal
            finally:
                journal.close()
        finally:
            held.release()

    @contextmanager
    def seize(self) -> Iterator[None]:
        held = lock.Lock(self.directory / LOCK)
        try:
            yield
        finally:
            held.release()

    def remove(self) -> None:
        (self.directory / FILE).unlink(missing_ok=True)

    def read(self) -> Iterator[Event]:
        return file.read(self.directory / FILE)

    def records(self) -> Iterator[list[Event]]:
        return file.records(self.directory / FILE)

    def tail(self) -> Tail:
        return file.Tail(self.directory / FILE)

    def holder(self) -> str | None:
        return lock.holder(self.directory / LOCK)

    def lines(self, *marks: bytes) -> Iterator[bytes]:
        with (self.directory / FILE).open("rb") as stream:
            yield from (line for line in stream if all(mark in line for mark in marks))


@dataclass(frozen=True, slots=True)
class OnServer:
    """On a server; the directory points to it."""

    directory: Path
    url: str
    sweep: str

    @contextmanager
    def hold(self, lost: Callable[[], None] = lambda: None) -> Iterator[Journal]:
        """Takes over from a holder that died; that takes as long as its lease lasts."""
        from sweeper.journal.sql import Lease, SqlJournal

        with self._server() as server:
            server.prepare()
            lease = Lease(server, self.sweep, lost)
            try:
                journal = SqlJournal(server, self.sweep, lease, self._point)
                self._settle(journal, server.name)
                yield journal
            finally:
                lease.release()

    @contextmanager
    def seize(self) -> Iterator[None]:
        from sweeper.journal.sql import Lease

        with self._server() as server:
            server.prepare()
            lease = Lease(server, self.sweep, lambda: None)
            try:
                yield
            finally:
                lease.release()

    def remove(self) -> None:
        """The pointer goes last: it says where there is something to remove."""
        from sweeper.journal.sql import remove

        with self._server() as server:
            remove(server, self.sweep)
        (self.directory / POINTER).unlink(missing_ok=True)

    def read(self) -> Iterator[Event]:
        from sweeper.journal.sql import read

        with self._server() as server:
            yield from read(server, self.sweep)

    def records(self) -> Iterator[list[Event]]:
        from sweeper.journal.sql import records

        with self._server() as server:
            yield from records(server, self.sweep)

    def tail(self) -> Tail:
        """Its connections are given back when it is forgotten."""
        from sweeper.journal.sql import Server, Tail

        return Tail(Server(self.url), self.sweep)

    def holder(self) -> str | None:
        from sweeper.journal.sql import holder

        with self._server() as server:
            return holder(server, self.sweep)

    def lines(self, *marks: bytes) -> Iterator[bytes]:
        from sweeper.journal.sql import lines

        with self._server() as server:
            yield from lines(server, self.sweep, *marks)

    @contextmanager
    def _server(self) -> Iterator[Server]:
        from sweeper.journal.sql import Server

        server = Server(self.url)
        try:
            yield server
        finally:
            server.close()

    def _settle(self, journal: Journal, server: str) -> None:
        """A sweep that has begun must be there, else another would begin under its name."""
        if journal.length():
            self._point()
        elif (self.directory / POINTER).exists():
            raise SweeperError(
                f"sweep {self.sweep} has run from {self.directory}, but {server} knows nothing "
                f"of it: a wrong `journal:`, or a database that was emptied. Correct it, or "
                f"launch under another name with `--as NAME`"
            )

    def _point(self) -> None:
        """Leave in the directory where the journal is; whole or not at all, like all its files."""
        text = json.dumps({"url": self.url, "sweep": self.sweep})
        beside = self.directory / f".{POINTER}.{os.getpid()}"
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(beside, self.directory / POINTER)


def exists(directory: Path) -> bool:
    """Whether a sweep has its journal in this directory, or a pointer to it."""
    return (directory / FILE).is_file() or (directory / POINTER).is_file()


def at(directory: Path) -> Place:
    """Where the sweep of this directory keeps its journal."""
    pointer = directory / POINTER
    if not pointer.is_file():
        return OnFile(directory)
    try:
        found = json.loads(pointer.read_text())
        return OnServer(directory, found["url"], found["sweep"])
    except (ValueError, KeyError, TypeError) as error:
        raise JournalDamaged(
            f"{pointer} does not say where the journal is; a launch of the sweep's config "
            "writes it anew, when the file is gone"
        ) from error


def chosen(directory: Path, sweep: str, url: str | None) -> Place:
    """Where a launch keeps it: at `url`, or without one in the directory.

    ConfigError when a sweep is there already and keeps it elsewhere: a journal does not move.
    """
    on_file = (directory / FILE).is_file()
    if url is None and not on_file and (directory / POINTER).is_file():
        raise ConfigError(
            f"sweep {sweep} keeps its journal on a server, and the config has no `journal:` any "
            "more. Put the key back, or use another name with `--as NAME`"
        )
    if url is not None and on_file:
        raise ConfigError(
            f"sweep {sweep} keeps its journal in {directory / FILE}, which does not move to a "
            "server. Remove the key `journal`, or use another name with `--as NAME`"
        )
    return OnFile(directory) if url is None else OnServer(directory, url, sweep)
