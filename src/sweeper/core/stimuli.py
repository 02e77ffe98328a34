"""What reaches the controller from outside. `decide` turns each into events and commands."""

from __future__ import annotations

from dataclasses import dataclass, field

from sweeper.core.records import (
    Artifact,
    Checkpoint,
    DataDigest,
    HistoryEntry,
    Node,
    Outcome,
    Registered,
    RunKey,
    SplitDigest,
)
from sweeper.core.space import Value
from sweeper.core.specs import SweepSpec
from sweeper.core.usage import UNMEASURED, Usage

# --- what people ask for, from this or another terminal ---------------------------------


@dataclass(frozen=True, slots=True)
class Stop:
    """End the controller. `now`: what runs is ended at once; else it gets a grace to finish."""

    now: bool = False


@dataclass(frozen=True, slots=True)
class Pause:
    """Send out no new work; what runs goes on to its end."""


@dataclass(frozen=True, slots=True)
class Resume:
    """Go on after a pause."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Other settings. What changed from `base` to `spec` is changed in the sweep's own spec,
    whatever else has changed there since. `changes`: key, old and new value of each. `sets`:
    what was typed, as `--set` has it; of a launch, the earlier edits that stay in force."""

    base: SweepSpec
    spec: SweepSpec
    changes: tuple[tuple[str, Value, Value], ...]
    sets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Enqueue:
    """Trials by hand, before any that the sampler suggests."""

    params: tuple[dict[str, Value], ...]


@dataclass(frozen=True, slots=True)
class CancelTrial:
    """End this trial; it will not come back."""

    trial: int


Wish = Stop | Pause | Resume | Edit | Enqueue | CancelTrial


@dataclass(frozen=True, slots=True)
class Requested:
    """A wish of `author`. A second one with the same `id` is the first, read again."""

    t: float
    id: str
    author: str
    wish: Wish


# --- what a launch brings ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DataChange:
    """Other data than before, which somebody allowed."""

    data: DataDigest | None
    splits: SplitDigest


@dataclass(frozen=True, slots=True)
class Loan:
    """Finished trials of another sweep for the sampler to learn from, numbers below 0."""

    sweep: str
    sweep_id: str
    entries: tuple[HistoryEntry, ...]


@dataclass(frozen=True, slots=True)
class Launched:
    """A controller starts. `edit`: its config file differs from the last launch's in what may
    change. `looks`: that other sweeps had at this holdout. `changes`: of code and packages."""

    t: float
    wall: float
    host: str
    pid: int
    environment: dict[str, Value]
    author: str = ""
    edit: Edit | None = None
    looks: int = 0
    changes: tuple[tuple[str, Value, Value], ...] = ()
    data: DataChange | None = None
    loans: tuple[Loan, ...] = ()


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
class CheckpointMade:
    """A run that goes on has written a checkpoint, whole. `room`: bytes that are free in the
    storage now, where that can be told."""

    t: float
    run: RunKey
    checkpoint: Checkpoint
    room: int | None = None


@dataclass(frozen=True, slots=True)
class Reported:
    """A run that goes on has reported the sweep's metric, at a step that the pruner looks at."""

    t: float
    run: RunKey
    step: int
    value: float


@dataclass(frozen=True, slots=True)
class RunCancelled:
    """The executor confirms that a run it was told to cancel will give no outcome."""

    t: float
    run: RunKey
    usage: Usage = UNMEASURED


@dataclass(frozen=True, slots=True)
class RegistrationEnded:
    """`version` None: it failed, `error` says why; `later`: the next launch may well succeed."""

    t: float
    version: Registered | None
    error: str = ""
    later: bool = False


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
    | Requested
    | CapacityChanged
    | Suggested
    | Exhausted
    | SamplingFailed
    | RunEnded
    | CheckpointMade
    | Reported
    | RunCancelled
    | RegistrationEnded
    | StopRequested
    | ClockTicked
)
