"""What differs between the spec a sweep was started with and the one it is launched with now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any

from sweeper.core.space import Choice, Dimension, Fixed, Items, Node, Object, Range, Space, Value
from sweeper.core.specs import Candidate, ModelSpec, Preprocess, SweepSpec, TrainSpec

Change = tuple[str, Value, Value]
"""The key, what it was, what it is now; None where it is not there."""

AT_ONCE = (
    "budget", "prices", "search.concurrency", "search.pruner", "retries", "timeout", "register", "refit",
    "metric.target", "checkpoints.keep", "checkpoints.per_trial", "checkpoints.max_bytes",
)  # fmt: skip
"""Keys that change nothing about what the trials mean; a controller at work takes them."""

AT_LAUNCH = ("resources", "tracking", "journal")
"""Keys of the same kind that wait for the next launch."""


def differences(old: SweepSpec, new: SweepSpec) -> tuple[tuple[Change, ...], tuple[Change, ...]]:
    """(changes that a sweep may take, changes that need a sweep of another name).

    A searched range may become narrower or wider, a set of values smaller or larger, and a
    model may be left out of a `choose:` (see `kept`).
    """
    before, after = dict(_facts(old)), dict(_facts(kept(old, new)))
    changes = tuple(
        (key, before.get(key), after.get(key))
        for key in {**before, **after}
        if _differ(before.get(key), after.get(key))
    )
    movable = _movable(old.space, new.space)
    return (
        tuple(c for c in changes if _may_change(c[0]) or c[0] in movable),
        tuple(c for c in changes if not (_may_change(c[0]) or c[0] in movable)),
    )


def waits_for_launch(change: Change) -> bool:
    """Whether a controller at work cannot take this change."""
    return _below(change[0], AT_LAUNCH)


def kept(old: SweepSpec, new: SweepSpec) -> SweepSpec:
    """`new`, still knowing the models that it no longer chooses from: a trial of before may win."""
    if old.model is None or new.model is None or old.model.dimension != new.model.dimension:
        return new
    names = {candidate.name for candidate in new.model.candidates}
    dropped = tuple(c for c in old.model.candidates if c.name not in names)
    if old.model.dimension is None or not dropped:
        return new
    return replace(new, model=replace(new.model, candidates=(*new.model.candidates, *dropped)))


def _movable(old: Space, new: Space) -> set[str]:
    """Keys of dimensions whose domain moved, or that went away with the branch they hung on."""
    before, after = {d.name: d for d in old}, {d.name: d for d in new}
    moved = {n for n in before if n in after and _alike(before[n], after[n])}
    gone = {n for n in before if n not in after and _lost_branch(before[n], after)}
    return {f"space.{name}" for name in moved | gone}


def _alike(old: Dimension, new: Dimension) -> bool:
    """Whether a value of one may be a value of the other."""
    a, b = old.domain, new.domain
    if isinstance(a, Range) and isinstance(b, Range):
        return old.when == new.when and (a.integer, a.log) == (b.integer, b.log)
    return old.when == new.when and type(a) is type(b)


def _lost_branch(dimension: Dimension, after: dict[str, Dimension]) -> bool:
    return any(
        c.parameter in after and not after[c.parameter].domain.contains(c.branch)
        for c in dimension.when
    )


def _differ(old: Value, new: Value) -> bool:
    return (type(old) is not type(new) and not _numbers(old, new)) or old != new


def _numbers(*values: Value) -> bool:
    return all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)


def _may_change(key: str) -> bool:
    return _below(key, AT_ONCE) or _below(key, AT_LAUNCH)


def _below(key: str, tops: tuple[str, ...]) -> bool:
    return any(key == top or key.startswith(f"{top}.") for top in tops)


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
