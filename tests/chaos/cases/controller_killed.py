"""SIGKILL of the controller at every write boundary of a sweep.

A boundary is every call that changes a file beneath the sweeps: each append to the journal
(its write and its flush), and every file made, written, renamed or cut. A controller is
killed before, inside and after each, and launched again. Then: what the journal had
acknowledged is there byte for byte, no fold with a success in it was sent again, and the
sweep came to the very trials of the one that was never killed.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from chaos.checking import acknowledged, doctor, final, losses, repeats, same, sound, versions
from chaos.faults import Kill, Layer, lay_on_disk
from chaos.forked import forked
from chaos.result import Result
from chaos.sweeps import Sweep, boundaries, empty_tables, launch_here
from chaos.tally import Tally
from sweeper.journal.file import read

WHENS = ("before", "inside", "after")


def run(count: int, seed: int, folder: Path) -> Result:
    """At most `count` of the boundaries, drawn at random; all of them if `count` is that big."""
    tables = empty_tables(folder)
    whole = Sweep(folder / "whole", "killed").configure("trained").with_tables(tables)
    calls = boundaries(whole)
    expected = final(sound(whole))
    kinds = {type(event).__name__ for event in read(whole.journal)}
    places = [(at, when) for at in range(len(calls)) for when in WHENS]
    chosen = sorted(random.Random(seed).sample(places, min(count, len(places))))
    tally = Tally()
    for at, when in chosen:
        sweep = Sweep(folder / f"{at}-{when}", "killed").configure("trained").with_tables(tables)
        layer = Layer(Kill(when), at)
        act = functools.partial(killed_once, sweep, _over(layer, sweep), expected)
        tally.within(f"killed {when} [{at}] {calls[at]}", sweep.folder, act)
    return tally.result(
        "controller",
        f"{len(calls)} boundaries in one sweep, each killed before, inside and after",
        f"kinds of event being written: {', '.join(sorted(kinds))}",
    )


def _over(layer: Layer, sweep: Sweep) -> Callable[[], None]:
    return lambda: lay_on_disk(layer, sweep.root)


def killed_once(sweep: Sweep, prepare: Callable[[], None], expected: list[Any]) -> tuple[int, int]:
    """One launch that is killed, which `prepare` sees to in its process, and one that goes on;
    what was lost and what repeated."""

    def struck() -> int:
        prepare()
        return launch_here(sweep)

    ended = forked(struck)
    if ended.code == 0:  # it was at its end before: it had fewer boundaries, or was quicker
        same(sweep, expected)
        return 0, repeats(sweep)
    assert ended.killed, f"the launch was not killed; it exited with {ended.code}: {ended.said}"
    before = acknowledged(sweep)
    missing = max(0, ended.acknowledged - before.events)
    again = forked(lambda: launch_here(sweep))
    assert again.code == 0, f"the next launch exited with {again.code}: {again.said[-2000:]}"
    same(sweep, expected)
    made = versions(sweep, "flowers")
    assert [(row.version, row.aliases) for row in made] == [(1, ("champion",))], made
    doctor(sweep)
    return missing + losses(before, sweep), repeats(sweep)
