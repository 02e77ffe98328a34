"""The whole config: from its tree to a `SweepSpec`, with everything that is wrong noted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sweeper.config import settings
from sweeper.config.costs import read_budget, read_prices, settle_budget
from sweeper.config.cursor import Cursor
from sweeper.config.data_section import read_data
from sweeper.config.estimators import Factory
from sweeper.config.metrics import needs_probabilities, read_metric, read_metrics, task_of
from sweeper.config.models import read_model, read_train
from sweeper.config.naming import Names, names_of, renamed, renamed_object, space_of
from sweeper.config.objectives import judges, read_objectives
from sweeper.config.parameters import Draft, Place
from sweeper.config.preprocessing import read_preprocess
from sweeper.config.problems import Findings, Mark
from sweeper.config.resources import read_checkpoints, read_resources
from sweeper.config.splitters import read_cv
from sweeper.config.tree import Entry, Listing, Scalar, Table
from sweeper.core.space import Fixed, Node, Object, Space
from sweeper.core.specs import (
    Budget,
    Candidate,
    CheckpointSpec,
    CvKind,
    CvSpec,
    DataSpec,
    Goal,
    Metric,
    MetricKind,
    ModelSpec,
    Preprocess,
    PreprocessKind,
    RegisterSpec,
    Resources,
    Retries,
    SweepSpec,
    TrackingSpec,
    TrainSpec,
)
from sweeper.ports import TRAIN_MODULE

Meanwhile = Callable[[DataSpec | None], None]
"""Called with the data section when what needs no import is found good; what follows may import
scikit-learn, torch and the user's own code, which takes seconds."""

NO_METRIC = Metric("", Goal.MAXIMIZE)
"""Stands for one that is not known yet, or whose section is wrong."""

KEYS = (
    "name", "seed", "data", "cv", "metric", "metrics", "preprocess", "model", "train",
    "parameters", "predict", "search", "budget", "prices", "resources", "retries", "timeout", "register",
    "refit", "tracking", "journal", "checkpoints", "retention",
)  # fmt: skip


PROBABILITY_SETTINGS = ("probability", "loss")
"""Parameters of scikit-learn's classes that decide whether there are probabilities."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """`data` is set when that section alone was good, `spec` when everything was."""

    spec: SweepSpec | None
    data: DataSpec | None
    task: str | None


@dataclass(frozen=True, slots=True)
class _Work:
    """The model or function with the preprocessing, dimensions already named."""

    model: ModelSpec | None
    train: TrainSpec | None
    preprocess: Preprocess
    task: str | None
    classes: tuple[tuple[Cursor, Factory], ...]


def read_spec(
    table: Table, directory: Path, file: Mark, findings: Findings, meanwhile: Meanwhile
) -> Outcome:
    """`directory` is the config's folder; what it names must be importable already."""
    top = Cursor(table, (), findings, file)
    keys = _top_keys(top)
    data = _data(keys, findings)
    plain = _plain(keys, data, directory)
    if not findings.problems:
        meanwhile(data)
    drafts: list[Draft] = []
    work = _work(keys, drafts, plain.resources)
    names = names_of(drafts)
    metrics = _metrics(keys, work)
    spec = _settled(keys, drafts, names, work, metrics, plain)
    # of what user code reports nothing follows, unless there is a target that it is about
    supervised = work.model is not None or (data is not None and data.target is not None)
    task = work.task or (task_of(metrics.main) if supervised else None)
    return Outcome(None if findings.problems else spec, data, task)


def _top_keys(top: Cursor) -> dict[str, Cursor]:
    keys = top.fields(KEYS, required=("name", "metric"))
    if "model" in keys and "train" in keys:
        keys["train"].problem("`model` and `train` exclude each other; keep one")
    elif "model" not in keys and "train" not in keys:
        top.problem("what is to be trained is missing; expected `model: …` or `train: …`")
    elif "model" in keys and "data" not in keys:
        top.problem("the key `data` is missing; a model needs `data: {source: …, target: …}`")
    for name in ("parameters", "predict"):
        if name in keys and "train" not in keys:
            keys[name].problem(
                f"`{name}` belongs to `train:`; a model's parameters stand under `model:`"
            )
    return keys


def _data(keys: dict[str, Cursor], findings: Findings) -> DataSpec | None:
    """The data section; None when it is not there or something in it is wrong."""
    if "data" not in keys:
        return None
    before = len(findings.problems)
    data = read_data(keys["data"], "model" in keys)
    return data if len(findings.problems) == before else None


def _plain(keys: dict[str, Cursor], data: DataSpec | None, directory: Path) -> SweepSpec:
    """The spec as far as its sections stand for themselves: they need nothing imported and
    nothing of one another."""
    return SweepSpec(
        name=settings.read_name(keys["name"]) if "name" in keys else "",
        seed=settings.read_seed(keys["seed"]) if "seed" in keys else 0,
        metric=NO_METRIC,
        space=Space(),
        data=data,
        budget=read_budget(keys["budget"]) if "budget" in keys else Budget(),
        prices=read_prices(keys["prices"]) if "prices" in keys else None,
        resources=read_resources(keys["resources"], "train" in keys)
        if "resources" in keys
        else Resources(),
        checkpoints=read_checkpoints(keys["checkpoints"])
        if "checkpoints" in keys
        else CheckpointSpec(),
        retries=settings.read_retries(keys["retries"]) if "retries" in keys else Retries(),
        timeout=settings.read_timeout(keys["timeout"]) if "timeout" in keys else None,
        refit=keys["refit"].boolean(True) if "refit" in keys else True,
        tracking=settings.read_tracking(keys["tracking"]) if "tracking" in keys else TrackingSpec(),
        journal=settings.read_journal(keys["journal"]) if "journal" in keys else None,
        retention=settings.read_retention(keys["retention"]) if "retention" in keys else None,
        directory=str(directory),
    )


def _work(keys: dict[str, Cursor], drafts: list[Draft], resources: Resources) -> _Work:
    place = Place(drafts)
    model = read_model(keys["model"], place, resources) if "model" in keys else None
    train = (
        read_train(keys["train"], keys.get("parameters"), keys.get("predict"), place)
        if "train" in keys
        else None
    )
    own = train is not None and train.function != TRAIN_MODULE
    usual = PreprocessKind.NONE if own else PreprocessKind.AUTO
    preprocess = (
        read_preprocess(keys["preprocess"], place.below("preprocess"))
        if "preprocess" in keys
        else Preprocess(usual)
    )
    names = names_of(drafts)
    return _Work(
        _named_model(model.model, names) if model else None,
        _named_train(train, names) if train else None,
        _named_preprocess(preprocess, names),
        model.task if model else None,
        model.classes if model else (),
    )


def _named_model(model: ModelSpec, names: Names) -> ModelSpec:
    dimension = names[model.dimension] if model.dimension is not None else None
    return ModelSpec(tuple(_named_candidate(c, names) for c in model.candidates), dimension)


def _named_candidate(candidate: Candidate, names: Names) -> Candidate:
    own = candidate.preprocess
    return replace(
        candidate,
        estimator=renamed_object(candidate.estimator, names),
        preprocess=_named_preprocess(own, names) if own is not None else None,
    )


def _named_train(train: TrainSpec, names: Names) -> TrainSpec:
    parameters: Sequence[tuple[str, Node]] = train.parameters
    return replace(train, parameters=tuple((n, renamed(node, names)) for n, node in parameters))


def _named_preprocess(preprocess: Preprocess, names: Names) -> Preprocess:
    blocks = tuple(
        replace(block, steps=tuple(renamed(step, names) for step in block.steps))
        for block in preprocess.blocks
    )
    return replace(preprocess, blocks=blocks)


@dataclass(frozen=True, slots=True)
class _Metrics:
    """What the search is about, several `objectives` or the one, and what is recorded beside."""

    main: Metric
    others: tuple[Metric, ...]
    objectives: tuple[Metric, ...]


def _metrics(keys: dict[str, Cursor], work: _Work) -> _Metrics:
    reported = work.train is not None and work.train.function != TRAIN_MODULE
    main = NO_METRIC
    objectives: tuple[Metric, ...] = ()
    others: tuple[Metric, ...] = ()
    if "metric" in keys and isinstance(keys["metric"].tree, Listing):
        objectives = read_objectives(keys["metric"], reported)
        main = _main(keys, objectives) or main
    elif "metric" in keys:
        main = read_metric(keys["metric"], reported)
        if main.kind is MetricKind.MEASURED:
            keys["metric"].problem(
                f"`{main.name}` is a cost, and the cheapest model is the worst; expected a list "
                f"with a metric that judges it: [accuracy, {main.name}]"
            )
    for metric in objectives or (main,):
        if "metric" in keys:
            _check_metric(keys["metric"], metric, work)
    if "metrics" in keys:
        others = read_metrics(keys["metrics"], reported, objectives or (main,))
    for metric in others:
        _check_metric(keys["metrics"], metric, work)
    beside = tuple(metric for metric in objectives if metric is not main)
    return _Metrics(main, (*beside, *others), objectives)


def _main(keys: dict[str, Cursor], objectives: tuple[Metric, ...]) -> Metric | None:
    """The objective that picks the winner: the first, unless `register:` says so."""
    said = dict(keys["register"].children()).get("best") if "register" in keys else None
    name = None if said is None else said.value
    able = judges(objectives)
    return next((m for m in able if m.name == name), next(iter(able), None))


def _check_metric(at: Cursor, metric: Metric, work: _Work) -> None:
    """Notes a metric that the models cannot be scored by."""
    wanted = task_of(metric)
    if work.task is not None and wanted is not None and work.task != wanted:
        at.problem(
            f"`{metric.name}` is for {wanted}, but the model is for {work.task}; "
            f"expected a metric of {work.task}"
        )
    elif needs_probabilities(metric):
        candidates = work.model.candidates if work.model else ()
        for (model, made), candidate in zip(work.classes, candidates, strict=False):
            if not _gives_probabilities(made.target, candidate.estimator):
                model.problem(
                    f"`{metric.name}` needs probabilities, which {made.name} does not give; "
                    "expected another metric, or an estimator with `predict_proba`"
                )


def _gives_probabilities(target: object, estimator: Object) -> bool:
    """Whether the model, with its fixed parameters, has `predict_proba`.

    Some classes have it only under a setting (`SVC(probability=True)`): where that is
    searched, a trial will tell.
    """
    if not isinstance(target, type) or not hasattr(target, "predict_proba"):
        return not isinstance(target, type)
    fixed = {name: node.value for name, node in estimator.parameters if isinstance(node, Fixed)}
    if any(name in PROBABILITY_SETTINGS and name not in fixed for name, _ in estimator.parameters):
        return True
    try:
        return hasattr(target(**fixed), "predict_proba")
    except (TypeError, ValueError):  # its parameters are wrong, and are told by themselves
        return True


def _settled(
    keys: dict[str, Cursor],
    drafts: list[Draft],
    names: Names,
    work: _Work,
    metrics: _Metrics,
    plain: SweepSpec,
) -> SweepSpec:
    """The spec, worth something only when no problem was noted."""
    reports = "train" in keys or "model" not in keys
    search = settings.read_search(keys.get("search"), reports, len(metrics.objectives) > 1)
    return replace(
        plain,
        metric=metrics.main,
        space=space_of(drafts, names),
        metrics=metrics.others,
        objectives=metrics.objectives,
        cv=_cv(keys),
        preprocess=work.preprocess,
        model=work.model,
        train=work.train,
        search=search,
        budget=settle_budget(
            plain.budget, search, plain.resources, plain.prices, bool(drafts), keys.get("budget")
        ),
        register=settings.read_register(keys["register"], plain.name, metrics.objectives)
        if "register" in keys
        else RegisterSpec(model=plain.name),
    )


def _cv(keys: dict[str, Cursor]) -> CvSpec:
    """Without rows there is nothing to split: one fold."""
    if "cv" not in keys:
        return CvSpec() if "data" in keys else CvSpec(CvKind.NONE, n_splits=1)
    cv = read_cv(keys["cv"])
    if "data" not in keys and cv.kind is not CvKind.NONE and "train" in keys:
        keys["cv"].problem("there is no `data:` to split; expected `cv: none`, or a `data:`")
    return cv


def named_as(table: Table, name: str) -> Table:
    """The config under another name, as `launch --as NAME` asks."""
    mark = Mark(f"--as {name}")
    value = Scalar(name, name, mark, plain=False)
    others = tuple(e for e in table.entries if e.key.text != "name")
    return Table((Entry(Scalar("name", "name", mark), value), *others), table.mark)
