"""Before a launch on several nodes: does each of them see where checkpoints are kept?"""

from __future__ import annotations

import functools
from collections.abc import Callable

from sweeper.core.specs import SweepSpec
from sweeper.ports import ConfigError, Everywhere


def look(
    spec: SweepSpec, storage: str, notice: Callable[[str], None], everywhere: Everywhere
) -> None:
    """Leave a mark in the storage and have every node read it.

    ConfigError when the config names a storage that some node does not see. Where it names none,
    it is only said: a training function need not write checkpoints.
    """
    from sweeper.worker.storage import sees, storage_at

    place = storage_at(storage)
    try:
        mark = place.mark()
    except OSError as error:
        raise ConfigError(f"checkpoints.storage: {storage} cannot be written: {error}") from error
    try:
        found = everywhere(functools.partial(sees, storage, mark))
    finally:
        place.wipe(mark)
    blind = [f"{host}: {said}" for host, said in found if said]
    if not blind:
        return
    told = (
        f"not every node sees the checkpoints' storage {storage} ({'; '.join(blind[:3])}"
        f"{' …' if len(blind) > 3 else ''})"
    )
    if spec.checkpoints.storage is not None:
        raise ConfigError(f"checkpoints.storage: {told}. Name one that all nodes see")
    notice(
        f"warning: {told}: a fold run cannot go on from a checkpoint on another node. Name a "
        "storage that all nodes see: `checkpoints: {storage: …}`"
    )
