"""The seams: what the controller asks of the outside world, and the payloads that cross.

Adapters implement one protocol each and never know one another; `app` puts them together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from sweeper.core.events import Event
from sweeper.core.records import (
    Checkpoint,
    DataDigest,
    HistoryEntry,
    Outcome,
    Registered,
    RunKey,
    SplitDigest,
)
from sweeper.core.rooms import Slot
from sweeper.core.space import Value
from sweeper.core.specs import Gate, SweepSpec
from sweeper.core.stimuli import Stimulus


class SweeperError(Exception):
    """Something a user can cause and mend. The message says what, where and what to do."""

    exit_code = 1


class ConfigError(SweeperError):
    """The config, or what it names, is wrong."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a config. `path` is the key's dotted path, as `data.target`."""

    path: str
    message: str  # what was found, what was expected, the nearest right name, what to do


class InvalidSpec(ConfigError):
    """Problems found by an adapter that knows key paths but no lines; `config` adds those."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(f"{p.path}: {p.message}" for p in problems))
        self.problems = tuple(problems)


class SweepHeld(SweeperError):
    """Another controller holds this sweep; the message names it."""

    exit_code = 5


class JournalDamaged(SweeperError):
    """The journal has a record that is not what was written; names the line."""


class JournalUnreachable(SweeperError):
    """The server that holds the journal cannot be asked; names it, never the password."""


class JournalUnwritable(SweeperError):
    """The journal could not be appended to: what is not in it has not happened."""

    exit_code = 3


class FileUnwritable(SweeperError):
    """A file of the sweep's directory cannot be written: what it belongs to has not happened."""

    exit_code = 3


# --- payloads -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Column:
    """A feature column. `kind`: numeric, boolean, categorical, date or text."""

    name: str
    kind: str
    dtype: str
    missing: int = 0
    distinct: int = 0


@dataclass(frozen=True, slots=True)
class Rows:
    """Features with what belongs to them. X: DataFrame, array or indexable; y: 1-d array."""

    X: Any
    y: Any = None
    weights: Any = None
    groups: Any = None
    time: Any = None
    folds: Any = None  # the column that `cv: {split_by: …}` names


@dataclass(frozen=True, slots=True)
class Dataset:
    """Training rows and holdout rows, apart, with what is known about them."""

    train: Rows
    holdout: Rows | None
    columns: tuple[Column, ...]
    task: str  # classification | regression | none
    classes: tuple[Value, ...]  # sorted labels of a classification
    positive: Value  # the positive class of a binary one, else None
    digest: DataDigest
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Splits:
    """`folds[k]` = (training indices, validation indices) into the training rows."""

    folds: tuple[tuple[Any, Any], ...]
    digest: SplitDigest
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Job:
    """All that every fold run of a sweep shares. Goes to each node once.

    Holds no holdout rows: user code must not be able to reach them.
    """

    spec: SweepSpec
    rows: Rows
    splits: Splits
    columns: tuple[Column, ...]
    task: str
    classes: tuple[Value, ...]
    positive: Value
    directory: str  # the config's own folder: user modules are found there


@dataclass(frozen=True, slots=True)
class Rank:
    """A worker's place in the gang that does one fold run, in the words of torchrun.

    `host` and `port` are those of a torch.distributed TCPStore that the gang's first worker
    keeps, empty when the run begins.
    """

    rank: int
    world_size: int
    local_rank: int
    local_world_size: int
    node_rank: int
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Order:
    """One fold run to be done. `model` and `champion` are files for a HOLDOUT run."""

    key: RunKey
    params: dict[str, Value]
    seed: int
    timeout: float | None = None
    memory: int | None = None  # bytes it may have on its node; None: what is there
    model: bytes | None = None  # the refitted model, for a HOLDOUT run
    champion: bytes | None = None  # the alias's present model, for a HOLDOUT run
    holdout: Rows | None = None  # only a HOLDOUT run is given these
    rank: Rank | None = None  # of the worker that this copy of the order is for; None: alone
    storage: str = ""  # where checkpoints are kept: a directory or an fsspec URL; empty: nowhere
    checkpoint: Checkpoint | None = None  # of an earlier attempt, to go on from
    watched: tuple[int, ...] = ()  # steps: the first report from each on is heard, ascending


TRAIN_MODULE = "sweeper.worker.module:train"
"""The training function of a config that names a torch module, a loss and an optimiser."""


TRACE = "--- how it failed ---"
"""The line of a run's log from which on it is the traceback."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a worker sends back: the outcome as a value, never an exception.

    `files`: role → (file name, content), to be kept in the sweep's directory. A REFIT run
    leaves the role `model`. `log` is what the run wrote to stdout and stderr, and of a failed
    one, after a line TRACE, the traceback.
    """

    outcome: Outcome
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    log: str = ""
    logs: tuple[str, ...] = ()  # of a gang's ranks from 1 on
    dirty: str = ""  # why its process should not be used again, if it should not


class Channel(Protocol):
    """A running fold's way to the controller. `report` says whether to stop now.

    `log`: the file for what the run prints, which others may read meanwhile; empty: any.
    """

    @property
    def log(self) -> str: ...

    def report(self, step: int, metrics: dict[str, float]) -> bool: ...
    def checkpointed(self, checkpoint: Checkpoint, room: int | None) -> None:
        """The run can be gone on with from here; `room`: bytes left in the storage, if known."""
        ...


Everywhere = Callable[[Callable[[], str]], Sequence[tuple[str, str]]]
"""Calls a function on every node: each one's host, and what it answered."""

Run = Callable[[Job, Order, Channel], RunResult]
"""Does one order on a worker; an adapter of `execution` is given it by `app`."""


@dataclass(frozen=True, slots=True)
class Registration:
    """What the registry needs to make a version. `lineage` holds no rows of data."""

    sweep: str
    sweep_id: str
    model: str  # registered name
    alias: str
    when: str
    gate: Gate
    by: str  # who registers it
    model_file: str  # absolute path of the refitted model
    columns: tuple[Column, ...]
    task: str
    target: str | None
    classes: tuple[Value, ...]
    lineage: dict[str, Value]
    holdout: dict[str, Value] | None  # the holdout report, with the paired verdict if any
    files: dict[str, str] = field(default_factory=dict)  # artefact name → absolute path
    directory: str = "."  # the config's own folder: user modules are found there


@dataclass(frozen=True, slots=True)
class Champion:
    """The version an alias names today."""

    model: str
    version: int
    holdout: str  # digest of the holdout it was scored on
    data: str  # digest of the data it was trained on
    metric: str
    content: bytes | None  # its model file, None when it cannot be had


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`params` None: the sampler has no further point."""

    params: dict[str, Value] | None


Post = Callable[[Stimulus], None]
"""Hands a stimulus to the controller; may be called from any thread."""


# --- ports ----------------------------------------------------------------------------


class Sampler(Protocol):
    """A function of (space, sweep seed, trial number, history): no memory that matters."""

    def suggest(self, number: int, history: Sequence[HistoryEntry]) -> Suggestion: ...


class Executor(Protocol):
    """Runs orders on slots. Every order ends in exactly one RunEnded or RunCancelled."""

    def start(self, post: Post) -> None: ...
    def dispatch(self, slot: Slot, orders: Sequence[Order]) -> None: ...
    def cancel(self, runs: Sequence[RunKey], grace: float) -> None: ...
    def want(self, more: bool) -> None:
        """Whether there is work for more slots than it has said there are."""
        ...

    def close(self) -> None: ...


class Journal(Protocol):
    """Append-only. `append` returns when the records are durable, or raises.

    A record is the events of one decision: after a crash it is there whole or not at all.
    """

    def replay(self) -> Iterator[Event]: ...
    def append(self, records: Sequence[Sequence[Event]]) -> None: ...
    def length(self) -> int: ...
    def digest(self) -> str: ...
    def close(self) -> None: ...


class Tracker(Protocol):
    """A read model of the journal, off the critical path."""

    def start(self) -> None: ...
    def finish(self, seconds: float) -> bool: ...


class Registry(Protocol):
    def champion(self, model: str, alias: str) -> Champion | None: ...
    def register(self, registration: Registration) -> Registered: ...


class Clock(Protocol):
    def wall(self) -> float: ...
    def monotonic(self) -> float: ...
