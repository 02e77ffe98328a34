"""What a run takes of its machine: processor time, also of processes that it starts, and memory."""

from __future__ import annotations

import os
import resource
import sys
import time
from contextlib import suppress

from sweeper import children
from sweeper.core.usage import Usage

STATUS, RESET = "/proc/self/status", "/proc/self/clear_refs"

PEAK = b"VmHWM:"

FORGET_PEAK = b"5"
"""What the kernel takes for an order to begin the peak of this process's memory anew."""


class Meter:
    """Begins with its making."""

    def __init__(self) -> None:
        with suppress(OSError):  # then the peak is that of the process's whole life
            descriptor = os.open(RESET, os.O_WRONLY)
            try:
                os.write(descriptor, FORGET_PEAK)
            finally:
                os.close(descriptor)
        self._begun = _cpu()

    def read(self) -> Usage:
        """Since the beginning."""
        return Usage(round(max(0.0, _cpu() - self._begun), 6), _peak())


def _read(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return os.read(descriptor, 1 << 16)
    finally:
        os.close(descriptor)


def _cpu() -> float:
    """Seconds of processor time: of this process, of its children that have ended, and of
    those below it that live."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime + _living()


def _living() -> float:
    """Looked for only where there is any child: it is a look at all processes of the machine."""
    if not children.any_there():
        return 0.0
    import psutil

    total = 0.0
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):  # it has ended meanwhile
            spent = child.cpu_times()
            total += spent.user + spent.system + spent.children_user + spent.children_system
    return total


def _peak() -> int:
    """Bytes: the most memory this process had."""
    with suppress(OSError, ValueError):
        status = _read(STATUS)
        return 1024 * int(status[status.index(PEAK) + len(PEAK) :].split(None, 1)[0])
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
