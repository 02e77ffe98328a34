"""Two controllers for one sweep: started together, and one after the other was killed.

Races are between forked launches that wait for one signal. What is stale is made for real:
a launch that is killed, a lock file that names a process which is somebody else's by now.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import time
from pathlib import Path

from chaos.checking import acknowledged, doctor, losses, repeats, sound
from chaos.faults import Kill, Layer, lay_on_disk
from chaos.forked import Child, forked
from chaos.processes import wait_for
from chaos.result import Result
from chaos.sweeps import Sweep, empty_tables, ended, finish, launch_here, said, start
from chaos.tally import Tally
from sweeper.core.events import SweepLaunched
from sweeper.journal.file import read
from sweeper.journal.lock import holder

TAKEOVER = 5.0


def run(count: int, seed: int, folder: Path) -> Result:
    """`count` races, a tenth as many stale locks and reused process numbers, one real takeover."""
    tables, tally = empty_tables(folder), Tally()
    few = max(1, count // 10)
    for number in range(count):
        sweep = Sweep(folder / f"race-{number}", "raced").configure("trained").with_tables(tables)
        tally.within(f"race {number}", sweep.folder, functools.partial(_race, sweep))
    for number in range(few):
        for make in (_stale, _reused):
            sweep = Sweep(folder / f"{number}", "stale").configure("trained").with_tables(tables)
            act = functools.partial(make, sweep, 40 + 3 * number + seed)
            tally.within(f"{make.__name__} {number}", sweep.folder, act)
    seconds: list[float] = []
    tally.inject("takeover", lambda: _takeover(folder / "takeover", seconds))
    return tally.result(
        "two",
        f"{count} races, {few} stale locks, {few} locks that name a living stranger",
        "after kill -9 the lock was free in {:.2f} s, and a new process had its first record in the "
        "journal, imports and all, in {:.1f} s".format(*seconds or (0, 0)),
    )


def _race(sweep: Sweep) -> tuple[int, int]:
    """Exactly one runs; the other exits 5 and names it."""
    gate, go = os.pipe()

    def at_the_signal() -> int:
        os.close(go)
        os.read(gate, 1)  # ends when the parent closes its end
        return launch_here(sweep)

    children = [Child(at_the_signal) for _ in range(2)]
    os.close(gate)
    os.close(go)
    ends = [(child.pid, child.wait()) for child in children]
    codes = sorted(end.code if end.code is not None else -1 for _, end in ends)
    assert codes == [0, 5], f"exit codes {codes}: {[end.said[-500:] for _, end in ends]}"
    ((winner, _),) = [(pid, end) for pid, end in ends if end.code == 0]
    ((_, loser),) = [(pid, end) for pid, end in ends if end.code == 5]
    assert f"process {winner} on " in loser.said, f"{winner} is not named: {loser.said[-500:]}"
    sound(sweep)
    launches = [event.pid for event in read(sweep.journal) if isinstance(event, SweepLaunched)]
    assert launches == [winner], f"launches in the journal: {launches}, the winner is {winner}"
    doctor(sweep)
    return 0, repeats(sweep)


def _stale(sweep: Sweep, at: int) -> tuple[int, int]:
    """A launch is killed with the lock in its hands."""
    _killed(sweep, at)
    return _taken_over(sweep)


def _reused(sweep: Sweep, at: int) -> tuple[int, int]:
    """The same, and the number in the lock is by now that of another process: this one."""
    _killed(sweep, at)
    lock = sweep.directory / "lock"
    lock.write_text(json.dumps({**json.loads(lock.read_text()), "pid": os.getpid()}))
    return _taken_over(sweep)


def _killed(sweep: Sweep, at: int) -> None:
    def struck() -> int:
        lay_on_disk(Layer(Kill(), at), sweep.root)
        return launch_here(sweep)

    assert forked(struck).killed


def _taken_over(sweep: Sweep) -> tuple[int, int]:
    before = acknowledged(sweep)
    lock = sweep.directory / "lock"
    wait_for(lambda: holder(lock) is None, TAKEOVER, "the lock of a dead controller is free")
    again = forked(lambda: launch_here(sweep))
    assert again.code == 0, f"exit code {again.code}: {again.said[-1000:]}"
    sound(sweep)
    doctor(sweep)
    return losses(before, sweep), repeats(sweep)


def _takeover(folder: Path, seconds: list[float]) -> tuple[int, int]:
    """Real processes, with a tracker beside: killed, and launched again at once."""
    shutil.rmtree(folder, ignore_errors=True)
    sweep = Sweep(folder, "takeover").configure(SLOW)
    with ended(start(sweep, "--inline")) as first:
        while not _launches(sweep) and first.poll() is None:
            time.sleep(0.01)
        first.kill()
        began = time.monotonic()
        while holder(sweep.directory / "lock") is not None:
            time.sleep(0.01)
        seconds.append(time.monotonic() - began)
        with ended(start(sweep, "--inline")) as second:
            while len(_launches(sweep)) < 2:
                assert second.poll() is None, said(sweep)[-2000:]
                time.sleep(0.01)
            seconds.append(time.monotonic() - began)
            second.kill()
    assert seconds[0] < TAKEOVER, f"the lock was free after {seconds[0]:.1f} s"
    before = acknowledged(sweep)
    finish(sweep, "--inline")
    doctor(sweep)
    return losses(before, sweep), repeats(sweep)


def _launches(sweep: Sweep) -> list[SweepLaunched]:
    if not sweep.journal.exists():
        return []
    return [event for event in read(sweep.journal) if isinstance(event, SweepLaunched)]


SLOW = """
data: {source: "sklearn:iris", target: target, holdout: none}
cv: 3
metric: accuracy
train: acts:unhurried
parameters: {x: {min: 0.0, max: 1.0}}
search: {sampler: random, pruner: none, concurrency: 1}
budget: {trials: 8}
register: none
"""
