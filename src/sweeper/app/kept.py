"""Where a sweep's checkpoints are, and taking away those that are of no more use."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sweeper.app.directory import Directory
from sweeper.core.records import State
from sweeper.core.specs import SweepSpec


def checkpoint_storage(spec: SweepSpec, sweep_id: str, directory: Directory) -> str:
    """A directory or a URL: what the config names, with a folder for this very sweep below it,
    or `checkpoints/` in the sweep's own directory."""
    if spec.checkpoints.storage is None:
        return str(directory.path.absolute() / "checkpoints")
    return f"{spec.checkpoints.storage.rstrip('/')}/{spec.name}-{sweep_id[:8]}"


def tidy(state: State, directory: Directory, notice: Callable[[str], None]) -> None:
    """Remove what no journal knows: a controller was killed before it heard of a checkpoint, or
    before it had removed one. Only for who holds the sweep."""
    from sweeper.worker.storage import storage_at

    storage = checkpoint_storage(state.spec, state.sweep_id, directory)
    known = {
        checkpoint.path
        for number in state.holding
        for kept in state.trials[number].checkpoints.values()
        for checkpoint in kept
    }
    try:
        unknown = storage_at(storage).tidy(known)
    except OSError as error:
        notice(f"warning: checkpoints in {storage} could not be tidied: {error}")
        return
    if unknown:
        notice(f"removed {unknown} checkpoints that an earlier launch had left unrecorded")


def remove(storage: str, notice: Callable[[str], None], paths: Sequence[str]) -> None:
    """Remove these checkpoints. One that cannot be is told, and does no more harm than its room."""
    from sweeper.worker.storage import storage_at

    try:
        place = storage_at(storage)
        for path in paths:
            place.remove(path)
    except OSError as error:
        notice(f"warning: checkpoints in {storage} could not be removed: {error}")
