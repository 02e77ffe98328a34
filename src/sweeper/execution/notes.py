"""What a lease leaves on its node's disk for the agent: who it is, and which run it is at.

A file for each lease, in a folder that belongs to the launch and is for its owner only. So a
run's begin costs no message, and an agent that takes the place of a dead one knows all.
"""

from __future__ import annotations

import dataclasses
import json
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from sweeper.core.records import RunKey
from sweeper.execution import processes

_exit = os._exit

MARK = "SWEEPER_LAUNCH"
"""In the environment of everything that a lease's worker starts."""


@dataclass(frozen=True, slots=True)
class Note:
    """A lease's worker, one of several in a gang. `began` is the machine's monotonic clock when
    `run` began."""

    lease: int
    pid: int
    rank: int = 0
    run: RunKey | None = None
    began: float = 0.0
    memory: int | None = None
    timeout: float | None = None
    exit: int | None = None  # what the worker gave to os._exit


def raylet() -> int:
    """The process that every worker of this node is below."""
    return int(os.environ.get("RAY_RAYLET_PID") or os.getppid())


def here(launch: str) -> str:
    """The launch on this node: one machine may be several nodes."""
    return f"{launch}-{raylet()}"


def folder(launch: str) -> Path:
    """The launch's own folder, beside Ray's own files of this session."""
    from ray._private import worker

    session: Any = worker._global_node
    path = Path(session.get_session_dir_path()) / f"sweeper-{here(launch)}"
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def log_of(place: Path, pid: int) -> Path:
    """Where a worker's process writes what its run prints."""
    return place / f"{pid}.log"


def read(place: Path) -> list[Note]:
    """The notes of all leases at work on this node."""
    found = []
    for path in place.glob("*.note"):
        with suppress(FileNotFoundError):
            found.append(_decoded(path.read_text()))
    return found


def erase(place: Path, note: Note) -> None:
    for path in (_path(place, note), log_of(place, note.pid)):
        path.unlink(missing_ok=True)


def _decoded(text: str) -> Note:
    raw = json.loads(text)
    run = raw.pop("run")
    return Note(**raw, run=RunKey(**run) if run else None)


def _path(place: Path, note: Note) -> Path:
    return place / f"{note.lease}-{note.rank}.note"


class Notebook:
    """A lease's side: keeps its note up to date and its worker's processes in order."""

    def __init__(self, launch: str, lease: int, rank: int = 0) -> None:
        os.environ[MARK] = here(launch)
        processes.adopt_orphans()
        self._place = folder(launch)
        self._note = Note(lease, os.getpid(), rank)
        self.log = log_of(self._place, os.getpid())
        self._say()
        os._exit = self._exit  # type: ignore[assignment]

    def begin(self, run: RunKey, memory: int | None, timeout: float | None) -> None:
        """A run begins. What the one before it printed is no longer there."""
        if self.log.exists():
            os.truncate(self.log, 0)
        self._say(run=run, began=time.monotonic(), memory=memory, timeout=timeout)

    def end(self) -> None:
        """The run is over, and so is whatever it started."""
        self._say(run=None, memory=None, timeout=None)
        processes.end_leftovers()

    def leave(self) -> None:
        """The lease ends in order."""
        os._exit = _exit
        _path(self._place, self._note).unlink(missing_ok=True)

    def _exit(self, status: int) -> NoReturn:
        """Who ends its process this way says so first: nobody could tell afterwards."""
        if os.getpid() == self._note.pid:
            with suppress(OSError):  # then it is not known how it ended
                self._say(exit=status)
        _exit(status)

    def _say(self, **news: Any) -> None:
        """Change the note, whole or not at all: the agent may read at any time."""
        self._note = dataclasses.replace(self._note, **news)
        beside = _path(self._place, self._note).with_suffix(".new")
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            json.dump(dataclasses.asdict(self._note), out)
        os.replace(beside, _path(self._place, self._note))
