"""The agent, which watches the folds that run on a node.

It reads the leases' notes a few times a second. It ends a run that takes too much memory or
time, with its whole process tree; ends what a dead worker left behind; says afterwards how
it died; and ships what a long run prints while it runs. It keeps nothing that a successor
could not find again, so it may begin anew at any time.
"""

from __future__ import annotations

import os
import re
import shutil
import threading
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

from sweeper.core.records import Failure, FailureKind, RunKey
from sweeper.execution import notes, processes
from sweeper.execution.line import Address, Line, LineBroken
from sweeper.execution.notes import Note

LOOK, SHARE = 0.2, 30
"""Seconds between two looks: at least so many, and so many times a look's processor time."""

RAYS_OWN = "RAY_memory_usage_threshold"
BELOW_RAY = 0.05
"""The node is full for us by so much earlier than it is for Ray."""

SUSPECT = 0.05
"""A tree with a smaller share of the node's memory is not what fills it."""

SETTLE = 1.0
"""Seconds in which memory that a killed tree had becomes free."""

RECENT = 5.0
"""Seconds in which deaths for want of memory belong together."""

SHIP = 1.0
"""Seconds between two shipments of what a run printed."""

AFRESH = 5.0
"""Seconds after a look that failed."""

LIVE, REST = 64 * 1024, 192 * 1024
"""Bytes of a run's log that are shipped while it runs, and after its worker died."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What is known of a lease's worker that died."""

    run: RunKey | None  # the one it was at
    verdict: Failure | None  # why the agent ended it, if it did
    biggest: bool  # no other here had more memory of late
    starved: bool  # the kernel has just ended a process for want of memory
    ending: str  # how it died, in words
    log: str  # what the run printed
    rank: int = 0
    exit: int | None = None  # what it gave to os._exit


Worker = tuple[int, int]
"""Lease and rank."""


@dataclass(slots=True)
class _Watched:
    """A lease with its processes, as of the last look."""

    note: Note
    tree: processes.Tree
    size: int = 0
    seen: float = 0.0  # when it was last alive
    shipped: tuple[float, int] = (0.0, 0)  # when, and how long the log was then
    verdict: Failure | None = None
    swept: bool = False  # it died and its orphans were ended


class Agent:
    """Of one node, on which it is made: at work until `close`."""

    def __init__(self, launch: str, address: Address) -> None:
        self._address = address
        self._line: Line | None = None
        self._place = notes.folder(launch)
        self._mark = f"{notes.MARK}={notes.here(launch)}"
        threshold = float(os.environ.get(RAYS_OWN, "0.95"))
        self._full = threshold - BELOW_RAY
        self._lock = threading.Lock()
        self._watched: dict[Worker, _Watched] = {}
        self._kills = processes.kernel_kills()
        self._starved = -RECENT
        self._calm = 0.0  # nobody is ended for the node's sake before
        self._pause = LOOK
        self._over = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def kill(self, lease: int) -> None:
        """End this lease's workers with everything below them."""
        with self._lock:
            self._read_notes()
            for watched in self._of(lease):
                watched.tree.kill()

    def autopsy(self, lease: int) -> list[Fate]:
        """A lease died: end what it left, and say what is known of its workers here. A gang's
        that still live end with it, and have no part in that. Asked once."""
        with self._lock:
            self._read_notes()
            self._count_kernel_kills()
            workers = self._of(lease)
            dead = [w for w in workers if not (w.note.rank and w.tree.alive)]
            for watched in workers:
                if watched not in dead:
                    watched.tree.kill()
                    self._forget(watched.note)
            return [self._fate(watched) for watched in dead]

    def _of(self, lease: int) -> list[_Watched]:
        return [watched for watched in self._watched.values() if watched.note.lease == lease]

    def _fate(self, watched: _Watched) -> Fate:
        note = watched.note
        if not watched.swept and not watched.tree.alive:
            self._sweep(watched)
        log = _tail(notes.log_of(self._place, note.pid), REST)
        self._forget(note)
        others = [w.size for w in self._watched.values() if w.seen > watched.seen - RECENT]
        return Fate(
            note.run,
            watched.verdict,
            biggest=watched.size >= max(others, default=0),
            starved=time.monotonic() - self._starved < RECENT,
            ending=_ending(note, log),
            log=log,
            rank=note.rank,
            exit=note.exit,
        )

    def _forget(self, note: Note) -> None:
        del self._watched[note.lease, note.rank]
        notes.erase(self._place, note)

    def close(self) -> None:
        """The launch is over: nothing of it stays on this node."""
        self._over.set()
        with self._lock:
            self._read_notes()
            for watched in self._watched.values():
                watched.tree.kill()
            self._kill_strays()
            shutil.rmtree(self._place, ignore_errors=True)
            if self._line is not None:
                self._line.close()

    # --- watching ---------------------------------------------------------------------

    def _watch(self) -> None:
        """After a look that failed it knows nothing: the notes tell all."""
        while not self._over.wait(self._pause):
            try:
                self._round(time.monotonic())
            except Exception:
                if self._over.is_set():
                    return
                traceback.print_exc()
                with self._lock:
                    self._watched.clear()
                self._pause = AFRESH

    def _round(self, now: float) -> None:
        spent = time.thread_time()
        with self._lock:
            self._look(now)
        self._ship(now)
        self._pause = max(LOOK, SHARE * (time.thread_time() - spent))

    def _look(self, now: float) -> None:
        self._read_notes()
        if not self._watched:
            return
        seen = processes.table()
        for watched in self._watched.values():
            if watched.tree.alive:
                watched.tree.look(seen)
                watched.size, watched.seen = watched.tree.weight(), now
            elif not watched.swept:
                self._sweep(watched)
        self._count_kernel_kills()
        self._judge(now)

    def _read_notes(self) -> None:
        found = {(note.lease, note.rank): note for note in notes.read(self._place)}
        for worker in list(self._watched):
            if worker not in found:
                del self._watched[worker]
        for worker, note in found.items():
            watched = self._watched.get(worker)
            if watched is not None:
                watched.note = note
            else:
                self._watched[worker] = _Watched(note, processes.Tree.of(note.pid))

    def _count_kernel_kills(self) -> None:
        kills = processes.kernel_kills()
        if kills > self._kills:
            self._kills, self._starved = kills, time.monotonic()

    # --- judging ----------------------------------------------------------------------

    def _judge(self, now: float) -> None:
        for watched in self._running():
            note = watched.note
            if note.memory is not None and watched.size > note.memory:
                said = f"it took {_amount(watched.size)} of memory and may have "
                self._end(watched, _oom(f"{said}{_amount(note.memory)} (`resources.memory`)"))
            elif note.timeout is not None and now - note.began > note.timeout:
                said = f"no result {note.timeout:g} s after it began"
                self._end(watched, Failure(FailureKind.TIMEOUT, "Timeout", said, "timeout"))
        self._judge_node(now)

    def _judge_node(self, now: float) -> None:
        """A node that is nearly full loses its biggest run before Ray takes any."""
        memory = processes.node_memory()
        if now < self._calm or memory.used < self._full * memory.total:
            return
        biggest = max(self._running(), key=lambda watched: watched.size, default=None)
        if biggest is None or biggest.size < SUSPECT * memory.total:
            return
        self._calm = now + SETTLE
        self._end(
            biggest,
            _oom(
                f"its node had {_amount(memory.used)} of {_amount(memory.total)} of memory in "
                f"use, and it took the most, {_amount(biggest.size)}"
            ),
        )

    def _running(self) -> list[_Watched]:
        return [w for w in self._watched.values() if w.tree.alive and w.verdict is None]

    def _end(self, watched: _Watched, verdict: Failure) -> None:
        """The verdict stands before anything dies: whoever asks afterwards finds it."""
        watched.verdict = verdict
        watched.tree.kill()

    def _sweep(self, watched: _Watched) -> None:
        watched.swept = True
        watched.tree.kill_below()
        self._kill_strays()

    def _kill_strays(self) -> None:
        """What no living worker has below it, and only this launch can have started."""
        processes.kill_all(processes.strays(self._mark, self._place, notes.raylet()))

    # --- shipping ---------------------------------------------------------------------

    def _ship(self, now: float) -> None:
        for watched in list(self._watched.values()):
            note, log = watched.note, notes.log_of(self._place, watched.note.pid)
            when, length = watched.shipped
            if note.run is None or now - max(when, note.began) < SHIP or not log.exists():
                continue
            size = log.stat().st_size
            watched.shipped = now, size
            text = _tail(log, LIVE) if size not in (0, length) else ""
            if text and note.rank == 0 and self._still_at(note):
                self._tell(note.run, text)

    def _tell(self, run: RunKey, text: str) -> None:
        try:
            self._line = self._line or Line(self._address)
            self._line.tell("printed", run, text)
        except LineBroken:
            self._line = None

    def _still_at(self, note: Note) -> bool:
        return any(note == found for found in notes.read(self._place))


def _oom(message: str) -> Failure:
    return Failure(FailureKind.OOM, "OutOfMemory", message, "oom")


def _amount(size: int) -> str:
    return f"{size / 2**30:.2f} GiB" if size >= 2**30 else f"{size / 2**20:.0f} MiB"


def _ending(note: Note, log: str) -> str:
    if note.exit is not None:
        return f"its process ended itself by os._exit({note.exit})"
    fatal = re.search(r"^Fatal Python error: (.+)$", log, re.MULTILINE)
    if fatal:
        return f"its process crashed: {fatal[1].strip().lower()}"
    return "its process was killed, or ended by code that is not Python's"


def _tail(path: Path, most: int) -> str:
    """The end of a file, at most so many bytes."""
    try:
        with path.open("rb") as log:
            size = os.fstat(log.fileno()).st_size
            log.seek(max(0, size - most))
            text = log.read().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    return text if size <= most else f"… {size - most} bytes left out …\n{text}"
