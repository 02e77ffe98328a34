"""Where a sweep's checkpoints are, and taking away those that are of no more use."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sweeper.app.directory import Directory
from sweeper.core.specs import SweepSpec


def checkpoint_storage(spec: SweepSpec, directory: Directory) -> str:
    """A directory or a URL: what the config names, with the sweep's name below it, or
    `checkpoints/` in the sweep's own directory."""
    if spec.checkpoints.storage is None:
        return str(directory.path.absolute() / "checkpoints")
    return f"{spec.checkpoints.storage.rstrip('/')}/{spec.name}"


def remove(storage: str, notice: Callable[[str], None], paths: Sequence[str]) -> None:
    """Remove these checkpoints. One that cannot be is told, and does no more harm than its room."""
    from sweeper.worker.storage import storage_at

    try:
        place = storage_at(storage)
        for path in paths:
            place.remove(path)
    except OSError as error:
        notice(f"warning: checkpoints in {storage} could not be removed: {error}")
