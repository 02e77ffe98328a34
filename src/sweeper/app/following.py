"""Tracking beside the sweep: a process that follows the journal into MLflow."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from sweeper.app.directory import Directory
from sweeper.core.evolve import replay
from sweeper.core.records import State
from sweeper.journal.file import Tail, read
from sweeper.mlflow_store import where
from sweeper.ports import Tracker


def sweep_id(state: State) -> str:
    """Names this very sweep, not one of the same name made later."""
    data = state.data.sha256 if state.data else ""
    text = f"{state.spec.name}/{state.created!r}/{data}/{state.splits.sha256}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def tracker(state: State, directory: Directory) -> Tracker:
    """The process that follows this sweep; not started yet."""
    from sweeper.tracking.process import TrackerProcess

    argv = [sys.executable, "-m", "sweeper.app", "follow", str(directory.path.resolve())]
    return TrackerProcess(argv, directory.path / "tracking.log")


def follow(path: Path) -> int:
    """That process: runs until its standard input ends and the journal is written out."""
    from sweeper.tracking.mirror import Mirror
    from sweeper.tracking.process import serve

    directory = Directory(path)
    tail = Tail(directory.journal)
    state = replay(read(directory.journal))
    store = where(state.spec.tracking, path.parent)

    def mirror() -> Mirror:
        return Mirror(store.uri, store.artifacts, sweep_id(state), state.spec.name)

    return serve(tail.read, mirror, path)
