"""What reaches the controller from outside. `decide` turns each into events and commands."""

from __future__ import annotations

from dataclasses import dataclass, field

from sweeper.core.records import Artifact, Node, Outcome, Registered, RunKey
from sweeper.core.space import Value
from sweeper.core.specs import SweepSpec


@dataclass(frozen=True, slots=True)
class Edit:
    """What a changed config changes in a sweep: key, old and new value of each."""

    spec: SweepSpec
    changes: tuple[tuple[str, Value, Value], ...]
    author: str


@dataclass(frozen=True, slots=True)
class Launched:
    """A controller starts. `edit`: its config differs in what may change. `looks`: that
    other sweeps had at this holdout."""

    t: float
    wall: float
    host: str
    pid: int
    environment: dict[str, Value]
    edit: Edit | None = None
    looks: int = 0


@dataclass(frozen=True, slots=True)
class CapacityChanged:
    t: float
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Suggested:
    t: float
    trial: int
    params: dict[str, Value]
    seconds: float


@dataclass(frozen=True, slots=True)
class Exhausted:
    t: float
    trial: int
    reason: str


@dataclass(frozen=True, slots=True)
class SamplingFailed:
    t: float
    trial: int
    error: str


@dataclass(frozen=True, slots=True)
class RunEnded:
    """`artifacts`: files that the run left in the sweep's directory, by role."""

    t: float
    run: RunKey
    outcome: Outcome
    artifacts: dict[str, Artifact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunCancelled:
    """The executor confirms that a run it was told to cancel will give no outcome."""

    t: float
    run: RunKey


@dataclass(frozen=True, slots=True)
class RegistrationEnded:
    """`version` None: it failed, `error` says why."""

    t: float
    version: Registered | None
    error: str = ""


@dataclass(frozen=True, slots=True)
class StopRequested:
    """`now`: what runs is ended at once; else it gets a grace to finish."""

    t: float
    reason: str
    now: bool = False


@dataclass(frozen=True, slots=True)
class ClockTicked:
    """Time passed; nothing else happened."""

    t: float


Stimulus = (
    Launched
    | CapacityChanged
    | Suggested
    | Exhausted
    | SamplingFailed
    | RunEnded
    | RunCancelled
    | RegistrationEnded
    | StopRequested
    | ClockTicked
)
