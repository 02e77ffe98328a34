"""Reading: a sweep's state, who holds it, the registry, a data file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sweeper.core.evolve import replay
from sweeper.core.records import State
from sweeper.journal import places

if TYPE_CHECKING:
    from sweeper.mlflow_store import Store
    from sweeper.registry.versions import Versions


def read(directory: Path) -> State:
    """A sweep's state as its journal has it now; needs no lock and nothing heavy."""
    return replay(places.at(directory).read())


def holder(directory: Path) -> str | None:
    """Which controller holds the sweep, in words; None when none does."""
    return places.at(directory).holder()


def registry(root: Path, uri: str | None = None) -> Versions:
    """What the registry beside the sweeps in `root` holds, or the one at `uri`."""
    from sweeper.registry.versions import Versions

    return Versions(store(root, uri).uri)


def store(root: Path, uri: str | None = None) -> Store:
    """Where MLflow is: beside the sweeps in `root`, or at `uri`."""
    from sweeper.core.specs import TrackingSpec
    from sweeper.mlflow_store import where

    return where(TrackingSpec(uri=uri), root)


def describe(data: Path, config: Path, target: str | None = None) -> str:
    """A commented starter for the data file, to be written to `config`; launches as it is."""
    from sweeper.config import starter
    from sweeper.data import describe as look

    return starter(config, look(data, target))
