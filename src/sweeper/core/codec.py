"""Events to plain JSON values and back, by their declared types.

Fields that hold their default are left out, so that a record that gains a field reads
old journals. A union of records is told apart by `is`. Values from a config may hold
what JSON has not: dicts with other keys than strings, and infinities; they are wrapped
as `{"$map": [[key, value], …]}` and `{"$float": "inf"}`.
"""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Callable
from enum import Enum
from functools import cache
from typing import Any

from sweeper.core import events
from sweeper.core.events import Event
from sweeper.core.space import Value

Json = Any
Record = typing.TypeVar("Record")
Encoder = Callable[[Any], Json]
Decoder = Callable[[Json], Any]

EVENTS: dict[str, type] = {cls.__name__: cls for cls in typing.get_args(events.Event)}
EVENTS["TimeSpent"] = events.BudgetSpent  # its name when time was the only budget


class UnknownRecord(ValueError):
    """A journal names an event, a record or a field that this version does not know."""


def encode(event: Event) -> dict[str, Json]:
    """The event as strict JSON values, with its type under `type`."""
    body: dict[str, Json] = {"type": type(event).__name__}
    body.update(_encoder(type(event))(event))
    return body


def decode(body: dict[str, Json]) -> Event:
    """The inverse of `encode`; UnknownRecord when a later version wrote it."""
    cls = EVENTS.get(body.get("type", ""))
    if cls is None:
        raise UnknownRecord(f"unknown event {body.get('type')!r}")
    fields = body.copy()
    del fields["type"]
    return typing.cast(Event, _decoder(cls)(fields))


def encode_record(record: Any) -> Json:
    """Any frozen record of `core` as strict JSON values."""
    return _encoder(type(record))(record)


def decode_record(kind: type[Record], body: Json) -> Record:
    """The inverse of `encode_record`; UnknownRecord when its fields do not fit."""
    return typing.cast(Record, _decoder(kind)(body))


def plain(value: Value) -> Json:
    """A config's value as strict JSON."""
    if isinstance(value, float) and not math.isfinite(value):
        return {"$float": repr(value)}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, dict):
        if all(isinstance(k, str) and not k.startswith("$") for k in value):
            return {k: plain(v) for k, v in value.items()}
        return {"$map": [[plain(k), plain(v)] for k, v in value.items()]}
    return value


def unplain(value: Json) -> Value:
    """The inverse of `plain`."""
    if isinstance(value, list):
        return [unplain(v) for v in value]
    if isinstance(value, dict):
        if "$float" in value:
            return float(value["$float"])
        if "$map" in value:
            return {unplain(k): unplain(v) for k, v in value["$map"]}
        return {k: unplain(v) for k, v in value.items()}
    return value


def _is_record(kind: Any) -> bool:
    """Whether it has fields of its own: a dataclass, or a named tuple."""
    return dataclasses.is_dataclass(kind) or hasattr(kind, "_fields")


def _make_encoder(kind: Any) -> Encoder:
    """How values of the declared type `kind` are written."""
    if _is_record(kind):
        return _record_encoder(typing.cast(type, kind))
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        return _union_encoder(args)
    if origin is tuple:
        if len(args) == 2 and args[1] is Ellipsis:
            each = _encoder(args[0])
            return lambda v: [each(x) for x in v]
        parts = [_encoder(a) for a in args]
        return lambda v: [part(x) for part, x in zip(parts, v, strict=True)]
    if origin is dict:
        inner = _encoder(args[1])
        if args[0] is str:
            return lambda v: {k: inner(x) for k, x in v.items()}
        return lambda v: [[k, inner(x)] for k, x in v.items()]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return lambda v: v.value
    return plain


def _union_encoder(args: tuple[Any, ...]) -> Encoder:
    records = {a: _encoder(a) for a in args if _is_record(a)}
    others = [a for a in args if a not in records and a is not type(None)]
    other = _encoder(others[0]) if others else plain
    tagged = len(records) > 1

    def write(value: Any) -> Json:
        if value is None:
            return None
        found = records.get(type(value))
        if found is None:
            return other(value)
        return {"is": type(value).__name__, **found(value)} if tagged else found(value)

    return write


_MISSING = object()


def _defaults(cls: type) -> dict[str, Any]:
    """Its fields in order, each with its default or _MISSING."""
    if not dataclasses.is_dataclass(cls):
        named = typing.cast(Any, cls)
        return {name: named._field_defaults.get(name, _MISSING) for name in named._fields}
    return {field.name: _default(field) for field in dataclasses.fields(cls)}


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default is not dataclasses.MISSING:
        return field.default
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return _MISSING


def _record_encoder(cls: type) -> Encoder:
    plan: list[tuple[str, Encoder | None, Any]] = []

    def write(record: Any) -> Json:
        if not plan:  # at the first use, because records may contain themselves
            hints = typing.get_type_hints(cls)
            plan.extend(
                (name, None if hints[name] in _SCALARS else _encoder(hints[name]), default)
                for name, default in _defaults(cls).items()
            )
        body: dict[str, Json] = {}
        for name, part, default in plan:
            value = getattr(record, name)
            if default is _MISSING or value != default or type(value) is not type(default):
                body[name] = value if part is None else part(value)
        return body

    return write


def _make_decoder(kind: Any) -> Decoder:
    if _is_record(kind):
        return _record_decoder(typing.cast(type, kind))
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        return _union_decoder(args)
    if origin is tuple:
        if len(args) == 2 and args[1] is Ellipsis:
            each = _decoder(args[0])
            return lambda v: tuple(each(x) for x in v)
        parts = [_decoder(a) for a in args]
        return lambda v: tuple(part(x) for part, x in zip(parts, v, strict=True))
    if origin is dict:
        inner = _decoder(args[1])
        if args[0] is str:
            return lambda v: {k: inner(x) for k, x in v.items()}
        return lambda v: {k: inner(x) for k, x in v}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind
    return unplain


def _union_decoder(args: tuple[Any, ...]) -> Decoder:
    records: dict[str, Decoder] = {
        typing.cast(type, a).__name__: _decoder(a) for a in args if _is_record(a)
    }
    others = [a for a in args if not _is_record(a) and a is not type(None)]
    other = _decoder(others[0]) if others else unplain
    if len(records) == 1 and not others:
        other = next(iter(records.values()))
        records = {}

    def read(value: Json) -> Any:
        if value is None:
            return None
        if records and isinstance(value, dict) and "is" in value:
            found = records.get(value["is"])
            if found is None:
                raise UnknownRecord(f"unknown record {value['is']!r}")
            return found({k: v for k, v in value.items() if k != "is"})
        return other(value)

    return read


def _record_decoder(cls: type) -> Decoder:
    parts: dict[str, Decoder] | None = None  # of the fields that JSON has not as they are

    def read(body: Json) -> Any:
        nonlocal parts
        if parts is None:  # at the first use, because records may contain themselves
            hints = typing.get_type_hints(cls)
            kinds = {name: hints[name] for name in _defaults(cls)}
            parts = {n: _decoder(kind) for n, kind in kinds.items() if kind not in _SCALARS}
        try:
            if parts:
                body = {
                    name: value
                    if value is None or type(value) is float or (part := parts.get(name)) is None
                    else part(value)
                    for name, value in body.items()
                }
            return cls(**body)
        except (AttributeError, KeyError, TypeError) as error:
            raise UnknownRecord(f"{cls.__name__}: fields that do not fit: {error}") from error

    return read


_SCALARS = (int, str, bool)
"""Types whose values JSON has as they are. A float may be infinite."""

_encoder: Callable[[Any], Encoder] = cache(_make_encoder)
_decoder: Callable[[Any], Decoder] = cache(_make_decoder)
