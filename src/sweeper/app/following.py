"""Tracking beside the sweep: a process that follows the journal into MLflow."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from sweeper.app.directory import Directory
from sweeper.core.evolve import evolve
from sweeper.core.specs import TrackingSpec
from sweeper.journal import places
from sweeper.mlflow_store import where
from sweeper.ports import Tracker

STORE, ARTIFACTS = "SWEEPER_TRACKING_STORE", "SWEEPER_TRACKING_ARTIFACTS"


def tracker(tracking: TrackingSpec, directory: Directory) -> Tracker:
    """The process that follows this sweep; not started yet.

    It is told where MLflow is through its environment: command lines are for all to see.
    """
    from sweeper.tracking.process import TrackerProcess

    argv = [sys.executable, "-m", "sweeper.app", "follow", str(directory.path.resolve())]
    store = where(tracking, directory.path.parent)
    log = directory.path / "tracking.log"
    return TrackerProcess(argv, log, {STORE: store.uri, ARTIFACTS: store.artifacts or ""})


def follow(path: Path) -> int:
    """That process: runs until its standard input ends and the journal is written out."""
    from sweeper.tracking.mirror import Mirror
    from sweeper.tracking.process import serve

    place = places.at(path)
    state = evolve(None, next(place.read()))  # its first event names the sweep
    uri, artifacts = os.environ[STORE], os.environ[ARTIFACTS] or None

    def mirror() -> Mirror:
        return Mirror(uri, artifacts, state.sweep_id, state.spec.name)

    return serve(place.tail().read, mirror, path)
