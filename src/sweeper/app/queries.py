"""Reading: a sweep's state, who holds it, the registry, and what `doctor` finds."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sweeper.core.evolve import replay
from sweeper.core.invariants import violations
from sweeper.core.records import State, SweepState
from sweeper.core.transitions import InvalidTransition
from sweeper.journal import places
from sweeper.ports import SweeperError

if TYPE_CHECKING:
    from sweeper.registry.mlflow_registry import MlflowRegistry

ROOM = 1 << 30
"""Bytes that should be free where sweeps are kept."""


def read(directory: Path) -> State:
    """A sweep's state as its journal has it now; needs no lock and nothing heavy."""
    return replay(places.at(directory).read())


def holder(directory: Path) -> str | None:
    """Which controller holds the sweep, in words; None when none does."""
    return places.at(directory).holder()


def registry(root: Path, uri: str | None = None) -> MlflowRegistry:
    """The registry beside the sweeps in `root`, or the one at `uri`."""
    from sweeper.core.specs import TrackingSpec
    from sweeper.mlflow_store import where
    from sweeper.registry.mlflow_registry import MlflowRegistry

    store = where(TrackingSpec(uri=uri), root)
    return MlflowRegistry(store.uri, store.artifacts, "sweeper")


def describe(data: Path, config: Path, target: str | None = None) -> str:
    """A commented starter for the data file, to be written to `config`; launches as it is."""
    from sweeper.config import starter
    from sweeper.data import describe as look

    return starter(config, look(data, target))


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. `mend`: what to do, where it is not well."""

    name: str
    ok: bool
    found: str
    mend: str = ""


def doctor(root: Path, name: str | None = None, address: str | None = None) -> list[Check]:
    """Looks at this machine, at a cluster when an address is given, at one sweep when named."""
    checks = [*_machine(), *_room(root)]
    if address is not None:
        checks.append(_cluster(address))
    if name is not None:
        checks += _sweep(root / name)
    return checks


def _machine() -> Iterator[Check]:
    from importlib.metadata import PackageNotFoundError, version

    yield Check(
        "python", sys.version_info >= (3, 11), sys.version.split()[0], "install 3.11 or later"
    )
    for package in ("ray", "optuna", "scikit-learn", "mlflow-skinny", "pandas", "sqlalchemy"):
        try:
            yield Check(package, True, version(package))
        except PackageNotFoundError:
            yield Check(package, False, "not installed", f"pip install {package}")
    for package, gives in (("torch", "the gp sampler and torch models"), ("xgboost", "its models")):
        try:
            yield Check(package, True, version(package))
        except PackageNotFoundError:
            yield Check(package, True, f"not installed; optional, for {gives}")


def _room(root: Path) -> Iterator[Check]:
    place = root if root.exists() else Path()
    free = shutil.disk_usage(place).free
    yield Check("disk", free >= ROOM, f"{free / 1e9:.1f} GB free at {place.resolve()}", "make room")


def _cluster(address: str) -> Check:
    from sweeper.execution import cluster

    try:
        cluster.connect(address, Path())
    except SweeperError as error:
        return Check("cluster", False, str(error), "see the message")
    try:
        shape = cluster.shape()
    finally:
        cluster.disconnect()
    return Check("cluster", True, f"Ray {shape['ray']}, {len(shape['nodes'])} nodes")


def _sweep(directory: Path) -> Iterator[Check]:
    if not places.exists(directory):
        yield Check("journal", False, f"{directory} has none", "see `sweeper ls` for the names")
        return
    try:
        state = read(directory)
    except (SweeperError, InvalidTransition) as error:
        yield Check("journal", False, str(error), "put back a copy of the journal from a backup")
        return
    wrong = violations(state)
    yield Check("journal", not wrong, "; ".join(wrong) or "every record checks", "report this")
    who = holder(directory)
    if who is not None:
        yield Check("controller", True, f"running: {who}")
    elif state.status is SweepState.RUNNING:
        yield Check(
            "controller", False, "none, and the sweep is not finished", "launch it again to go on"
        )
    else:
        yield Check("controller", True, f"none; the sweep is {state.status}")
