"""What can be said of a data file before there is a config: for `sweeper init`.

The target is guessed: the column called as targets are called (TARGET_NAMES), else the last
that is no date, no free text and no identifier.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from sweeper.core.space import Value
from sweeper.data import sources, types
from sweeper.data.features import describe_column
from sweeper.data.problems import invalid, nearest
from sweeper.data.target import class_counts, infer_task
from sweeper.ports import Column

TARGET_NAMES = ("target", "label", "labels", "class", "y", "outcome", "response", "diagnosis")
GROUP_NAME = re.compile(
    r"(group|subject|patient|household|customer|user|person|family|site)(_?id)?"
)
SPLIT_NAMES = ("split", "fold", "subset", "partition")
WEIGHT_NAMES = ("sample_weight", "sample_weights", "weights")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A column that may be no feature: `role` is the key under `data` that would say so."""

    column: str
    role: str  # time | groups | weights | id | drop | holdout
    reason: str


@dataclass(frozen=True, slots=True)
class Description:
    """`classes`: (label, rows) of a classification. `columns`: all of them, target included."""

    file: str
    rows: int
    target: str
    task: str
    classes: tuple[tuple[Value, int], ...]
    columns: tuple[Column, ...]
    suggestions: tuple[Suggestion, ...]
    notes: tuple[str, ...] = ()


def describe(path: str | Path, target: str | None = None) -> Description:
    """Reads the source (any form of `data.source`; paths from the current folder).

    Raises InvalidSpec when it cannot be read or has no such target.
    """
    source = sources.read(str(path), Path.cwd())
    typed = types.convert(source.frame)
    columns = tuple(describe_column(typed.frame[n], typed.kinds[n]) for n in typed.frame)
    names = [column.name for column in columns]
    if target is not None and target not in names:
        raise invalid("data.target", f"no column '{target}' in {path}; {nearest(target, names)}")
    chosen = target or source.target or _guess(columns, typed.identifiers)
    if chosen is None:
        raise invalid("data.target", f"{path} has no column to predict")
    task = infer_task(source.frame[chosen])
    return Description(
        file=str(path),
        rows=len(source.frame),
        target=chosen,
        task=task,
        classes=class_counts(source.frame[chosen]) if task == "classification" else (),
        columns=columns,
        suggestions=tuple(
            found
            for column in columns
            if column.name != chosen and (found := _suggestion(column, typed.identifiers))
        ),
        notes=(*source.notes, *typed.notes),
    )


def _guess(columns: tuple[Column, ...], identifiers: tuple[str, ...]) -> str | None:
    by_name = {column.name.lower(): column.name for column in columns}
    known = [by_name[name] for name in TARGET_NAMES if name in by_name]
    usable = [
        column.name
        for column in columns
        if column.kind not in ("date", "text") and column.name not in identifiers
    ]
    return next(iter(known), usable[-1] if usable else None)


def _suggestion(column: Column, identifiers: tuple[str, ...]) -> Suggestion | None:
    name = column.name.lower()
    if column.name in identifiers:
        return Suggestion(column.name, "drop", "different in every row: it only names the row")
    if column.distinct <= 1:
        return Suggestion(column.name, "drop", "the same value in all rows")
    if column.kind == "date":
        return Suggestion(column.name, "time", "a date: if rows are a series, fold in its order")
    if name in SPLIT_NAMES and column.distinct <= 20:
        return Suggestion(column.name, "holdout", "looks like a split made beforehand")
    if name in WEIGHT_NAMES and column.kind == "numeric":
        return Suggestion(column.name, "weights", "looks like weights of rows")
    if GROUP_NAME.fullmatch(name) and column.distinct > 1:
        return Suggestion(column.name, "groups", "rows that belong together should stay together")
    return None
