"""`model:` with one estimator or several to choose from, and `train:`."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sweeper.config.cursor import Cursor
from sweeper.config.estimators import Factory, Role, factory, task_of
from sweeper.config.imports import NotFound, find
from sweeper.config.metrics import check_function
from sweeper.config.modules import read_module
from sweeper.config.parameters import (
    Place,
    named_branches,
    read_arguments,
    read_parameters,
)
from sweeper.config.preprocessing import read_preprocess
from sweeper.config.problems import short
from sweeper.config.resources import read_places
from sweeper.config.tree import Scalar, Table
from sweeper.core.space import Choice, Condition, Items, Node, Object, Values
from sweeper.core.specs import Candidate, ModelSpec, Resources, TrainSpec

DIMENSION = "model"
"""The dimension that says which candidate a trial takes."""

_FORM = "an estimator, as {estimator: sklearn.svm.SVC, parameters: {…}}, or {choose: {…}}"
_CANDIDATE = ("estimator", "parameters", "preprocess", "fit", "resources")
_BOOSTERS = ("xgboost", "lightgbm")


@dataclass(frozen=True, slots=True)
class Read:
    """Dimensions in it still have their draft's names. `task`: None when unknown.

    `classes`: what each candidate is made by, with the place of its candidate.
    """

    model: ModelSpec
    task: str | None
    classes: tuple[tuple[Cursor, Factory], ...] = ()


@dataclass(frozen=True, slots=True)
class _One:
    """A candidate as read."""

    at: Cursor
    candidate: Candidate
    made: Factory | None

    @property
    def task(self) -> str | None:
        """Its task, or, of a Pipeline and the like, that of its last known part."""
        if self.made is None:
            return None
        parts = [p for _, node in self.candidate.estimator.parameters for p in _objects(node)]
        inner = (t for part in reversed(parts) if (t := _part_task(part)))
        return task_of(self.made.target) or next(inner, None)


def read_model(at: Cursor, place: Place, resources: Resources) -> Read:
    """`resources`: of the sweep, which a candidate may want several times."""
    if isinstance(at.tree, Table) and at.tree.get("choose") is not None:
        return _choice(at, place, resources)
    if not isinstance(at.tree, Scalar | Table) or at.empty:
        at.wrong(_FORM)
        return Read(ModelSpec(()), None)
    one = _candidate(at, DIMENSION, place, resources)
    return Read(ModelSpec((one.candidate,)), one.task, _classes([one]))


def _choice(at: Cursor, place: Place, resources: Resources) -> Read:
    keys = at.fields(("choose",), required=("choose",))
    branches = named_branches(keys["choose"]) if "choose" in keys else []
    names = tuple(name for name, _ in branches)
    dimension = place.below(DIMENSION).draft(at, Values(names))
    read = [
        _candidate(child, name, place.below(name).within(Condition(dimension, name)), resources)
        for name, child in branches
    ]
    model = ModelSpec(tuple(one.candidate for one in read), dimension)
    return Read(model, _common_task(read), _classes(read))


def _classes(read: list[_One]) -> tuple[tuple[Cursor, Factory], ...]:
    return tuple((one.at, one.made) for one in read if one.made is not None)


def _common_task(read: list[_One]) -> str | None:
    """The one task of all candidates; notes a problem when they have several."""
    known = [one for one in read if one.task is not None]
    for one in known:
        if one.task != known[0].task:
            first, task = known[0].at.path[-1], known[0].task
            one.at.problem(f"is for {one.task}, but `{short(first)}` is for {task}; keep one kind")
    return known[0].task if known else None


def _candidate(at: Cursor, name: str, place: Place, resources: Resources) -> _One:
    """One estimator with its parameters, short (`sklearn.svm.SVC`) or in full."""
    if isinstance(at.tree, Scalar):
        made = factory(at, Role.MODEL)
        read_arguments(at, None, place, made)
        return _One(at, Candidate(name, Object(str(at.value))), made)
    keys = at.fields(_CANDIDATE, required=("estimator",))
    made = factory(keys["estimator"], Role.MODEL) if "estimator" in keys else None
    path = str(keys["estimator"].value) if "estimator" in keys else ""
    parameters = read_arguments(at, keys.get("parameters"), place, made)
    preprocess = (
        read_preprocess(keys["preprocess"], place.below("preprocess"))
        if "preprocess" in keys
        else None
    )
    validation = _validation(keys["fit"], made) if "fit" in keys else None
    places = read_places(keys["resources"], resources) if "resources" in keys else 1
    candidate = Candidate(name, Object(path, parameters), preprocess, validation, places)
    return _One(at, candidate, made)


def _objects(node: Node) -> Iterator[Object]:
    if isinstance(node, Object):
        yield node
    nested: tuple[Node, ...] = ()
    if isinstance(node, Items):
        nested = node.nodes
    elif isinstance(node, Choice):
        nested = tuple(n for _, n in node.branches)
    for inner in nested:
        yield from _objects(inner)


def _part_task(part: Object) -> str | None:
    try:
        return task_of(find(part.path))
    except NotFound:
        return None  # noted where the part was read


def _validation(at: Cursor, made: Factory | None) -> float | None:
    """The share of `fit: {validation: …}`."""
    keys = at.fields(("validation",), required=("validation",))
    if "validation" not in keys:
        return None
    if made is not None and not _stops_early(made):
        at.problem(
            f"{made.name} does not stop early, it would train on fewer rows for nothing; "
            "expected no `fit:` here"
        )
    return keys["validation"].share()


def _stops_early(made: Factory) -> bool:
    """True when the estimator can use rows kept aside; of a function that is not known."""
    target = made.target
    if not inspect.isclass(target):
        return True
    if target.__module__.startswith(_BOOSTERS) or "validation_fraction" in made.parameters:
        return True
    fit: Any = getattr(made.target, "fit", None)
    return "X_val" in inspect.signature(fit).parameters


def read_train(
    at: Cursor, parameters: Cursor | None, predict: Cursor | None, place: Place
) -> TrainSpec:
    """The user's own function; its parameters are what `trial.params` will hold. Or a torch
    module with all that it takes to train it."""
    if isinstance(at.tree, Table):
        for other in (parameters, predict):
            if other is not None:
                other.problem("is for a function; a module has its `parameters` under `train:`")
        return read_module(at, place)
    function = at.text("module:function, or {module: …, loss: …, optimizer: …, epochs: …}")
    if function:
        check_function(at, function, 1, "module:function(trial)")
    answer = predict.text("module:function") if predict is not None else None
    if predict is not None and answer:
        check_function(predict, answer, 2, "module:function(model, X)")
    nodes = read_parameters(parameters, place, None) if parameters is not None else ()
    return TrainSpec(function, nodes, answer or None)
