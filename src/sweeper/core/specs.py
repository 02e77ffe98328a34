"""What a config says, checked and frozen: the only form in which it leaves `config`.

Every record here is immutable, made of standard types, and survives the journal's codec
unchanged. Durations are seconds, memory is bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from sweeper.core.space import Node, Object, Space, Value


class Goal(StrEnum):
    MAXIMIZE = "maximize"
    MINIMIZE = "minimize"

    @property
    def sign(self) -> int:
        """+1 or -1: the factor that makes larger better."""
        return 1 if self is Goal.MAXIMIZE else -1


class MetricKind(StrEnum):
    SCORER = "scorer"  # a scikit-learn scorer
    FUNCTION = "function"  # the user's own `module:function(y_true, y_pred) -> float`
    REPORTED = "reported"  # a key of what the user's training function returns
    MEASURED = "measured"  # what a fold run costs; found on the worker


@dataclass(frozen=True, slots=True)
class Metric:
    """`name` as the user wrote it; reported value = `sign` × the scorer's value."""

    name: str
    goal: Goal
    kind: MetricKind = MetricKind.SCORER
    scorer: str = ""  # canonical scikit-learn scorer name, or module:function
    sign: int = 1
    target: float | None = None  # the sweep ends when a complete trial reaches it


class HoldoutKind(StrEnum):
    FRACTION = "fraction"
    FILE = "file"
    COLUMN = "column"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class HoldoutSpec:
    kind: HoldoutKind = HoldoutKind.FRACTION
    fraction: float = 0.2
    path: str = ""
    column: str = ""
    value: Value = None


@dataclass(frozen=True, slots=True)
class DataSpec:
    """Where rows come from and what role each column has. Roles are never features."""

    source: str
    target: str | None = None
    positive: Value = None
    drop: tuple[str, ...] = ()
    groups: str | None = None
    time: str | None = None
    weights: str | None = None
    id: str | None = None
    duplicates: str = "keep"  # keep | drop | error
    holdout: HoldoutSpec = HoldoutSpec()


class CvKind(StrEnum):
    AUTO = "auto"  # by the data's roles: grouped, ordered, stratified or plain
    SPLITTER = "splitter"  # a scikit-learn splitter's class name, or module:Class
    COLUMN = "column"  # each value of a column is one fold's validation rows
    NONE = "none"  # one fold: a single stratified split


@dataclass(frozen=True, slots=True)
class CvSpec:
    kind: CvKind = CvKind.AUTO
    n_splits: int = 5
    splitter: str = ""
    arguments: tuple[tuple[str, Value], ...] = ()  # passed to the splitter as written
    column: str = ""
    repeats: int = 1


class PreprocessKind(StrEnum):
    AUTO = "auto"
    NONE = "none"
    COLUMNS = "columns"


@dataclass(frozen=True, slots=True)
class ColumnSteps:
    """Transformers applied in order to these columns; other columns pass untouched."""

    columns: tuple[str, ...]
    steps: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Preprocess:
    kind: PreprocessKind = PreprocessKind.AUTO
    blocks: tuple[ColumnSteps, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """One model that may be chosen. `preprocess` None means the sweep's own."""

    name: str
    estimator: Object
    preprocess: Preprocess | None = None
    validation: float | None = None  # share of a fold's training rows for early stopping
    places: int = 1  # of the sweep's `resources`, taken so many times by each of its fold runs


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """Candidates; `dimension` names the `choose:` dimension, None for a single model."""

    candidates: tuple[Candidate, ...]
    dimension: str | None = None

    def candidate(self, params: dict[str, Value]) -> Candidate:
        """The candidate this trial's parameters choose."""
        if self.dimension is None:
            return self.candidates[0]
        chosen = params[self.dimension]
        return next(c for c in self.candidates if c.name == chosen)


@dataclass(frozen=True, slots=True)
class TrainSpec:
    """The user's own `module:function(trial)`; `parameters` become `trial.params`."""

    function: str
    parameters: tuple[tuple[str, Node], ...] = ()
    predict: str | None = None  # module:function(model, X) -> predictions


@dataclass(frozen=True, slots=True)
class PrunerSpec:
    name: str = "racing"  # racing | median | wilcoxon | asha | hyperband | none
    alpha: float = 0.05  # racing: stop under this chance; wilcoxon: the p-value
    startup: int = 4  # trials to compare with before median and wilcoxon stop any
    min_steps: int = 1  # the first step of a learning curve at which a run may be stopped
    max_steps: int | None = None  # from here on it is not stopped any more; hyperband needs it
    reduction: int = 3  # asha and hyperband: one in so many goes on from each rung

    @property
    def halving(self) -> bool:
        """Whether it compares trials on their first fold, and takes up again whom it stopped."""
        return self.name in ("asha", "hyperband")


@dataclass(frozen=True, slots=True)
class SearchSpec:
    sampler: str = "auto"  # auto | tpe | gp | cmaes | nsgaii | random | qmc | grid
    pruner: PrunerSpec = PrunerSpec()
    concurrency: int | None = None  # trials in flight; None is auto


@dataclass(frozen=True, slots=True)
class Budget:
    """Totals over all launches of a sweep. None: without limit."""

    trials: int | None = None
    time: float | None = None  # seconds
    cpu_hours: float | None = None  # reserved, as the next two
    gpu_hours: float | None = None
    money: float | None = None  # by the sweep's prices


@dataclass(frozen=True, slots=True)
class Prices:
    """Of a reserved CPU and GPU for an hour."""

    cpu_hour: float = 0.0
    gpu_hour: float = 0.0
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Resources:
    """Of each worker of a fold run, and how many workers it has.

    More than one are a gang. `most` above `workers`: as many as are free when it is sent out.
    """

    cpus: float = 1
    gpus: float = 0
    memory: int | None = None
    workers: int = 1
    most: int | None = None
    placement: str = "pack"  # pack: on as few nodes as possible | spread: on as many
    gang: str = "warm"  # warm: its processes are used again | fresh: new ones for each run


@dataclass(frozen=True, slots=True)
class CheckpointSpec:
    """Where checkpoints are kept, and for how many trials."""

    storage: str | None = None  # None: `checkpoints/` in the sweep's directory
    keep: int | None = 3  # of complete trials, those of so many of the best; None: of all
    per_trial: int = 1  # the latest of each fold
    max_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a fold is run again after each class of failure."""

    error: int = 1
    lost: int = 3
    oom: int = 1
    timeout: int = 0
    invalid: int = 0


@dataclass(frozen=True, slots=True)
class Gate:
    """What a version must keep to take an alias from another. None: no limit."""

    margin: float = 0.0  # the interval of the difference lies above this
    recall_loss: float | None = None  # no class's recall falls by more
    predict_ms: float | None = None  # of a single row
    model_bytes: float | None = None


@dataclass(frozen=True, slots=True)
class RegisterSpec:
    model: str
    alias: str = "champion"
    when: str = "better"  # better | always | never: when the alias moves
    within: tuple[tuple[str, float], ...] = ()  # of several objectives, what the winner must keep
    gate: Gate = Gate()


@dataclass(frozen=True, slots=True)
class TrackingSpec:
    uri: str | None = None  # None: MLFLOW_TRACKING_URI, else SQLite beside the sweeps
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class SweepSpec:
    """A whole config. Exactly one of `model` and `train` is set."""

    name: str
    seed: int
    metric: Metric
    space: Space
    metrics: tuple[Metric, ...] = ()  # recorded beside `metric`
    objectives: tuple[Metric, ...] = ()  # several; `metric`, one of them, picks the winner
    data: DataSpec | None = None
    cv: CvSpec = CvSpec()
    preprocess: Preprocess = Preprocess()
    model: ModelSpec | None = None
    train: TrainSpec | None = None
    search: SearchSpec = SearchSpec()
    budget: Budget = Budget()
    prices: Prices | None = None
    resources: Resources = Resources()
    retries: Retries = Retries()
    timeout: float | None = None
    register: RegisterSpec | None = None
    refit: bool = True
    tracking: TrackingSpec = TrackingSpec()
    checkpoints: CheckpointSpec = CheckpointSpec()
    journal: str | None = None  # a database's URL; None: a file in the sweep's directory
    directory: str = field(default=".", compare=False)  # the config file's own folder

    def places(self, params: dict[str, Value]) -> int:
        """How many times `resources` a fold run with these parameters takes on one node."""
        return 1 if self.model is None else self.model.candidate(params).places

    @property
    def most_places(self) -> int:
        """The most that any fold run takes."""
        return max((c.places for c in self.model.candidates), default=1) if self.model else 1

    @property
    def goals(self) -> tuple[Goal, ...]:
        """Which way is better, of each objective."""
        return tuple(metric.goal for metric in self.searched)

    @property
    def searched(self) -> tuple[Metric, ...]:
        """What trials are judged by: several objectives, or the metric."""
        return self.objectives or (self.metric,)

    @property
    def scored(self) -> tuple[Metric, ...]:
        """The metrics that judge what a model says."""
        every = (self.metric, *self.metrics)
        return tuple(metric for metric in every if metric.kind is not MetricKind.MEASURED)

    @property
    def measured(self) -> tuple[str, ...]:
        """The names of those that say what a fold run costs."""
        return tuple(m.name for m in self.metrics if m.kind is MetricKind.MEASURED)
