"""A worker's processes on this machine: find them, weigh them, end them.

A worker that runs folds adopts its orphans (Linux), so that sessions, double forks and
daemons stay below it in the tree while it lives. What was seen below it is remembered: when
it dies by itself, its orphans belong to nobody, but they are known.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from sweeper import children

GONE = (psutil.NoSuchProcess, psutil.AccessDenied)

ROUNDS = 20
"""So often a tree is looked through for processes that it started while it was ended."""

_SET_CHILD_SUBREAPER = 36

Table = dict[int, list[psutil.Process]]
"""All processes of this machine, by their parent's id."""


def adopt_orphans() -> None:
    """From now on orphans below this process become its children. Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def table() -> Table:
    """One look at all processes."""
    found: Table = {}
    for process in psutil.process_iter():
        with suppress(*GONE):
            found.setdefault(process.ppid(), []).append(process)
    return found


def below(pid: int, seen: Table) -> list[psutil.Process]:
    """The descendants of `pid` in that look, parents first."""
    found = list(seen.get(pid, ()))
    for process in found:
        found += seen.get(process.pid, ())
    return found


@dataclass(slots=True)
class Tree:
    """A worker with everything that was ever seen below it."""

    root: psutil.Process | None  # None: it had ended before the first look
    known: set[psutil.Process] = field(default_factory=set)

    @classmethod
    def of(cls, pid: int) -> Tree:
        try:
            return cls(psutil.Process(pid))
        except psutil.NoSuchProcess:
            return cls(None)

    def look(self, seen: Table) -> None:
        """Remember who is below the root now; forget who ended."""
        now = below(self.root.pid, seen) if self.root is not None else ()
        self.known = {p for p in self.known if lives(p)} | set(now)

    @property
    def alive(self) -> bool:
        return self.root is not None and lives(self.root)

    def weight(self) -> int:
        """Bytes of memory that the tree has to itself."""
        members = self.known if self.root is None else {self.root, *self.known}
        return sum(_own_memory(process) for process in members)

    def kill(self) -> None:
        """End the whole tree. Its root is stopped first, so that it starts nothing more."""
        if self.root is not None:
            _send(self.root, signal.SIGSTOP)
            self.kill_below()
            _send(self.root, signal.SIGKILL)

    def kill_below(self) -> None:
        """End all but the root: what is below it now, and what ever was."""
        kill_all(self.known)
        for _ in range(ROUNDS if self.alive else 0):
            assert self.root is not None
            living = [p for p in below(self.root.pid, table()) if lives(p)]
            if not living:
                return
            kill_all(living)


def kill_all(found: Iterable[psutil.Process]) -> None:
    for process in found:
        _send(process, signal.SIGKILL)


def lives(process: psutil.Process) -> bool:
    """Whether it is still at work: neither ended nor a zombie, nor another with its number."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def strays(mark: str, place: Path, above: int) -> list[psutil.Process]:
    """Processes that are not below `above` and can only come from one of ours: they have
    `mark` (NAME=value) in their environment, or a file of `place` open. The former is what
    programs inherit, the latter what plain forks do. None is older than `above`."""
    seen = table()
    kin = {p.pid for p in below(above, seen)} | {above, os.getpid()}
    born = _born(above)
    others = (p for found in seen.values() for p in found if p.pid not in kin)
    return [p for p in others if _born(p.pid) >= born and _ours(p, mark, str(place))]


def _born(pid: int) -> float:
    """When that process began; of one that has ended, never."""
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:
        return 0.0


def _ours(process: psutil.Process, mark: str, place: str) -> bool:
    name, _, value = mark.partition("=")
    try:
        if process.uids().real != os.getuid() or not lives(process):
            return False
        return process.environ().get(name) == value or any(
            file.path.startswith(place) for file in process.open_files()
        )
    except (psutil.Error, OSError):
        return False


def _own_memory(process: psutil.Process) -> int:
    try:
        memory = process.memory_info()
    except GONE:
        return 0
    return max(0, int(memory.rss) - int(getattr(memory, "shared", 0)))


def _send(process: psutil.Process, number: int) -> None:
    with suppress(*GONE):
        process.send_signal(number)


# --- the whole node -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Memory:
    """Of the node, or of the container it is: bytes in use, and bytes there are."""

    used: int
    total: int


def node_memory(groups: Path = Path("/sys/fs/cgroup")) -> Memory:
    """As Ray counts it: the group's limit where that is lower than the machine's memory."""
    machine = psutil.virtual_memory()
    for usage, limit, inactive, active in (
        ("memory.current", "memory.max", "inactive_file", "active_file"),
        (
            "memory/memory.usage_in_bytes",
            "memory/memory.limit_in_bytes",
            "total_inactive_file",
            "total_active_file",
        ),
    ):
        total = _number(groups / limit)
        used = _number(groups / usage)
        if total and used and total < machine.total:
            stat = _counters((groups / usage).parent / "memory.stat")
            return Memory(used - stat.get(inactive, 0) - stat.get(active, 0), total)
    return Memory(machine.total - machine.available, machine.total)


def kernel_kills() -> int:
    """How often the kernel has ended a process here for want of memory: in this container, whose
    neighbours on the machine are not ours, or else on the whole machine."""
    found = _counters(Path("/sys/fs/cgroup/memory.events")) or _counters(Path("/proc/vmstat"))
    return found.get("oom_kill", 0)


def _counters(path: Path) -> dict[str, int]:
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return {}
    pairs = (line.split() for line in lines)
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdigit()}


def _number(path: Path) -> int:
    """The number in that file; 0 when there is none."""
    try:
        text = path.read_text().strip()
    except OSError:
        return 0
    return int(text) if text.isdigit() else 0


# --- inside a worker ------------------------------------------------------------------


def end_leftovers() -> None:
    """End the processes that a finished run left below this one."""
    if not children.any_there():
        return
    _end_loky()
    keep = _keepers()
    here = os.getpid()
    for _ in range(ROUNDS):
        seen = table()
        left = [p for p in below(here, seen) if p.pid not in keep]
        kill_all(left)
        for process in left:
            with suppress(ChildProcessError):
                os.waitpid(process.pid, 0 if process in seen.get(here, ()) else os.WNOHANG)
        if not left:
            return


def _end_loky() -> None:
    """joblib keeps its workers for a next call; its own way of ending them loses nothing."""
    loky = sys.modules.get("joblib.externals.loky.reusable_executor")
    executor = getattr(loky, "_executor", None)
    if executor is not None:
        executor.shutdown(wait=True, kill_workers=True)


def _keepers() -> set[int]:
    """multiprocessing's own servants: they hold no work, and end with this process."""
    servants = (
        ("multiprocessing.resource_tracker", "_resource_tracker", "_pid"),
        ("multiprocessing.forkserver", "_forkserver", "_forkserver_pid"),
        ("joblib.externals.loky.backend.resource_tracker", "_resource_tracker", "_pid"),
    )
    return {
        pid
        for module, servant, name in servants
        if (pid := getattr(getattr(sys.modules.get(module), servant, None), name, None))
    }
