"""SIGKILL of the controller at random moments: with Ray, and where everything is in its process.

Without Ray a launch takes two seconds, so that most of the kills are there; on Ray the folds are
in other processes, and go on for a moment after the controller is gone.
"""

from __future__ import annotations

import functools
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

from chaos.cases.controller_killed import killed_once
from chaos.checking import final, sound
from chaos.forked import forked
from chaos.killing import torture
from chaos.result import Result
from chaos.sweeps import Sweep, empty_tables, launch_here
from chaos.tally import Tally

ON_RAY = 0.3
"""The share of the kills that are on Ray."""

KILLS = 10
"""For each sweep on Ray; then it is launched to its end and looked at."""


def run(count: int, seed: int, folder: Path) -> Result:
    """`count` kills; of those on Ray half at concurrency 1, half with trials in flight."""
    rng, tally = random.Random(seed), Tally()
    left = round(count * ON_RAY)
    _here(count - left, rng, tally, folder)
    said_of: list[str] = []
    while left > 0:
        kills, number = min(KILLS, left), len(said_of)
        concurrency = "auto" if number % 2 else "1"
        place = folder / f"sweep-{number}"
        place.mkdir()
        came = torture(place, kills, 30, concurrency, rng.randrange(1 << 30))
        said_of.append(f"on Ray, concurrency {concurrency}: {came}")
        for _ in range(kills):
            tally.inject("kill", lambda: (0, 0))
        left -= kills
    return tally.result("controller", f"{tally.injections} kills in all", *said_of)


def _here(count: int, rng: random.Random, tally: Tally, folder: Path) -> None:
    """Kills of launches that run their folds themselves, at concurrency 1."""
    tables = empty_tables(folder)
    whole = Sweep(folder / "whole", "killed").configure("trained").with_tables(tables)
    took = forked(lambda: launch_here(whole)).seconds
    expected = final(sound(whole))
    for number in range(count):
        sweep = Sweep(folder / f"here-{number}", "killed").configure("trained").with_tables(tables)
        after = rng.uniform(0.05, 1.0) * took
        act = functools.partial(killed_once, sweep, _shot(after), expected)
        tally.within(f"killed after {after:.2f} s", sweep.folder, act)


def _shot(after: float) -> Callable[[], None]:
    """Kills the process that calls it, after so many seconds."""

    def kill() -> None:
        time.sleep(after)
        os.kill(os.getpid(), signal.SIGKILL)

    return lambda: threading.Thread(target=kill, daemon=True).start()
