"""What a lease leaves on its node's disk for the agent: who it is, and which run it is at.

A file for each lease, in a folder that belongs to the launch and is for its owner only. So a
run's begin costs no message, and an agent that takes the place of a dead one knows all. The file
is mapped into memory and is written there: a run's begin costs no call of the system either.
It has two pages, each with a number and a checksum before the note, written by turns: what counts
is the page with the higher number of those that are whole.
"""

from __future__ import annotations

import dataclasses
import mmap
import os
import struct
import time
import zlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from sweeper.core.records import RunKey
from sweeper.execution import processes

_exit = os._exit

_PAGE = 2048
_HEAD = struct.Struct("<QI")  # number and checksum
_NOTE = struct.Struct("<QQQqqqdqdq")
_LOOKS = 10  # both pages may be written while a file is read, hardly twice

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


_NO_RUN = RunKey(-1, 0, 0)
_NO_LIMIT = -1
_NO_EXIT = -(2**63)


def _packed(note: Note) -> bytes:
    return _NOTE.pack(
        note.lease,
        note.pid,
        note.rank,
        *(note.run or _NO_RUN),
        note.began,
        _NO_LIMIT if note.memory is None else note.memory,
        _NO_LIMIT if note.timeout is None else note.timeout,
        _NO_EXIT if note.exit is None else note.exit,
    )


def _unpacked(content: bytes) -> Note:
    lease, pid, rank, trial, fold, attempt, began, memory, timeout, status = _NOTE.unpack(content)
    run = RunKey(trial, fold, attempt)
    return Note(
        lease,
        pid,
        rank,
        None if run == _NO_RUN else run,
        began,
        None if memory == _NO_LIMIT else memory,
        None if timeout == _NO_LIMIT else timeout,
        None if status == _NO_EXIT else status,
    )


def raylet() -> int:
    """The process that every worker of this node is below: to its workers, and to who started it."""
    from ray._private import worker

    node: Any = worker._global_node
    started = node.all_processes.get("raylet") if node is not None else None
    if started:
        return int(started[0].process.pid)
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
    notes = (_read(path) for path in place.glob("*.note"))
    return [note for note in notes if note is not None]


def erase(place: Path, note: Note) -> None:
    for path in (_path(place, note), log_of(place, note.pid)):
        path.unlink(missing_ok=True)


def _read(path: Path) -> Note | None:
    """None when it is gone, or what wrote it has gone wild."""
    for _ in range(_LOOKS):
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        pages = (content[at : at + _PAGE] for at in range(0, len(content), _PAGE))
        whole = [page for page in map(_whole, pages) if page is not None]
        if whole:
            return _unpacked(max(whole)[1])
    return None


def _whole(page: bytes) -> tuple[int, bytes] | None:
    """Its number and note; None for one that is being written, or never was."""
    number, checksum = _HEAD.unpack_from(page)
    note = page[_HEAD.size : _HEAD.size + _NOTE.size]
    return (number, note) if number and _sum(number, note) == checksum else None


def _sum(number: int, note: bytes) -> int:
    return zlib.crc32(note, number & 0xFFFFFFFF)


def _path(place: Path, note: Note) -> Path:
    return place / f"{note.lease}-{note.rank}.note"


def _mapped(path: Path) -> mmap.mmap:
    """Two empty pages in a new file, in memory."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(descriptor, bytes(2 * _PAGE))  # a full disk is noticed here
        return mmap.mmap(descriptor, 2 * _PAGE)
    finally:
        os.close(descriptor)


class Notebook:
    """A lease's side: keeps its note up to date and its worker's processes in order."""

    def __init__(self, launch: str, lease: int, rank: int = 0) -> None:
        os.environ[MARK] = here(launch)
        processes.adopt_orphans()
        self._place = folder(launch)
        note = Note(lease, os.getpid(), rank)
        self.log = log_of(self._place, os.getpid())
        self._number = 0
        place = _path(self._place, note)
        beside = place.with_suffix(".new")
        self._pages = _mapped(beside)
        self._say(note)
        os.replace(beside, place)
        os._exit = self._exit  # type: ignore[assignment]

    def begin(self, run: RunKey, memory: int | None, timeout: float | None) -> None:
        """A run begins. What the one before it printed is no longer there."""
        with suppress(FileNotFoundError):
            os.truncate(self.log, 0)
        worker = self._note
        began = time.monotonic()
        self._say(Note(worker.lease, worker.pid, worker.rank, run, began, memory, timeout))

    def end(self) -> None:
        """The run is over, and so is whatever it started."""
        worker = self._note
        self._say(Note(worker.lease, worker.pid, worker.rank, began=worker.began))
        processes.end_leftovers()

    def leave(self) -> None:
        """The lease ends in order. Whoever kept its `os._exit` can still end by that."""
        os._exit = _exit
        _path(self._place, self._note).unlink(missing_ok=True)

    def _exit(self, status: int) -> NoReturn:
        """Who ends its process this way says so first: nobody could tell afterwards."""
        if os.getpid() == self._note.pid:
            self._say(dataclasses.replace(self._note, exit=status))
        _exit(status)

    def _say(self, note: Note) -> None:
        """This is the note from now on."""
        self._note = note
        content = _packed(note)
        self._number += 1
        at = self._number % 2 * _PAGE
        page = _HEAD.pack(self._number, _sum(self._number, content)) + content
        self._pages[at : at + len(page)] = page
