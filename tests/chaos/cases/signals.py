"""SIGINT, SIGTERM, SIGHUP and a second SIGINT, to a real launch on Ray with folds under way."""

from __future__ import annotations

import functools
import signal
import time
from pathlib import Path

from chaos.checking import acknowledged, doctor, losses, repeats, sound
from chaos.processes import marked, wait_for
from chaos.result import Result
from chaos.sweeps import Sweep, ended, finish, said, start
from chaos.tally import Tally
from sweeper.core.events import FoldsDispatched
from sweeper.core.evolve import replay
from sweeper.journal.file import read

DRAIN, HARD = 10.0, 2.0
CONFIG = """
data: {source: "sklearn:iris", target: target, holdout: none}
cv: 3
metric: accuracy
train: acts:PACE
parameters: {x: {min: 0.0, max: 1.0}}
search: {sampler: random, pruner: none, concurrency: 2}
budget: {trials: 5}
register: none
"""


def run(count: int, seed: int, folder: Path) -> Result:
    """Each signal on short folds and on folds of a minute, `count` times over."""
    del seed
    tally = Tally()
    seconds: list[str] = []
    for number in range(count):
        for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGINT SIGINT"):
            for pace in ("unhurried", "endless"):
                text = CONFIG.replace("PACE", pace)
                sweep = Sweep(folder / f"{name}-{pace}-{number}".replace(" ", "-"), "signalled")
                sweep.configure(text)
                act = functools.partial(_signalled, sweep, name.split(), pace, seconds)
                tally.inject(f"{name} during {pace} folds", act)
    return tally.result("signals", *sorted(seconds))


def _signalled(sweep: Sweep, names: list[str], pace: str, seconds: list[str]) -> tuple[int, int]:
    with ended(start(sweep, CHAOS_MARK=str(sweep.folder))) as process:
        wait_for(lambda: _sent(sweep), 90, "folds are under way", process)
        time.sleep(1.0)  # into the folds
        for name in names[:-1]:
            process.send_signal(getattr(signal, name))
            time.sleep(0.5)
        began = time.monotonic()
        process.send_signal(getattr(signal, names[-1]))
        code = process.wait(60)
        took = time.monotonic() - began
    assert code == 3, f"exit code {code}: {said(sweep)[-1500:]}"
    seconds.append(f"{' '.join(names)} during {pace} folds: {took:.1f} s")
    assert "o resume:" in said(sweep), said(sweep)[-1500:]
    limit = HARD if len(names) > 1 else DRAIN
    assert took < limit, f"it took {took:.1f} s, not under {limit:g} s"
    wait_for(lambda: not marked(str(sweep.folder)), 10, "no process of the sweep is left")
    return _resumes(sweep, pace)


def _resumes(sweep: Sweep, pace: str) -> tuple[int, int]:
    """No run is left under way; the sweep goes on to its end, in a moment or in principle."""
    before = acknowledged(sweep)
    open_runs = replay(read(sweep.journal)).slots
    assert not any(open_runs.values()), f"still under way in the journal: {open_runs}"
    if pace == "unhurried":
        finish(sweep)
        sound(sweep)
        doctor(sweep)
    return losses(before, sweep), repeats(sweep)


def _sent(sweep: Sweep) -> bool:
    return sweep.journal.exists() and any(
        isinstance(event, FoldsDispatched) for event in read(sweep.journal)
    )
