"""A disk whose flushes take 200 ms more each, and stall for a second now and then."""

from __future__ import annotations

import functools
from pathlib import Path

from chaos.checking import doctor, final, repeats, same, sound
from chaos.result import Result
from chaos.sweeps import Sweep, finish
from chaos.tally import Tally
from sweeper.core.events import FoldLost
from sweeper.journal.file import read

SLOW = ("flush", "0.2", "1.0", "10")


def run(count: int, seed: int, folder: Path) -> Result:
    """The same sweep on a quick and on a slow disk, in process and on Ray."""
    del count, seed
    tally, seconds = Tally(), {}
    for where, options in (("in process", ("--inline",)), ("on Ray", ())):
        quick = Sweep(folder / f"quick {where}", "disk").configure("trained")
        slow = Sweep(folder / f"slow {where}", "disk").configure("trained")
        seconds[where] = (finish(quick, *options), finish(slow, *options, through=SLOW))
        tally.inject(where, functools.partial(_same, slow, quick))
    notes = (
        f"{w}: {a:.1f} s on a quick disk, {b:.1f} s on the slow one"
        for w, (a, b) in seconds.items()
    )
    return tally.result("slow disk", *notes)


def _same(slow: Sweep, quick: Sweep) -> tuple[int, int]:
    same(slow, final(sound(quick)))
    lost = [event for event in read(slow.journal) if isinstance(event, FoldLost)]
    assert not lost, f"fold runs were lost: {lost}"
    doctor(slow)
    return 0, repeats(slow)
