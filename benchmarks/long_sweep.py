"""A sweep of 100,000 empty trials in one process: memory, and what a trial costs first and last.

    python benchmarks/long_sweep.py [--trials 100000] [--sampler random] [--profile]

One fold a trial, inline, with the journal on disk. `--profile` tells where a trial's time goes among
the first thousand and the last: of the controller's thread, by cProfile, which makes all of it slower.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from side_by_side import table
from sweeper import app
from sweeper.core.events import TrialCompleted
from sweeper.journal.file import read
from sweeps import WORK, empty

PART = 1000
"""Trials that are looked at by themselves."""

LANDMARKS = {
    "deciding, and the state's changes": ("controller.py", "_settle"),
    "the journal as text": ("lines.py", "dump_all"),
    "the journal to disk": ("~", "<built-in method posix.fdatasync>"),
    "the fold run, with all that is around it": ("foldrun.py", "perform"),
    "of that, the user's function": ("work.py", "train"),
    "waiting for the sampler": ("~", "<method 'get' of '_queue.SimpleQueue' objects>"),
    "telling who watches": ("controller.py", "_glance"),
    "all of the controller": ("controller.py", "_tick"),
}
"""Functions by file and name, whose time with all that they call is told."""


class Profiles:
    """Of the first `part` trials and the last: to be called with the live state."""

    def __init__(self, trials: int, part: int) -> None:
        self._trials, self._part = trials, part
        self.first, self.last = cProfile.Profile(), cProfile.Profile()
        self.counts = [0, 0]
        self._begun = 0
        self.first.enable()

    def __call__(self, state: Any) -> None:
        done = len(state.trials)
        if not self.counts[0] and done >= self._part:
            self.first.disable()
            self.counts[0] = done
        if not self._begun and done >= self._trials - self._part:
            self._begun = done
            self.last.enable()

    def rows(self) -> list[tuple[str, str, str]]:
        """Milliseconds a trial of each landmark, in the first profile and in the last."""
        self.last.disable()
        self.counts[1] = self._trials - self._begun
        found = [pstats.Stats(profile).stats for profile in (self.first, self.last)]  # type: ignore[attr-defined]
        return [
            (
                name,
                *(
                    f"{1000 * _spent(stats, *place) / n:.2f}"
                    for stats, n in zip(found, self.counts, strict=True)
                ),
            )
            for name, place in LANDMARKS.items()
        ]


def _spent(stats: Any, file: str, function: str) -> float:
    return sum(
        times[3]
        for (path, _, name), times in stats.items()
        if Path(path).name == file and name == function
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, default=100_000)
    parser.add_argument("--sampler", default="random")
    parser.add_argument("--profile", action="store_true")
    asked = parser.parse_args()
    part = min(PART, asked.trials // 4)
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "long.yaml"
        config.write_text(empty(asked.trials, asked.sampler))
        (Path(folder) / "work.py").write_text(WORK)
        watch: Callable[[Any], None] = (
            Profiles(asked.trials, part) if asked.profile else lambda state: None
        )
        begun = time.perf_counter()
        outcome = app.launch(config, root=Path(folder) / "sweeps", inline=True, observer=watch)
        wall = time.perf_counter() - begun
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        journal = (outcome.directory / "journal.jsonl").stat().st_size / 2**20
        events = list(read(outcome.directory / "journal.jsonl"))
    ends = [e.t for e in events if isinstance(e, TrialCompleted)]
    assert len(ends) == asked.trials, outcome.state.reason
    rows = []
    for first in (0, asked.trials // 4, asked.trials // 2, asked.trials - part):
        some = ends[first : first + part]
        cost = 1000 * (some[-1] - some[0]) / (part - 1)
        rows.append((f"{first + 1:,} to {first + part:,}", f"{cost:.2f} ms"))
    if isinstance(watch, Profiles):
        print(table(("ms a trial, profiled", "first", "last"), watch.rows()))
        return
    print(table(("trials", "a trial"), rows))
    print(
        f"\n{asked.trials:,} trials in {wall:.0f} s; peak memory {peak:.0f} MiB; journal {journal:.0f} MiB"
    )


if __name__ == "__main__":
    main()
