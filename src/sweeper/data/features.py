"""Which columns become features, and what is said of them.

Left out, and said: columns that are empty or have one value and none missing, judged by the
training rows, and text identifiers (see `types`). An array keeps all its columns. Asked for
raw rows, as a training function gets them that wants no preprocessing, a table keeps all its
columns too, and scikit-learn's own numeric tables are the arrays they are there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from sweeper.data import types
from sweeper.data.problems import invalid
from sweeper.data.whole import Whole
from sweeper.ports import Column


@dataclass(frozen=True, slots=True)
class Features:
    """X of all rows: DataFrame, array, or indexable. `notes`: what was left out, and why."""

    X: Any
    columns: tuple[Column, ...]
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def choose_features(whole: Whole, train: Any, raw: bool) -> Features:
    """Raises InvalidSpec when no feature is left."""
    block = whole.source.block
    if block is None:
        features = _of_table(whole, train, raw)
        bundled = raw and whole.source.place.startswith("sklearn:")
        return _as_array(features, train) if bundled else features
    unused = [name for name in whole.source.frame if name not in whole.roles.named()]
    notes = [f"not used: {', '.join(map(repr, unused))}"] if unused else []
    if not isinstance(block, np.ndarray):
        return Features(block, (), tuple(notes))
    infinite = np.isinf(block) if block.dtype.kind == "f" else np.zeros(0, dtype=bool)
    if infinite.any():
        block = np.where(infinite, np.nan, block).astype(block.dtype)
        notes.append(f"X: {int(infinite.sum())} infinite values taken as missing")
    columns = _array_columns(block[train]) if block.ndim == 2 else ()
    return Features(block, columns, tuple(notes))


def _as_array(features: Features, train: Any) -> Features:
    """A numeric table as an array; any other as it is."""
    if any(column.kind != "numeric" for column in features.columns):
        return features
    block = features.X.to_numpy()
    return replace(features, X=block, columns=_array_columns(block[train]))


def _of_table(whole: Whole, train: Any, raw: bool) -> Features:
    typed, rows = whole.typed, whole.typed.frame.iloc[train]
    columns, notes, warnings = [], [], []
    for name in whole.candidates():
        column = describe_column(rows[name], typed.kinds[name])
        identifies = name in typed.identifiers
        reason = None if raw else _useless(column, len(rows), identifies)
        if reason is not None:
            notes.append(f"dropped '{name}': {reason}")
            continue
        columns.append(column)
        notes += _remark(column)
        if identifies:
            warnings.append(
                f"'{name}' only counts the rows; unless that means something, say "
                f"data.drop: [{name}]"
            )
    if not columns:
        left_out = "; ".join(notes) or "every column has another role"
        raise invalid("data.source", f"{whole.source.place} has no feature left: {left_out}")
    X = typed.frame[[column.name for column in columns]]
    return Features(X, tuple(columns), tuple(notes), tuple(warnings))


def _useless(column: Column, rows: int, identifies: bool) -> str | None:
    if column.missing == rows:
        return "empty in all training rows"
    if column.missing == 0 and column.distinct == 1:
        return "the same value in all training rows"
    if identifies and column.kind == "categorical":
        return "text that is different in every row, so it only identifies it"
    return None


def _remark(column: Column) -> list[str]:
    if column.kind == "text":
        return [f"'{column.name}' is read as text"]
    if column.kind == "categorical" and column.distinct > types.MANY_VALUES:
        return [f"'{column.name}' is a category of many values ({column.distinct})"]
    return []


def describe_column(values: pd.Series, kind: str) -> Column:
    """What is said of a converted column."""
    missing = int(values.isna().sum())
    return Column(str(values.name), kind, str(values.dtype), missing, int(values.nunique()))


def _array_columns(X: Any) -> tuple[Column, ...]:
    missing = np.isnan(X).sum(axis=0) if X.dtype.kind == "f" else np.zeros(X.shape[1])
    counts = enumerate(map(int, missing))
    return tuple(Column(f"x{i}", "numeric", str(X.dtype), count) for i, count in counts)
