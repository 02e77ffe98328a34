"""What leaves the executor: answers for the controller, files for the sweep's directory."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sweeper.core.records import Failure, FailureKind, RunKey
from sweeper.core.stimuli import RunEnded, StopRequested
from sweeper.execution.inline import Keep
from sweeper.ports import FileUnwritable, Post, RunResult

Show = Callable[[RunKey, str], None]
"""Keeps what a run has printed so far where people look for it."""


class Outlet:
    """Once the sweep's directory cannot be written it asks for the launch's end, once."""

    def __init__(self, keep: Keep, show: Show) -> None:
        self._keep, self._show = keep, show
        self._unwritable = False
        self.post: Post = lambda stimulus: None

    def store(self, key: RunKey, result: RunResult) -> None:
        """Keep a run's files and give the answer; what cannot be kept has not happened."""
        try:
            self.post(self._keep(key, result))
        except FileUnwritable as error:
            self._stop(error)
            self.lose([key], "FileUnwritable", str(error))

    def show(self, key: RunKey, text: str) -> None:
        """Keep what a run that has given no result has printed."""
        try:
            self._show(key, text)
        except FileUnwritable as error:
            self._stop(error)

    def lose(self, keys: Iterable[RunKey], error: str, message: str) -> None:
        """These are lost through no fault of theirs."""
        lost = Failure(FailureKind.LOST, error, message, "lost", charged=False)
        for key in keys:
            self.post(RunEnded(0, key, lost))

    def _stop(self, error: FileUnwritable) -> None:
        if not self._unwritable:
            self._unwritable = True
            self.post(StopRequested(0, str(error), now=True))
