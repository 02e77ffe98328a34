"""What differs between the spec a sweep was started with and the one it is launched with now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from sweeper.core.space import Choice, Dimension, Fixed, Items, Node, Object, Range, Space, Value
from sweeper.core.specs import Candidate, ModelSpec, Preprocess, SweepSpec, TrainSpec

Change = tuple[str, Value, Value]
"""The key, what it was, what it is now; None where it is not there."""

MAY_CHANGE = (
    "budget", "search.concurrency", "resources", "retries", "timeout", "tracking", "register",
    "refit", "journal",
)  # fmt: skip
"""Keys that change nothing about what the trials mean."""


def differences(old: SweepSpec, new: SweepSpec) -> tuple[tuple[Change, ...], tuple[Change, ...]]:
    """(changes that a running sweep may take, changes that need a sweep of another name)."""
    before, after = dict(_facts(old)), dict(_facts(new))
    changes = tuple(
        (key, before.get(key), after.get(key))
        for key in {**before, **after}
        if _differ(before.get(key), after.get(key))
    )
    return (
        tuple(c for c in changes if _may_change(c[0])),
        tuple(c for c in changes if not _may_change(c[0])),
    )


def _differ(old: Value, new: Value) -> bool:
    return (type(old) is not type(new) and not _numbers(old, new)) or old != new


def _numbers(*values: Value) -> bool:
    return all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)


def _may_change(key: str) -> bool:
    return any(key == allowed or key.startswith(f"{allowed}.") for allowed in MAY_CHANGE)


def _facts(spec: SweepSpec) -> Iterator[tuple[str, Value]]:
    """Everything a spec says, by the key path a person would look for it under."""
    for field in fields(spec):
        if field.name != "directory":
            yield from _facts_of(field.name, getattr(spec, field.name))


def _facts_of(key: str, value: Any) -> Iterator[tuple[str, Value]]:
    match value:
        case Space():
            for dimension in value:
                yield f"space.{dimension.name}", _domain(dimension)
        case ModelSpec():
            for candidate in value.candidates:
                yield from _candidate(candidate)
        case TrainSpec():
            yield key, value.function
            yield "predict", value.predict
            yield from _nodes("parameters", value.parameters)
        case Preprocess():
            yield key, value.kind.value
            for i, block in enumerate(value.blocks):
                yield f"{key}.{i}.columns", list(block.columns)
                yield from _nodes(f"{key}.{i}.steps", _numbered(block.steps))
        case _ if is_dataclass(value) and not isinstance(value, type):
            for field in fields(value):
                yield from _facts_of(f"{key}.{field.name}", getattr(value, field.name))
        case tuple() if all(is_dataclass(item) for item in value):
            for name, item in _numbered(value):
                yield from _facts_of(f"{key}.{name}", item)
        case _:
            yield key, _plain(value)


def _candidate(candidate: Candidate) -> Iterator[tuple[str, Value]]:
    key = "model" if candidate.name == "model" else f"model.{candidate.name}"
    yield f"{key}.estimator", candidate.estimator.path
    yield f"{key}.fit.validation", candidate.validation
    yield from _nodes(f"{key}.parameters", candidate.estimator.parameters)
    if candidate.preprocess is not None:
        yield from _facts_of(f"{key}.preprocess", candidate.preprocess)


def _nodes(key: str, nodes: Iterable[tuple[str, Node]]) -> Iterator[tuple[str, Value]]:
    """Fixed values and classes; what is searched is told by the space."""
    for name, node in nodes:
        match node:
            case Fixed(value):
                yield f"{key}.{name}", _plain(value)
            case Object(path, parameters):
                yield f"{key}.{name}.estimator", path
                yield from _nodes(f"{key}.{name}.parameters", parameters)
            case Choice(_, branches):
                yield from _nodes(f"{key}.{name}.choose", branches)
            case Items(inner):
                yield from _nodes(f"{key}.{name}", _numbered(inner))
            case _:
                yield f"{key}.{name}", f"searched as {node.name}"


def _numbered(items: Iterable[Any]) -> list[tuple[str, Any]]:
    return [(str(i), item) for i, item in enumerate(items)]


def _domain(dimension: Dimension) -> Value:
    """A dimension in words."""
    domain = dimension.domain
    if not isinstance(domain, Range):
        return list(domain.choices)
    words = [f"{domain.low!r} to {domain.high!r}"]
    words += ["integers"] if domain.integer else []
    words += ["log"] if domain.log else []
    words += [f"step {domain.step!r}"] if domain.step is not None else []
    return ", ".join(words)


def _plain(value: Any) -> Value:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value
