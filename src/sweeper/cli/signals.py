"""Ctrl-C and its relatives while a sweep runs: the first drains, the second stops at once."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Protocol

NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


class Stop(Protocol):
    def ask(self, reason: str) -> None: ...


class Drain:
    """Counts signals and passes them on. Messages wait for `pending` while a table is drawn.

    A handler may interrupt any write, so it writes nothing through Python's streams itself.
    """

    def __init__(self, stop: Stop, resume: str) -> None:
        self.stop = stop
        self.resume = resume
        self.asked = 0
        self.drawing = False
        self.pending: list[str] = []

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.asked += 1
        if self.asked > 2:
            raise KeyboardInterrupt
        again = " again" if self.asked > 1 else ""
        self.stop.ask(f"{signal.Signals(number).name} received{again}")
        self._say(self.message())

    def message(self) -> str:
        if self.asked == 1:
            return (
                "finishing the folds that run; press Ctrl-C again to stop at once\n"
                f"to resume: {self.resume}"
            )
        return f"stopping at once\nto resume: {self.resume}"

    def told(self) -> list[str]:
        """The messages not told yet; each is given once."""
        waiting, self.pending = self.pending, []
        return waiting

    def _say(self, text: str) -> None:
        if self.drawing:
            self.pending += text.splitlines()
            return
        with contextlib.suppress(OSError):  # the terminal itself may be what went away
            os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, f"\n{text}\n".encode())


@contextlib.contextmanager
def installed(drain: Drain) -> Iterator[None]:
    """Handles the signals inside the block; one that is ignored (nohup) stays ignored."""
    numbers = [getattr(signal, name) for name in NAMES if hasattr(signal, name)]
    before = {n: signal.getsignal(n) for n in numbers if signal.getsignal(n) != signal.SIG_IGN}
    for number in before:
        signal.signal(number, drain)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
