"""What the controller is to do. Executed only after the events of the tick are durable."""

from __future__ import annotations

from dataclasses import dataclass

from sweeper.core.records import RunKey
from sweeper.core.rooms import Slot


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask the sampler for this trial, with the history as it stands."""

    trial: int


@dataclass(frozen=True, slots=True)
class Dispatch:
    """Send these runs to the slot, behind what it already has."""

    slot: Slot
    runs: tuple[RunKey, ...]


@dataclass(frozen=True, slots=True)
class Cancel:
    """Drop these runs where they wait; ask those that run to stop, and end them after
    `grace` seconds by force."""

    runs: tuple[RunKey, ...]
    grace: float


@dataclass(frozen=True, slots=True)
class Remove:
    """Remove these checkpoints, by their paths below the sweep's checkpoint storage."""

    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Register:
    """Register the refitted winner as a model version and settle the alias."""

    trial: int


@dataclass(frozen=True, slots=True)
class Finish:
    """Leave the loop."""

    reason: str


Command = Ask | Dispatch | Cancel | Remove | Register | Finish
