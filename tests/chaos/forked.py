"""Children that are forked from a parent which has imported everything: a launch in under a second.

The parent has one thread and never launches anything itself. A child does one act, with
whatever faults are laid over it, and ends; how is what the parent looks at.
"""

from __future__ import annotations

import contextlib
import gc
import mmap
import os
import select
import signal
import struct
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sweeper.core.events import Event

PATIENCE = 120.0
"""Seconds after which a child counts as hung."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended. `acknowledged`: events whose append had returned to the controller."""

    code: int | None  # None: killed by `signal`
    signal: int
    seconds: float
    said: str
    acknowledged: int

    @property
    def killed(self) -> bool:
        return self.signal == signal.SIGKILL


class Child:
    """A forked process under way."""

    def __init__(self, act: Callable[[], int]) -> None:
        self._output = tempfile.TemporaryFile()  # noqa: SIM115  (closed by `wait`)
        self._acknowledged = mmap.mmap(-1, 8)
        self._began = time.monotonic()
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid == 0:
            _live(act, self._output.fileno(), self._acknowledged)

    def wait(self, patience: float = PATIENCE) -> Ended:
        """Its end; AssertionError, with what it said, when it does not come."""
        end = os.pidfd_open(self.pid)
        hung = not select.select([end], [], [], patience)[0]
        if hung:
            os.kill(self.pid, signal.SIGKILL)
        _, status = os.waitpid(self.pid, 0)
        os.close(end)
        seconds = time.monotonic() - self._began
        self._output.seek(0)
        said = self._output.read().decode(errors="replace")
        self._output.close()
        assert not hung, f"a launch hung for {patience:g} s; it said:\n{said[-2000:]}"
        (acknowledged,) = struct.unpack("q", self._acknowledged)
        code = None if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
        return Ended(code, os.WTERMSIG(status) if code is None else 0, seconds, said, acknowledged)

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        os.kill(self.pid, signal.SIGKILL)
        self.wait()


def forked(act: Callable[[], int], patience: float = PATIENCE) -> Ended:
    """Do `act` in a child and wait for its end."""
    return Child(act).wait(patience)


def _live(act: Callable[[], int], output: int, acknowledged: mmap.mmap) -> None:
    """The child's whole life."""
    os.dup2(output, 1)
    os.dup2(output, 2)
    code = 1
    try:
        _witness(acknowledged)
        code = act()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _witness(acknowledged: mmap.mmap) -> None:
    """Note in shared memory how far the journal has told its controller that it is durable."""
    from sweeper.journal.file import FileJournal

    append = FileJournal.append

    def noted(self: FileJournal, records: Sequence[Sequence[Event]]) -> None:
        append(self, records)
        acknowledged[:] = struct.pack("q", self.length())

    FileJournal.append = noted  # type: ignore[method-assign]


def import_everything(folder: Path) -> None:
    """Once, in the parent: every import that a launch would do, by launching in it.

    The folder is of no further use. Objects are frozen so that children share their pages.
    """
    from chaos.sweeps import Sweep, launch_here

    for name, text in (("first", "trained"), ("second", "fitted")):
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            code = launch_here(Sweep(folder, name), text)
        assert code == 0, f"the launch before all injections exited with {code}"
    gc.collect()
    gc.freeze()
    assert len(os.listdir("/proc/self/task")) <= 2, "the parent has threads besides pyarrow's"
