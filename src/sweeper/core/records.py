"""What the core talks about: trials, fold runs, outcomes, nodes and the sweep's state.

Records that travel are frozen. `State` and the `Trial`s and `FoldRun`s inside it are changed
in place, and only by `evolve`. All times are seconds of the sweep's own clock (see `events`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from sweeper.core.line import Line
from sweeper.core.pareto import Values, pick
from sweeper.core.rooms import Rooms, Slot
from sweeper.core.space import Value
from sweeper.core.specs import Resources, SweepSpec
from sweeper.core.usage import UNMEASURED, Occupied, Spending, Usage

REFIT = -1
"""The fold number of the run that trains the winner on all training rows."""

HOLDOUT = -2
"""The fold number of the run that scores the saved model on the holdout."""


class TrialState(StrEnum):
    RUNNING = "running"
    COMPLETE = "complete"
    PRUNED = "pruned"
    FAILED = "failed"


class RunState(StrEnum):
    """Of one FoldRun: trial × fold × attempt."""

    RUNNING = "running"  # sent to a slot, no outcome yet
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    LOST = "lost"  # ended through no fault of its own; not counted as an attempt
    CANCELLED = "cancelled"


class SweepState(StrEnum):
    """`interrupted` is what a reader calls `running` without a living controller."""

    RUNNING = "running"
    PAUSED = "paused"
    INTERRUPTED = "interrupted"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"


LIVE = (SweepState.RUNNING, SweepState.PAUSED)
"""States of a sweep whose controller is at work, as far as the journal knows."""


class Phase(StrEnum):
    """Where a sweep is on its way; each phase issues its own work."""

    SEARCH = "search"
    REVIVAL = "revival"  # folds of stopped trials that might still beat the winner
    REFIT = "refit"
    HOLDOUT = "holdout"
    REGISTER = "register"
    DONE = "done"


class FailureKind(StrEnum):
    ERROR = "error"  # user code raised
    LOST = "lost"  # its process or node went away
    PREEMPTED = "preempted"  # its node was taken away on purpose; never charged
    OOM = "oom"
    TIMEOUT = "timeout"
    INVALID = "invalid"  # a metric is missing or not a finite number
    INFEASIBLE = "infeasible"  # user code says that these parameters cannot work


class RunKey(NamedTuple):
    """Names one FoldRun. `fold` may be REFIT or HOLDOUT; `attempt` counts from 1."""

    trial: int
    fold: int
    attempt: int


@dataclass(frozen=True, slots=True)
class Success:
    """What a fold run gave back. `report` is only set by REFIT and HOLDOUT runs."""

    scores: dict[str, float]
    seconds: float  # on the worker: preprocessing, fitting and scoring
    node: str = ""
    curve: tuple[tuple[int, dict[str, float]], ...] = ()  # the user's reports, by step
    report: dict[str, Value] = field(default_factory=dict)
    gpus: tuple[str, ...] = ()  # that Ray gave it; of a gang those of each rank in turn
    usage: Usage = UNMEASURED


@dataclass(frozen=True, slots=True)
class Failure:
    """`charged` False: through no fault of its own, and run again without counting."""

    kind: FailureKind
    error: str  # the exception's type, or a word for what happened
    message: str
    fingerprint: str = ""  # equal for failures with the same cause
    seconds: float = 0.0
    node: str = ""
    charged: bool = True
    gpus: tuple[str, ...] = ()
    usage: Usage = UNMEASURED


Outcome = Success | Failure


@dataclass(frozen=True, slots=True)
class Node:
    """A machine that has places for `slots` workers of this sweep side by side, now."""

    name: str
    slots: int


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file of the sweep's directory, by relative path, with its SHA-256 and bytes."""

    path: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a fold run can go on from: all that it did up to `step`, which is done."""

    step: int
    path: str  # a folder, below the sweep's checkpoint storage
    sha256: str  # of its manifest, which has the digest of every file in it
    size: int  # bytes, of all files


@dataclass(frozen=True, slots=True, order=True)
class Rung:
    """A place on learning curves where trials are compared: this fold's curve at this step.

    Trials of different brackets are not compared.
    """

    fold: int
    step: int
    bracket: int = 0


@dataclass(slots=True)
class Standings:
    """Who has been at a rung: (score, smaller better; trial number), best first.

    `waiting` are those among them that were set aside there. Changed by `evolve` only.
    """

    seen: list[tuple[float, int]] = field(default_factory=list)
    waiting: list[tuple[float, int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SplitDigest:
    """The folds: how many, each one's validation rows, and a SHA-256 over all indices."""

    folds: int
    sizes: tuple[int, ...]
    sha256: str


@dataclass(frozen=True, slots=True)
class DataDigest:
    """What the data was at launch. `holdout` is the digest of the holdout's rows."""

    sha256: str
    rows: int
    schema: tuple[tuple[str, str], ...]  # column, type
    holdout: str = ""
    holdout_rows: int = 0
    notes: tuple[str, ...] = ()  # what was done to the data, in words
    files: tuple[tuple[str, str], ...] = ()  # those it was read from, each with its SHA-256


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One trial as the sampler sees it. `value` None: still running, bad, or nothing to learn.

    A trial of an earlier sweep has a number below 0.
    """

    number: int
    params: dict[str, Value]
    value: float | None
    bad: bool = False  # failed for good; enters as a bad result
    running: bool = False
    values: tuple[float, ...] = ()  # of each objective, where there are several


@dataclass(slots=True)
class FoldRun:
    """The account of one attempt, as far as it got. Changed by `evolve` only."""

    key: RunKey
    slot: Slot
    sent: float
    resources: Resources  # of each worker, as they were when it was sent
    state: RunState = RunState.RUNNING
    ended: float | None = None
    outcome: Outcome | None = None
    reason: str = ""
    usage: Usage = UNMEASURED
    held: float = 0.0  # seconds that it had its slot
    repeated: bool = False  # it gave no scores, and its fold was yet to be done


@dataclass(slots=True)
class Trial:
    """One set of parameters and everything that happened to it. Changed by `evolve` only."""

    number: int
    params: dict[str, Value]
    origin: str  # sampler | enqueued
    sampled: float
    state: TrialState = TrialState.RUNNING
    value: float | None = None  # mean over all folds once complete; predicted when pruned
    reason: str = ""
    ended: float | None = None
    revived: int = 0  # how often it came back after being pruned
    judged: int = 0  # folds from the first on that the pruner has looked at
    runs: list[FoldRun] = field(default_factory=list)
    scores: dict[int, dict[str, float]] = field(default_factory=dict)  # fold → metrics
    resting: dict[int, float] = field(default_factory=dict)  # fold → not again before
    checkpoints: dict[int, list[Checkpoint]] = field(default_factory=dict)  # fold → oldest first
    curve: dict[Rung, float] = field(default_factory=dict)  # the metric at rungs, as reached
    ahead: dict[Rung, tuple[int, float]] = field(
        default_factory=dict
    )  # step and metric at rungs that a run came to when its trial had just been set aside

    @property
    def rung(self) -> Rung | None:
        """The last one it has been at."""
        return next(reversed(self.curve), None)

    def attempts(self, fold: int) -> int:
        """How often this fold has been sent out."""
        return sum(1 for run in self.runs if run.key.fold == fold)

    def charged(self, fold: int, kind: FailureKind) -> int:
        """How many failures of this kind this fold has on its account."""
        return sum(
            1
            for run in self.runs
            if run.key.fold == fold
            and isinstance(run.outcome, Failure)
            and run.outcome.charged
            and run.outcome.kind is kind
        )


@dataclass(frozen=True, slots=True)
class Registered:
    """A version in the registry, and what became of the alias."""

    model: str
    version: int
    digest: str  # SHA-256 of the lineage document
    alias: str = ""  # the alias it holds now, if any
    verdict: str = ""  # why the alias moved, or did not


@dataclass(frozen=True, slots=True)
class Taken:
    """What somebody asked of the sweep. `refused`: why it was not done, if it was not."""

    t: float
    author: str
    what: str
    refused: str = ""


@dataclass(slots=True)
class State:
    """Everything a sweep's journal says. Changed by `evolve` only."""

    spec: SweepSpec
    filed: SweepSpec  # as its config file said at the last launch, without later edits
    splits: SplitDigest
    data: DataDigest | None
    sampler: str  # resolved, never "auto"
    sampler_reason: str
    sweep_id: str  # names this very sweep, not one of the same name made later
    sets: tuple[str, ...] = ()  # the edits since, as `--set` has them
    created: float = 0.0  # wall-clock time of the first launch, seconds since the epoch
    launches: int = 0
    anchor: tuple[float, float] = (0.0, 0.0)  # (wall time, sweep time) of the last launch
    now: float = 0.0  # sweep time of the last event
    phase: Phase = Phase.SEARCH
    status: SweepState = SweepState.RUNNING
    reason: str = ""
    stopping: str = ""  # why no new work is sent out, while a controller drains
    spent: str = ""  # which budget for searching is spent, in words
    exhausted: bool = False  # the sampler has no further point
    trials: dict[int, Trial] = field(default_factory=dict)
    history: list[HistoryEntry] = field(default_factory=list)  # append-only, as trials end
    slots: dict[Slot, list[RunKey]] = field(default_factory=dict)  # what each one has
    loads: dict[int, list[Slot]] = field(default_factory=dict)  # how many runs → slots, sorted
    since: dict[Slot, float] = field(default_factory=dict)  # when its first run came to have it
    occupied: Occupied = field(default_factory=Occupied)
    spending: Spending = field(default_factory=Spending)
    rooms: Rooms = field(default_factory=Rooms)  # places that no slot takes
    line: Line = field(default_factory=Line)  # running trials with folds to send
    nodes: tuple[Node, ...] = ()
    highest: int = -1  # trial number
    asking: tuple[int, ...] = ()  # trial numbers asked of the sampler, not yet answered
    queue: tuple[dict[str, Value], ...] = ()  # parameters of trials by hand, not yet begun
    hungry: set[tuple[int, int]] = field(
        default_factory=set
    )  # (trial, fold) that ran out of memory
    paused: float | None = None  # since when
    idle: float = 0.0  # seconds spent paused; the time budget does not count them
    reopened: bool = False  # there is more to search for, though the search was over
    taken: list[Taken] = field(default_factory=list)  # what people asked for, in order
    requests: set[str] = field(default_factory=set)  # their ids
    borrowed: dict[str, int] = field(default_factory=dict)  # sweep id → trials of it in history
    running: set[int] = field(default_factory=set)  # numbers of running trials
    holding: set[int] = field(default_factory=set)  # numbers of trials that have checkpoints
    aside: set[int] = field(default_factory=set)  # numbers of pruned trials
    ranking: list[tuple[float, int]] = field(default_factory=list)  # complete, best first
    front: dict[int, Values] = field(default_factory=dict)  # several objectives: those unbeaten
    rungs: dict[Rung, Standings] = field(default_factory=dict)
    prefixes: dict[int, list[tuple[float, int]]] = field(
        default_factory=dict
    )  # folds → complete trials by their means over the first so many, best first
    registering: bool = False  # the registry was asked and has not answered
    fold_seconds: float | None = None  # running mean of recent fold runs
    successes: int = 0  # fold runs that gave scores
    looks: int = 0  # how often this sweep looked at the holdout
    looks_elsewhere: int = 0  # how often other sweeps had, at the last launch
    artifacts: dict[str, Artifact] = field(default_factory=dict)  # role → file
    reports: dict[int, dict[str, Value]] = field(default_factory=dict)  # of REFIT, HOLDOUT
    finalist: int | None = None  # the trial that these, and the model among `artifacts`, are of
    environment: dict[str, Value] = field(default_factory=dict)  # of the last launch
    registered: Registered | None = None

    @property
    def holdout(self) -> dict[str, Value] | None:
        """The report of the last look at the holdout; None while the search goes on."""
        return None if self.phase in (Phase.SEARCH, Phase.REVIVAL) else self.reports.get(HOLDOUT)

    @property
    def look(self) -> int:
        """How often the holdout has been looked at, by all sweeps known here."""
        return self.looks_elsewhere + self.looks

    @property
    def best(self) -> Trial | None:
        """The best complete trial; the earliest of equals. Of several objectives see `pareto`."""
        if self.spec.objectives:
            found = pick(self.spec, self.front)
            return None if found is None else self.trials[found]
        return self.trials[self.ranking[0][1]] if self.ranking else None
