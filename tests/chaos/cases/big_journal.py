"""How soon a sweep of 10,000 trials is back."""

from __future__ import annotations

import functools
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from chaos.checking import acknowledged
from chaos.forked import Child
from chaos.processes import wait_for
from chaos.result import Result
from chaos.sweeps import Sweep, ended, launch_here, said, start
from chaos.tally import Tally
from sweeper.core import events as e
from sweeper.core.records import RunKey, Success
from sweeper.core.rooms import Slot
from sweeper.core.scoring import mean
from sweeper.journal.file import FileJournal, read

READY = 3.0
TRIALS = 10_000

CONFIG = """
data: {source: "sklearn:iris", target: target, holdout: none}
cv: 3
metric: accuracy
train: acts:train
parameters: {x: {min: 0.5, max: 1.0}}
search: {sampler: random, pruner: none, concurrency: 1}
budget: {trials: 10100}
register: none
refit: false
tracking: none
"""


def run(count: int, seed: int, folder: Path) -> Result:
    """Killed once, grown to its size, and launched again."""
    del count, seed
    tally = Tally()
    told: list[str] = []
    tally.inject("10,000 trials", lambda: _resumed(folder, told))
    return tally.result("ready", *told)


def _resumed(folder: Path, told: list[str]) -> tuple[int, int]:
    """From the launch to its first record, three times, the best counts: with everything
    imported, as in the middle of a process, and from typing the command on, for comparison."""
    sweep = Sweep(folder, "big").configure(CONFIG)
    with ended(start(sweep, "--inline")) as process:
        wait_for(lambda: len(acknowledged(sweep).folds) > 2, 60, "the sweep is under way", process)
        process.kill()
    _grow(sweep)
    resumed = [
        _until_it_grows(sweep, lambda: Child(lambda: launch_here(sweep)).kill) for _ in "abc"
    ]
    typed = [
        _until_it_grows(sweep, lambda: functools.partial(_end, start(sweep, "--inline")))
        for _ in "abc"
    ]
    for what, seconds in (("resumed", resumed), ("typed, imports and all", typed)):
        told.append(f"{TRIALS:,} trials, {what}: {', '.join(f'{s:.2f}' for s in seconds)} s")
    told.append(f"ten million steps of a plain loop, for comparison: {_yardstick():.2f} s")
    assert min(resumed) < READY, told
    return 0, 0


def _yardstick() -> float:
    """How quick the machine is at the moment."""
    began, steps = time.monotonic(), 0
    while steps < 10_000_000:
        steps += 1
    return time.monotonic() - began


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def _until_it_grows(sweep: Sweep, begin: Callable[[], Callable[[], object]]) -> float:
    """Seconds until the journal has a further record; what was begun is killed then."""
    size, began = sweep.journal.stat().st_size, time.monotonic()
    kill = begin()
    try:
        while sweep.journal.stat().st_size == size:
            assert time.monotonic() < began + 120, said(sweep)[-2000:]
            time.sleep(0.005)
        return time.monotonic() - began
    finally:
        kill()


def _grow(sweep: Sweep) -> None:
    """The journal anew: its own beginning, and 10,000 finished trials."""
    begin = (e.SweepCreated, e.SweepLaunched, e.CapacitySeen)
    events = [event for event in read(sweep.journal) if isinstance(event, begin)]
    (slot,) = {event.slot for event in read(sweep.journal) if isinstance(event, e.FoldsDispatched)}
    sweep.journal.unlink()
    journal = FileJournal(sweep.journal)
    try:
        journal.append([[event] for event in events])
        for number in range(TRIALS):
            journal.append(_trial(number, events[-1].t + number, slot))
    finally:
        journal.close()


def _trial(number: int, t: float, slot: Slot) -> list[list[e.Event]]:
    """The records of one trial of three folds."""
    x = 0.5 + number / (2 * TRIALS)
    runs = tuple(RunKey(number, fold, 1) for fold in range(3))
    scores = {"accuracy": 1 - (x - 0.7) ** 2, "score": x}
    succeeded = [e.FoldSucceeded(t, run, Success(scores, 0.001, "here")) for run in runs]
    value = mean([scores["accuracy"]] * 3)
    return [
        [e.TrialAsked(t, number)],
        [e.TrialSampled(t, number, {"x": x}, "sampler", 0.001), e.FoldsDispatched(t, slot, runs)],
        [succeeded[0]],
        [succeeded[1]],
        [succeeded[2], e.TrialCompleted(t, number, value, "all 3 folds")],
    ]
