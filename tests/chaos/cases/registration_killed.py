"""SIGKILL while the winner becomes a version: at every call to MLflow and every commit.

An older champion holds the alias. After each kill, before anything is mended: readers of the
registry see no half-made version, and the alias names the old version or the finished new
one. After the next launch: one version of this sweep, whole, and the alias on it.
"""

from __future__ import annotations

import functools
import random
import shutil
from pathlib import Path

from chaos.checking import acknowledged, doctor, losses, repeats, sound, versions
from chaos.faults import Kill, Layer, lay_on_class
from chaos.forked import forked
from chaos.result import Result
from chaos.sweeps import Sweep, empty_tables, launch_here
from chaos.tally import Tally

MODEL = "flowers"
WHENS = ("before", "after")


def run(count: int, seed: int, folder: Path) -> Result:
    """At most `count` of the calls, each before and after."""
    pattern = (
        Sweep(folder / "pattern", "old").configure("trained").with_tables(empty_tables(folder))
    )
    assert forked(lambda: launch_here(pattern)).code == 0
    calls = _calls(_copy(pattern, folder / "counted"))
    places = [(at, when) for at in range(len(calls)) for when in WHENS]
    chosen = sorted(random.Random(seed).sample(places, min(count, len(places))))
    tally = Tally()
    for at, when in chosen:
        sweep = _copy(pattern, folder / f"{at}-{when}")
        act = functools.partial(_killed_once, sweep, Layer(Kill(when), at))
        tally.within(f"killed {when} [{at}] {calls[at]}", sweep.folder, act)
    note = f"{len(calls)} calls and commits from the refit to the alias: {_shortly(calls)}"
    return tally.result("registration", note)


def _copy(pattern: Sweep, folder: Path) -> Sweep:
    """A folder with the old champion in it, and a sweep that is still to be launched."""
    shutil.copytree(pattern.folder, folder)
    return Sweep(folder, "new").configure("trained")


def _lay(layer: Layer) -> None:
    from mlflow.tracking import MlflowClient
    from sqlalchemy.orm import Session

    lay_on_class(layer, MlflowClient)
    lay_on_class(layer, Session, ("commit",))


def _calls(sweep: Sweep) -> list[str]:
    """What one launch asks of MLflow, in order."""

    def counted() -> int:
        layer = Layer()
        _lay(layer)
        code = launch_here(sweep)
        print("\n".join(["CALLS", *layer.seen]))
        return code

    ended = forked(counted)
    assert ended.code == 0, ended.said
    return ended.said.split("CALLS\n")[1].splitlines()


def _killed_once(sweep: Sweep, layer: Layer) -> tuple[int, int]:
    """A kill, a look at what it left, and the launch that goes on; lost and repeated."""

    def struck() -> int:
        _lay(layer)
        return launch_here(sweep)

    ended = forked(struck)
    assert ended.killed, f"the launch was not killed; it exited with {ended.code}: {ended.said}"
    _never_half(sweep)
    before = acknowledged(sweep)
    again = forked(lambda: launch_here(sweep))
    assert again.code == 0, f"the next launch exited with {again.code}: {again.said[-2000:]}"
    state = sound(sweep)
    found = [(row.version, row.aliases) for row in versions(sweep, MODEL)]
    assert found == [(1, ()), (2, ("champion",))], f"versions after all: {found}"
    assert state.registered is not None
    assert state.registered.version == 2
    doctor(sweep)
    return losses(before, sweep), repeats(sweep)


def _never_half(sweep: Sweep) -> None:
    """Readers see only whole versions, and the alias is on one of them."""

    def look() -> int:
        from sweeper import app

        registry = app.registry(sweep.root)
        for version in registry.versions(MODEL):
            registry.lineage(version)  # read back, its digest checked
        holder = registry.holder(MODEL, "champion")
        assert holder is not None, "nobody holds the alias"
        assert registry.content(holder), "the champion's model is empty"  # verified first
        return 0

    ended = forked(look)
    assert ended.code == 0, ended.said
    holders = [row.version for row in versions(sweep, MODEL) if "champion" in row.aliases]
    assert holders in ([1], [2]), f"the alias names {holders}"


def _shortly(calls: list[str]) -> str:
    """The distinct ones, in order of first use."""
    return ", ".join(dict.fromkeys(call.split(".")[-1] for call in calls))
