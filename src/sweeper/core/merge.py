"""Three-way merge of settings: what one side changed since the base, on top of the other."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar, cast

T = TypeVar("T")


def merge(base: T, ours: T, theirs: T) -> T:
    """`ours`, with everything that `theirs` changed since `base`; where both did, `theirs`.

    Records are merged field by field and tuples of named records by name, in the order of
    `theirs`; anything else is one value.
    """
    if theirs == base or ours == theirs:
        return ours
    if ours == base:
        return theirs
    if _is_record(base) and type(base) is type(ours) is type(theirs):
        fields = dataclasses.fields(base)  # type: ignore[arg-type]
        parts = {
            f.name: merge(getattr(base, f.name), getattr(ours, f.name), getattr(theirs, f.name))
            for f in fields
        }
        return dataclasses.replace(ours, **parts)  # type: ignore[type-var]
    if all(_is_named(side) for side in (base, ours, theirs)):
        return cast(T, _by_name(base, ours, theirs))
    return theirs


def _is_record(value: Any) -> bool:
    return dataclasses.is_dataclass(value) and not isinstance(value, type)


def _is_named(value: Any) -> bool:
    return isinstance(value, tuple) and all(hasattr(item, "name") for item in value)


def _by_name(base: Any, ours: Any, theirs: Any) -> Any:
    before, mine = ({item.name: item for item in side} for side in (base, ours))
    merged = [
        merge(before[item.name], mine[item.name], item)
        if item.name in before and item.name in mine
        else item
        for item in theirs
        if item.name in mine or item.name not in before or item != before[item.name]
    ]
    named = {item.name for item in merged}
    merged += [item for item in ours if item.name not in before and item.name not in named]
    return tuple(merged)
