"""The wall clock set a day forward or back in the middle of a sweep.

The clock of this machine stays as it is: every way Python has to ask for the wall time is
replaced in the controller's process, and jumps when so many records are in the journal.
"""

from __future__ import annotations

import functools
import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chaos.checking import doctor, final, repeats, same, sound
from chaos.forked import forked
from chaos.result import Result
from chaos.sweeps import CONFIGS, Sweep, empty_tables, finish, launch_here
from chaos.tally import Tally
from sweeper.core.events import BudgetSpent, Event, FoldSucceeded
from sweeper.core.records import Failure, FailureKind
from sweeper.journal.file import FileJournal, read

DAY = 86_400.0
LIMITS = CONFIGS["trained"].replace("{trials: 12}", "{trials: 12, time: 20m}") + "timeout: 1m\n"
"""Limits that a clock which jumps would trip."""

ENOUGH = 5
"""With fewer jumps than this Ray is left out."""


def run(count: int, seed: int, folder: Path) -> Result:
    """`count` jumps at random records, and one each way under a sweep on Ray."""
    rng, tally = random.Random(seed), Tally()
    tables = empty_tables(folder)
    whole = Sweep(folder / "whole", "clock").configure(LIMITS).with_tables(tables)
    assert forked(lambda: launch_here(whole)).code == 0
    expected = final(sound(whole))
    records = whole.journal.read_bytes().count(b"\n")
    for number in range(count):
        by, at = rng.choice((-DAY, DAY)), rng.randrange(1, records)
        sweep = Sweep(folder / f"{number}", "clock").configure(LIMITS).with_tables(tables)
        act = functools.partial(_jumped, sweep, by, at, expected)
        tally.within(f"{by:+g} s at record {at}", sweep.folder, act)
    on_ray = (-DAY, DAY) if count >= ENOUGH else ()
    for by in on_ray:
        sweep = Sweep(folder / f"ray{by:+g}", "clock").configure(LIMITS)
        tally.inject(f"{by:+g} s on Ray", functools.partial(_on_ray, sweep, by, expected))
    return tally.result("clock", f"{count} jumps in process, {len(on_ray)} under Ray")


def _jumped(sweep: Sweep, by: float, at: int, expected: list[Any]) -> tuple[int, int]:
    def struck() -> int:
        jump(by, at)
        return launch_here(sweep)

    ended = forked(struck)
    assert ended.code == 0, f"exit code {ended.code}: {ended.said[-2000:]}"
    return _unmoved(sweep, expected)


def _on_ray(sweep: Sweep, by: float, expected: list[Any]) -> tuple[int, int]:
    finish(sweep, through=("clock", f"{by}", "20"))
    return _unmoved(sweep, expected)


def _unmoved(sweep: Sweep, expected: list[Any]) -> tuple[int, int]:
    """Nothing failed or was timed out, and every duration is one."""
    events = list(read(sweep.journal))
    times = [event.t for event in events]
    assert times == sorted(times), "the sweep's own time went back"
    assert times[-1] < 600, f"the sweep counts {times[-1]:.0f} s"
    assert not any(isinstance(event, BudgetSpent) for event in events), "the time budget was spent"
    for event in events:
        if isinstance(event, FoldSucceeded):
            assert 0 <= event.outcome.seconds < 600, event
        outcome = getattr(event, "outcome", None)
        if isinstance(outcome, Failure):
            assert outcome.kind is not FailureKind.TIMEOUT, event
    same(sweep, expected)
    doctor(sweep)
    return 0, repeats(sweep)


def jump(by: float, at: int) -> None:
    """From the `at`-th append on, this process has another wall clock."""
    append, seen = FileJournal.append, [0]
    real, real_ns = time.time, time.time_ns

    def counted(self: FileJournal, records: Sequence[Sequence[Event]]) -> None:
        append(self, records)
        seen[0] += 1

    FileJournal.append = counted  # type: ignore[method-assign]
    time.time = lambda: real() + by * (seen[0] >= at)
    time.time_ns = lambda: real_ns() + int(by * 1e9) * (seen[0] >= at)
