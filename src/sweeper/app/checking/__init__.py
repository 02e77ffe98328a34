"""`doctor`: what is in order on this machine, in a cluster, in a sweep, and how to mend the rest.

Reads only, also while the sweep runs; what mends is asked for by name (`salvage`, `catch_up`).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sweeper.app.checking import files, machine, registered, tracked
from sweeper.app.checking import journal as told
from sweeper.app.checking.check import Check
from sweeper.app.checking.salvaging import Salvage, salvage
from sweeper.app.checking.tracked import catch_up
from sweeper.journal import places
from sweeper.ports import SweeperError

__all__ = ["Check", "Salvage", "catch_up", "doctor", "salvage"]


def doctor(root: Path, name: str | None = None, address: str | None = None) -> list[Check]:
    """Looks at one sweep when named, else at this machine; at a cluster when an address is given."""
    checks = list(machine.room(root))
    if name is None:
        checks = [*machine.packages(), *checks]
    if address is not None:
        from sweeper.app.checking import connection

        checks += connection.check(address, root)
    if name is not None:
        checks += _sweep(root / name)
    return checks


def _sweep(directory: Path) -> Iterator[Check]:
    try:
        place = places.at(directory)
        before = place.holder()
        found = told.read(place)
        holder = before or place.holder()
    except SweeperError as error:
        yield Check("journal", False, str(error), "see the message")
        return
    held = holder is not None
    yield told.journal(directory, place, found, held)
    yield told.controller(found, holder)
    yield from files.permissions(directory)
    if found.state is None or found.damage:
        return
    state = found.state
    yield files.requests(directory, state, held)
    yield from files.artifacts(directory, state)
    yield from files.leftovers(directory, held)
    yield from tracked.check(directory, state, place, held)
    yield from registered.check(directory, state, list(found.registered.values()), held)
