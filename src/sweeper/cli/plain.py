"""Progress in plain lines, for files, pipes and terminals that can do no more."""

from __future__ import annotations

import time
from collections.abc import Callable

from sweeper.cli.output import Steady
from sweeper.cli.tally import Change, Tally, standing_line
from sweeper.cli.text import duration, plural
from sweeper.core.records import State

PAUSE = 1.0
"""Seconds between two lines, unless something notable happened."""


class Plain:
    """A line for each trial that ended; when many end at once, one line for all of them."""

    def __init__(self, stream: Steady, clock: Callable[[], float] = time.monotonic) -> None:
        self.stream = stream
        self.tally = Tally()
        self._clock = clock
        self._start = clock()
        self._last = float("-inf")
        self._waiting: list[Change] = []
        self._state: State | None = None

    def observe(self, state: State) -> None:
        """Called from the controller's loop."""
        self._state = state
        changes = self.tally.update(state)
        self._waiting += changes
        due = self._clock() - self._last >= PAUSE
        if self._waiting and (due or any(change.notable for change in changes)):
            self._tell(state)

    def notice(self, text: str) -> None:
        self.stream.line(text)

    def close(self) -> None:
        """Tells what is still waiting to be told."""
        if self._waiting and self._state is not None:
            self._tell(self._state)

    def _tell(self, state: State) -> None:
        now = self._clock()
        told = [change for change in self._waiting if change.notable]
        rest = [change for change in self._waiting if not change.notable]
        if len(rest) == 1:
            told.insert(0, rest[0])
        lines = [change.text for change in told]
        if len(rest) > 1:
            lines.insert(0, f"{rest[-1].text}, and {plural(len(rest) - 1, 'more event')}")
        lines[-1] = f"{lines[-1]}   [{standing_line(state, self.tally)}]"
        for line in lines:
            self.stream.line(f"{duration(now - self._start):>6}  {line}")
        self._waiting = []
        self._last = now
