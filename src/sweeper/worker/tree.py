"""Putting a trial's parameters into a config's tree of values and objects."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sweeper.core.space import Choice, Fixed, Items, Node, Object, Params, Searched
from sweeper.worker.modules import load


def resolve(node: Node, params: Params, directory: str) -> Any:
    """The value `node` stands for in this trial, with its objects built."""
    match node:
        case Fixed(value):
            return value
        case Searched(name):
            return params[name]
        case Choice(name, branches):
            return resolve(dict(branches)[params[name]], params, directory)
        case Items(nodes):
            return [_member(resolve(item, params, directory)) for item in nodes]
        case Object(path, parameters):
            return _instance(load(path, directory), arguments(parameters, params, directory))


def named(node: Node, params: Params) -> Iterator[str]:
    """The paths of all objects that `node` holds in this trial."""
    match node:
        case Choice(name, branches):
            yield from named(dict(branches)[params[name]], params)
        case Items(nodes):
            for item in nodes:
                yield from named(item, params)
        case Object(path, parameters):
            yield path
            for _, value in parameters:
                yield from named(value, params)


def arguments(
    parameters: Iterable[tuple[str, Node]], params: Params, directory: str
) -> dict[str, Any]:
    """Named values, each resolved."""
    return {name: resolve(node, params, directory) for name, node in parameters}


def _member(value: Any) -> Any:
    """A `[name, object, …]` pair inside a list is a tuple to scikit-learn (Pipeline steps)."""
    if isinstance(value, list) and len(value) > 1 and isinstance(value[0], str):
        return value if all(isinstance(item, str) for item in value) else tuple(value)
    return value


def _instance(factory: Any, values: Mapping[str, Any]) -> Any:
    """YAML has no tuples: a list becomes one where the parameter's default is a tuple."""
    listed = any(isinstance(value, list) for value in values.values())
    tuples = _tuples(factory) if listed else ()
    return factory(
        **{
            name: tuple(value) if name in tuples and isinstance(value, list) else value
            for name, value in values.items()
        }
    )


def _tuples(factory: Any) -> set[str]:
    """Names of the parameters whose default is a tuple; none where nothing can be known."""
    try:
        parameters = inspect.signature(factory).parameters
    except (TypeError, ValueError):
        return set()
    return {name for name, p in parameters.items() if isinstance(p.default, tuple)}
