"""`erase`: what a plan says is taken away, and what is left is looked for.

First the tombstone says what is to go, then it goes: versions with their files and runs,
checkpoints, the journal, the sweep's directory. An erasure that was cut short is finished by
the next one, whatever that is asked for.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from sweeper.app import tombstone
from sweeper.app.checking.check import Check
from sweeper.app.erasure import ERASED, Plan, Target
from sweeper.app.queries import store
from sweeper.app.tombstone import Tombstone
from sweeper.journal import places
from sweeper.journal.lock import held_by
from sweeper.ports import SweeperError


def erase(
    root: Path, plan: Plan, uri: str | None = None, notice: Callable[[str], None] = print
) -> list[Check]:
    """Take away what the plan says, then look for what is left: the checks say what was found.

    SweepHeld, before anything is touched, when a controller holds one of the sweeps. Called
    again after a crash, with a new plan, it finishes.
    """
    from sweeper.app.scanning import scan

    for target in plan.targets:
        _refuse_held(target)
    for target in plan.targets:
        notice(f"erasing {target.stone.sweep}")
        _erase(root, target, uri)
    if plan.targets:
        from sweeper.registry.erasing import shrink

        shrink(store(root, uri).uri)
    return list(scan(root, [*(t.stone for t in plan.targets), *plan.gone], uri))


def _erase(root: Path, target: Target, uri: str | None) -> None:
    if target.directory is None:
        _erase_registered(root, target.stone, uri)
        return
    place = places.at(target.directory)
    with place.seize():
        tombstone.put(target.directory, target.stone)
        _erase_registered(root, target.stone, uri)
        _erase_checkpoints(target.stone.storage)
        place.remove()
        for path in target.directory.iterdir():
            if path.name not in (tombstone.NAME, places.LOCK):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        tombstone.put(target.directory, replace(target.stone, state=ERASED))
        (target.directory / places.LOCK).unlink(missing_ok=True)


def _erase_registered(root: Path, stone: Tombstone, uri: str | None) -> None:
    from sweeper.registry import erasing

    at = store(root, uri).uri
    erasing.erase_runs(at, erasing.runs(at, stone.sweep_id))
    told = {"at": stone.at, "by": stone.by, "why": stone.why}
    for model, version in stone.versions:
        erasing.erase_version(at, model, version, told)


def _erase_checkpoints(storage: str) -> None:
    from sweeper.worker.storage import storage_at

    if storage:
        storage_at(storage).erase()


def _refuse_held(target: Target) -> None:
    from sweeper.tracking.process import at_work

    if target.directory is None:
        return
    holder = places.at(target.directory).holder()
    if holder is not None:
        raise held_by(holder)
    if at_work(target.directory):
        raise SweeperError(
            f"tracking is still at work on {target.directory.name}: nothing was erased. Ask "
            "again when it has caught up"
        )
