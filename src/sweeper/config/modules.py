"""`train: {module: …, loss: …, optimizer: …}`: a torch module trained without code.

It becomes a training function like any other, `ports.TRAIN_MODULE`, with parameters of its
own. What is only known on the worker (the optimiser's `params`, a module's `in_features` and
`out_features`) is asked of nobody.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sweeper.config.cursor import Cursor
from sweeper.config.estimators import Factory, Role, check_names, factory
from sweeper.config.imports import NotFound, find
from sweeper.config.parameters import Place, read_node, read_parameters
from sweeper.config.problems import short
from sweeper.config.tree import Scalar
from sweeper.core.space import Fixed, Items, Node, Object, Value
from sweeper.core.specs import TrainSpec
from sweeper.ports import TRAIN_MODULE

_KEYS = ("module", "parameters", "loss", "optimizer", "epochs", "batch_size")
_REQUIRED = ("module", "loss", "optimizer", "epochs")
_SIZES = ("in_features", "out_features")
_BATCH = 32


def read_module(at: Cursor, place: Place) -> TrainSpec:
    """The section as parameters of the function that trains by it."""
    keys = at.fields(_KEYS, required=_REQUIRED)
    if any(key not in keys for key in _REQUIRED):
        return TrainSpec(TRAIN_MODULE)
    module = _made(keys["module"], "torch.nn.Module")
    parameters = keys.get("parameters")
    nodes = read_parameters(parameters, place, module) if parameters is not None else ()
    if module is not None:
        check_names(at, [*_SIZES, *(name for name, _ in nodes)], module)
    batch: Node = Fixed(_BATCH)
    if "batch_size" in keys:
        batch = read_node(keys["batch_size"], place.below("batch_size"), _count)
    return TrainSpec(
        TRAIN_MODULE,
        (
            ("module", _later(str(keys["module"].value), nodes)),
            ("loss", Object(*_part(keys["loss"], place.below("loss"), "torch.nn.Module"))),
            ("optimizer", _optimizer(keys["optimizer"], place.below("optimizer"))),
            ("epochs", read_node(keys["epochs"], place.below("epochs"), _count)),
            ("batch_size", batch),
        ),
    )


def _optimizer(at: Cursor, place: Place) -> Node:
    return _later(*_part(at, place, "torch.optim.Optimizer", without=("params",)))


def _later(path: str, nodes: Iterable[tuple[str, Node]]) -> Node:
    """A path and its arguments, to be put together on the worker."""
    return Items((Fixed(path), Object("builtins:dict", tuple(nodes))))


def _part(
    at: Cursor, place: Place, kind: str, without: tuple[str, ...] = ()
) -> tuple[str, tuple[tuple[str, Node], ...]]:
    """A class, alone or as `{estimator: …, parameters: {…}}`: its path and its arguments.

    The parameters `without` are not the config's to give.
    """
    full = not isinstance(at.tree, Scalar)
    keys = at.fields(("estimator", "parameters"), ("estimator",)) if full else {"estimator": at}
    made = _made(keys["estimator"], kind) if "estimator" in keys else None
    if made is not None:
        own = {name: p for name, p in made.parameters.items() if name not in without}
        made = replace(made, parameters=own)
    nodes = read_parameters(keys["parameters"], place, made) if "parameters" in keys else ()
    if made is not None:
        check_names(at, [name for name, _ in nodes], made)
    return (str(keys["estimator"].value) if "estimator" in keys else "", nodes)


def _made(at: Cursor, kind: str) -> Factory | None:
    """What the class is; a problem is noted unless it is one of `kind`."""
    made = factory(at, Role.PART)
    if made is None or not isinstance(made.target, type):
        return made
    try:
        wanted = find(kind)
    except NotFound as missing:
        at.problem(f"{missing}; a module is trained with torch")
        return None
    if not issubclass(made.target, wanted):
        at.problem(f"`{short(made.path)}` is no {kind}; expected a class that is one")
        return None
    return made


def _count(at: Cursor, value: Value) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        at.wrong("a whole number above 0")
