"""Which column is what, and the vectors that go with the rows: groups, time, weights, id."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sweeper.core.specs import DataSpec, HoldoutKind
from sweeper.data.problems import invalid, nearest
from sweeper.data.types import convert_column, tidy
from sweeper.ports import InvalidSpec, Problem


@dataclass(frozen=True, slots=True)
class Roles:
    """Names of columns by role; all of them exist, none has two roles."""

    target: str | None
    groups: str | None
    time: str | None
    weights: str | None
    id: str | None
    holdout: str | None  # the column that says which rows are the holdout
    folds: str | None  # the column that says which fold a row validates
    drop: tuple[str, ...]

    def named(self) -> frozenset[str]:
        """Everything that is not a feature."""
        one = (self.target, self.groups, self.time, self.weights, self.id, self.holdout, self.folds)
        return frozenset(name for name in (*one, *self.drop) if name is not None)

    def repeated(self, features: Iterable[str]) -> list[str]:
        """What has to be equal for two rows to be duplicates."""
        besides = (self.target, self.groups, self.time, self.weights)
        return [*features, *(name for name in besides if name is not None)]


def assign(
    spec: DataSpec,
    columns: list[str],
    place: str,
    known_target: str | None,
    split_by: str | None,
    hint: str | None,
) -> Roles:
    """Raises InvalidSpec with every unknown column and every column with two roles."""
    holdout = spec.holdout.column if spec.holdout.kind is HoldoutKind.COLUMN else None
    target = spec.target if spec.target is not None else known_target
    used = [
        ("data.target", target),
        ("data.groups", spec.groups),
        ("data.time", spec.time),
        ("data.weights", spec.weights),
        ("data.id", spec.id),
        ("data.holdout", holdout),
        ("cv.split_by", split_by),
        *(("data.drop", name) for name in spec.drop),
    ]
    problems = [
        Problem(path, f"no column '{name}' in {place}; {nearest(name, columns)}")
        for path, name in (*used, *(("data.hash", name) for name in spec.hash))
        if name is not None and name not in columns
    ]
    problems += _conflicts([(path, name) for path, name in used if name is not None])
    problems += _unhashable([(path, name) for path, name in used if name in spec.hash])
    if target is None and hint is not None:
        message = f"missing: which column is to be predicted? {nearest('', columns)}"
        problems.append(Problem("data.target", message))
    if problems:
        raise InvalidSpec(problems)
    return Roles(
        target, spec.groups, spec.time, spec.weights, spec.id, holdout, split_by, spec.drop
    )


def _conflicts(used: list[tuple[str, str]]) -> list[Problem]:
    first: dict[str, str] = {}
    problems = []
    for path, name in used:
        before = first.setdefault(name, path)
        # the value `test` of a column may be the holdout, and its other values the folds
        if before != path and (before, path) != ("data.holdout", "cv.split_by"):
            message = f"column '{name}' is already {before}; a column has one role"
            problems.append(Problem(path, message))
    return problems


def _unhashable(used: list[tuple[str, str | None]]) -> list[Problem]:
    """Hashed columns with a role that needs their values, or with none that needs them at all."""
    message = "column '{}' is {}, whose values are needed as they are; only features, data.groups "
    message += "and data.id can be hashed"
    spare = "column '{}' is dropped anyway: leave it out here"
    return [
        Problem("data.hash", (spare if path == "data.drop" else message).format(name, path))
        for path, name in used
        if path not in ("data.groups", "data.id")
    ]


def read_weights(values: pd.Series) -> Any:
    """float64, finite, not negative, not all zero."""
    converted, kind, infinite = convert_column(values)
    if kind not in ("numeric", "boolean"):
        raise invalid("data.weights", f"'{values.name}' is of kind {kind}; weights are numbers")
    weights = converted.to_numpy(dtype="float64")
    wrong = int(np.isnan(weights).sum() - infinite), infinite, int((weights < 0).sum())
    if any(wrong):
        counts = f"{wrong[0]} missing, {wrong[1]} infinite and {wrong[2]} negative values"
        raise invalid("data.weights", f"'{values.name}' has {counts}; weights are 0 or more")
    if not weights.any():
        raise invalid("data.weights", f"'{values.name}' is 0 in every row")
    return weights


def read_time(values: pd.Series) -> Any:
    """float64, int64 or datetime64[us], none missing."""
    converted, kind, _ = convert_column(values)
    if kind not in ("numeric", "date"):
        converted = _any_iso(values)
    return _complete(converted, "data.time").to_numpy()


def _any_iso(values: pd.Series) -> pd.Series:
    """Also 2024-01 and 2024-01-31T10, which are not taken for dates in a feature."""
    objects = tidy(values)
    dates = pd.to_datetime(objects, format="ISO8601", utc=True, errors="coerce")
    wrong = int((dates.isna() & objects.notna()).sum())
    if wrong:
        raise invalid(
            "data.time",
            f"{wrong} values of '{values.name}' are neither numbers nor ISO dates such as "
            "2024-01-31 or 2024-01-31T10:00; write them so, or name another column",
        )
    return dates.dt.tz_localize(None).astype("datetime64[us]")


def read_labels(values: pd.Series, path: str) -> Any:
    """Groups, ids: int64, or objects of text; none missing."""
    converted, kind, _ = convert_column(values)
    complete = _complete(converted, path)
    return (complete.astype(str).astype(object) if kind == "date" else complete).to_numpy()


def read_folds(values: pd.Series) -> Any:
    """Objects of text, or numbers; NaN where a row is in no fold's validation rows."""
    converted, kind, _ = convert_column(values)
    return (converted.astype(object) if kind == "date" else converted).to_numpy()


def _complete(values: pd.Series, path: str) -> pd.Series:
    missing = int(values.isna().sum())
    if missing:
        raise invalid(
            path, f"{missing} of {len(values)} rows have no '{values.name}'; each row needs one"
        )
    return values
