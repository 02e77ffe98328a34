"""The journal replayed, with every invariant checked on the way."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from sweeper.app.checking.check import Check, listed
from sweeper.core.events import Event, VersionRegistered
from sweeper.core.evolve import evolve
from sweeper.core.invariants import violations
from sweeper.core.records import LIVE, Registered, State
from sweeper.core.transitions import InvalidTransition
from sweeper.journal import places
from sweeper.ports import JournalDamaged

SMALL = 50
"""Up to so many trials all invariants are checked after every record; beyond, after as many
events as there are trials, so that checking takes about as long as reading."""


@dataclass(slots=True)
class Told:
    """What a journal tells, as far as it can be read. `broken`: invariants, with the event."""

    state: State | None = None
    records: int = 0
    events: int = 0
    damage: str = ""
    broken: list[str] = field(default_factory=list)
    registered: dict[tuple[str, int], Registered] = field(default_factory=dict)

    def take(self, events: list[Event]) -> None:
        """Apply one record. InvalidTransition where the tables do not allow it."""
        for event in events:
            self.events += 1
            self.state = evolve(self.state, event)
            if isinstance(event, VersionRegistered):
                version = event.version
                self.registered[version.model, version.version] = version
        self.records += 1

    def check(self) -> None:
        if self.state is not None and not self.broken:
            self.broken = [f"at event {self.events}: {text}" for text in violations(self.state)]


def read(place: places.Place) -> Told:
    """Replay everything before the first damage. JournalUnreachable for a server that is away."""
    told, checked = Told(), 0
    try:
        for events in place.records():
            told.take(events)
            trials = len(told.state.trials) if told.state else 0
            if trials <= SMALL or told.events - checked >= trials:
                told.check()
                checked = told.events
        told.check()
    except JournalDamaged as error:
        told.damage = str(error)
    except InvalidTransition as error:
        told.broken.append(f"at event {told.events}: {error}")
    return told


def journal(directory: Path, place: places.Place, told: Told, busy: bool) -> Check:
    """`busy`: a controller writes it."""
    if told.damage:
        mend = (
            f"`sweeper doctor {directory.name} --salvage` saves the {told.events:,} events in "
            f"{told.records:,} records before it; or put back a copy of the journal from a backup"
        )
        return Check("journal", False, told.damage, mend)
    if told.broken:
        return Check(
            "journal",
            False,
            listed(told.broken),
            "a defect of sweeper, or somebody changed the journal: report it with the journal, "
            "and go on under another name with `sweeper launch CONFIG --as NAME`",
        )
    if told.state is None:
        return Check("journal", True, "empty: nothing has happened yet")
    found = f"{told.events:,} events in {told.records:,} records, and every one checks"
    if not busy and _torn(place):
        found += (
            "; behind them a write that a crash cut short, which the next launch takes away: "
            "it was never acknowledged"
        )
    return Check("journal", True, found)


def _torn(place: places.Place) -> bool:
    if not isinstance(place, places.OnFile):
        return False  # a server writes a record whole or not at all
    with (place.directory / places.FILE).open("rb") as stream:
        stream.seek(-1, os.SEEK_END)
        return stream.read() != b"\n"


def controller(told: Told, holder: str | None) -> Check:
    """Who has the sweep; nobody should have left it without a word."""
    state = told.state
    if holder is not None:
        return Check("controller", True, f"at work: {holder}")
    if state is None or told.damage:
        return Check("controller", True, "none")
    if state.status in LIVE:
        left = f"{len(state.running)} trials under way" if state.running else f"{state.phase}"
        return Check(
            "controller",
            False,
            f"none, and the sweep is not finished: its controller ended without a word ({left})",
            "launch its config again: it goes on where it was left",
        )
    why = f": {state.reason}" if state.reason else ""
    return Check("controller", True, f"none; the sweep is {state.status}{why}")
