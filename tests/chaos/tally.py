"""Counts the injections of a case, and what came of each."""

from __future__ import annotations

import shutil
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from chaos.result import Result

MOST = 40
"""So many injections that did not hold are told in full."""


class Tally:
    """One case's account. An injection that does not hold does not keep the next from being made."""

    def __init__(self) -> None:
        self.injections = self.lost = self.repeated = 0
        self._wrong: list[str] = []
        self._began = time.monotonic()

    def inject(self, what: str, act: Callable[[], tuple[int, int]]) -> None:
        """Do it; `act` says how much was lost and how much repeated."""
        self.injections += 1
        try:
            lost, repeated = act()
        except Exception as wrong:
            told = str(wrong) if isinstance(wrong, AssertionError) else traceback.format_exc()
            self._wrong.append(f"{what}: {told}")
            print(f"    {what}: DOES NOT HOLD", flush=True)
        else:
            self.lost, self.repeated = self.lost + lost, self.repeated + repeated

    def within(self, what: str, folder: Path, act: Callable[[], tuple[int, int]]) -> None:
        """The same, in a folder that is removed afterwards."""
        self.inject(what, act)
        shutil.rmtree(folder, ignore_errors=True)

    def result(self, line: str, *notes: str, left_out: tuple[str, ...] = ()) -> Result:
        """The case's result; AssertionError with all that did not hold."""
        told = "\n\n".join(self._wrong[:MOST])
        assert not self._wrong, f"{len(self._wrong)} of {self.injections} do not hold:\n{told}"
        found = f"{self.lost} results lost, {self.repeated} folds repeated"
        assert not self.lost, found
        assert not self.repeated, found
        seconds = time.monotonic() - self._began
        return Result(line, self.injections, 0, 0, seconds, tuple(notes), left_out)
