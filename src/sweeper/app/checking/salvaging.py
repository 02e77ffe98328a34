"""The good part of a damaged journal, and how to go on with it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path

from sweeper.app.checking import journal
from sweeper.journal import places
from sweeper.journal.salvage import salvage as save


@dataclass(frozen=True, slots=True)
class Salvage:
    """What was saved, and the commands that go on with it. `lost`: lines from the damage on."""

    path: Path
    records: int
    events: int
    trials: int
    ended: int
    lost: int
    damage: str
    commands: tuple[str, ...]


def salvage(directory: Path) -> Salvage | None:
    """Write the good part into a new file beside the journal, which stays as it is.

    None when nothing is damaged, or nothing stands before the damage. Needs no lock.
    """
    place = places.at(directory)
    told = journal.read(place)
    if not told.damage or told.state is None:
        return None
    path = _free(directory)
    saved = save(place.lines(), path)
    trials = told.state.trials
    return Salvage(
        path=path,
        records=saved.records,
        events=saved.events,
        trials=len(trials),
        ended=len(trials) - len(told.state.running),
        lost=sum(1 for _ in place.lines()) - saved.records,
        damage=told.damage,
        commands=_commands(place, directory, path, told.state.spec.tracking.enabled),
    )


def _free(directory: Path) -> Path:
    """A name that no file has."""
    names = (f"journal.salvaged{f'-{n}' if n > 1 else ''}.jsonl" for n in itertools.count(1))
    return next(directory / name for name in names if not (directory / name).exists())


def _commands(place: places.Place, directory: Path, saved: Path, tracks: bool) -> tuple[str, ...]:
    old = places.FILE if isinstance(place, places.OnFile) else places.POINTER
    moves = (
        f"mv {directory / old} {directory / old}.damaged",
        f"mv {saved} {directory / places.FILE}",
    )
    again = f"sweeper doctor {directory.name}{' --catch-up' if tracks else ''}"
    launch = "sweeper launch CONFIG" + ("" if old == places.FILE else "  # without `journal:`")
    return (*moves, again, launch)
