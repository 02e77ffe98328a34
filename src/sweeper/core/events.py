"""Facts. What the journal holds, in the order in which it happened.

Every event carries `t`: seconds of the sweep's own clock, which counts the time its
controllers ran, over all launches, and never goes back whatever the wall clock does.
A `SweepLaunched` anchors it to the wall clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sweeper.core.records import (
    Artifact,
    Checkpoint,
    DataDigest,
    Failure,
    FailureKind,
    HistoryEntry,
    Node,
    Phase,
    Registered,
    Rung,
    RunKey,
    SplitDigest,
    Success,
)
from sweeper.core.rooms import Slot
from sweeper.core.space import Value
from sweeper.core.specs import SweepSpec
from sweeper.core.usage import UNMEASURED, Usage


@dataclass(frozen=True, slots=True)
class SweepCreated:
    """The first event of a journal."""

    t: float
    wall: float
    spec: SweepSpec
    splits: SplitDigest
    data: DataDigest | None
    sampler: str
    sampler_reason: str
    format: int = 1  # of the journal


@dataclass(frozen=True, slots=True)
class SweepLaunched:
    """A controller took the sweep. Fold runs of an earlier one are lost from here on."""

    t: float
    wall: float
    host: str
    pid: int
    environment: dict[str, Value]  # versions, git commit, machine: what lineage quotes
    looks: int = 0  # that other sweeps had at this holdout
    changes: tuple[tuple[str, Value, Value], ...] = ()  # of code and packages, since the last


@dataclass(frozen=True, slots=True)
class SettingsChanged:
    """Settings changed, by an edit or by a config file that changed between launches."""

    t: float
    spec: SweepSpec
    changes: tuple[tuple[str, Value, Value], ...]  # key, old, new
    author: str
    filed: SweepSpec | None = None  # what the file says, where the change came from it
    sets: tuple[str, ...] | None = None  # the edits in force, as `--set` has them


@dataclass(frozen=True, slots=True)
class DataChanged:
    """The sweep goes on with other data, because somebody allowed it."""

    t: float
    data: DataDigest | None
    splits: SplitDigest
    author: str


@dataclass(frozen=True, slots=True)
class HistoryTaken:
    """The sampler also learns from these trials of another sweep; their numbers are below 0."""

    t: float
    sweep: str
    sweep_id: str
    entries: tuple[HistoryEntry, ...]


@dataclass(frozen=True, slots=True)
class RequestTaken:
    """Somebody asked for something; the events that follow in this record are the answer.

    `id` makes a request that is read twice count once. `refused`: why nothing was done.
    """

    t: float
    id: str
    author: str
    what: str
    refused: str = ""


@dataclass(frozen=True, slots=True)
class SweepPaused:
    """No new work is sent out until further notice; what runs goes on to its end."""

    t: float
    reason: str


@dataclass(frozen=True, slots=True)
class SweepResumed:
    t: float
    reason: str


@dataclass(frozen=True, slots=True)
class TrialEnqueued:
    """These parameters will be a trial, before any that the sampler suggests."""

    t: float
    params: dict[str, Value]


@dataclass(frozen=True, slots=True)
class CapacitySeen:
    """What the cluster gives this sweep, where that changed."""

    t: float
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class TrialAsked:
    """The sampler is asked for this trial; its history is the journal up to here."""

    t: float
    trial: int


@dataclass(frozen=True, slots=True)
class TrialSampled:
    """`seconds`: how long the sampler took."""

    t: float
    trial: int
    params: dict[str, Value]
    origin: str
    seconds: float


@dataclass(frozen=True, slots=True)
class SamplerExhausted:
    """The sampler, asked for this trial, has no further point: the grid is done."""

    t: float
    trial: int
    reason: str


@dataclass(frozen=True, slots=True)
class FoldsDispatched:
    """These runs are on their way to one slot, in this order, as one batch."""

    t: float
    slot: Slot
    runs: tuple[RunKey, ...]


@dataclass(frozen=True, slots=True)
class CheckpointWritten:
    """The next attempt of the run's fold goes on from here."""

    t: float
    run: RunKey
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True)
class Dropped:
    """A checkpoint that is not kept."""

    trial: int
    fold: int
    path: str


@dataclass(frozen=True, slots=True)
class CheckpointsDropped:
    """These are of no more use and are removed."""

    t: float
    dropped: tuple[Dropped, ...]


@dataclass(frozen=True, slots=True)
class CurveReported:
    """A running fold's metric where the pruner looks: the first report at or after a rung."""

    t: float
    run: RunKey
    step: int  # that was reported
    value: float
    rung: Rung


@dataclass(frozen=True, slots=True)
class FoldSucceeded:
    t: float
    run: RunKey
    outcome: Success
    artifacts: dict[str, Artifact] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FoldFailed:
    """`retry` says what follows, `reason` why, `pause` how many seconds later."""

    t: float
    run: RunKey
    outcome: Failure
    retry: bool
    reason: str
    pause: float = 0.0


@dataclass(frozen=True, slots=True)
class FoldLost:
    """The run went away through no fault of its own: it is run again, uncharged."""

    t: float
    run: RunKey
    reason: str
    kind: FailureKind = FailureKind.LOST


@dataclass(frozen=True, slots=True)
class FoldCancelled:
    t: float
    run: RunKey
    reason: str
    usage: Usage = UNMEASURED


@dataclass(frozen=True, slots=True)
class TrialCompleted:
    t: float
    trial: int
    value: float
    reason: str


@dataclass(frozen=True, slots=True)
class TrialPruned:
    """`predicted`: what all folds would have given, told to the sampler."""

    t: float
    trial: int
    folds: int  # the contiguous prefix of finished folds that the decision rests on
    predicted: float
    chance: float | None  # of beating the incumbent, where the pruner knows one
    reason: str


@dataclass(frozen=True, slots=True)
class TrialRevived:
    t: float
    trial: int
    reason: str


@dataclass(frozen=True, slots=True)
class TrialFailed:
    """`bad`: the sampler is told of a bad result, so that it looks elsewhere."""

    t: float
    trial: int
    reason: str
    bad: bool = False


@dataclass(frozen=True, slots=True)
class PhaseEntered:
    t: float
    phase: Phase
    reason: str


@dataclass(frozen=True, slots=True)
class HoldoutLooked:
    """The holdout is about to be looked at, for the `look`-th time by any sweep known here."""

    t: float
    look: int
    digest: str


@dataclass(frozen=True, slots=True)
class RegistrationAsked:
    """The registry is asked to take the model; asking twice makes one version."""

    t: float
    trial: int


@dataclass(frozen=True, slots=True)
class RegistrationPutOff:
    """It could not be done now, for a reason that is not the model's: the next launch tries."""

    t: float
    reason: str


@dataclass(frozen=True, slots=True)
class VersionRegistered:
    t: float
    version: Registered


@dataclass(frozen=True, slots=True)
class BudgetSpent:
    """A budget, less what the refit needs of it, is spent: the search ends."""

    t: float
    reason: str


@dataclass(frozen=True, slots=True)
class StopAsked:
    """Somebody wants this controller to end; it drains."""

    t: float
    reason: str


@dataclass(frozen=True, slots=True)
class SweepInterrupted:
    """This controller left in good order; the sweep can be launched again."""

    t: float
    reason: str


@dataclass(frozen=True, slots=True)
class SweepFinished:
    t: float
    reason: str


@dataclass(frozen=True, slots=True)
class SweepFailed:
    t: float
    reason: str


Event = (
    SweepCreated
    | SweepLaunched
    | SettingsChanged
    | DataChanged
    | HistoryTaken
    | RequestTaken
    | SweepPaused
    | SweepResumed
    | TrialEnqueued
    | CapacitySeen
    | TrialAsked
    | TrialSampled
    | SamplerExhausted
    | FoldsDispatched
    | CheckpointWritten
    | CheckpointsDropped
    | CurveReported
    | FoldSucceeded
    | FoldFailed
    | FoldLost
    | FoldCancelled
    | TrialCompleted
    | TrialPruned
    | TrialRevived
    | TrialFailed
    | PhaseEntered
    | HoldoutLooked
    | RegistrationAsked
    | VersionRegistered
    | RegistrationPutOff
    | BudgetSpent
    | StopAsked
    | SweepInterrupted
    | SweepFinished
    | SweepFailed
)
