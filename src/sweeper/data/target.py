"""The target: which task it makes, its labels as they are, and the positive class.

Without a hint from the metric, text, truth values and categories make a classification, and
so do whole numbers with two different values, or with at most 20 that each have ten rows on
average; everything else is a regression. Labels keep the form the source gives them (str,
int or bool; text is stripped), regression targets are float64. A row without a target is an
error: whether it may be left out is not for a program to decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sweeper.core.space import Value
from sweeper.data.problems import invalid, listed, nearest
from sweeper.data.types import convert_column, tidy

FEW_CLASSES = 20
ROWS_PER_CLASS = 10
TOO_MANY_CLASSES = 1000


@dataclass(frozen=True, slots=True)
class Target:
    """`codes`: each row's class as its place in `classes`; zeros for a regression."""

    y: Any
    task: str
    classes: tuple[Value, ...]
    positive: Value
    codes: Any


NO_TARGET = Target(None, "none", (), None, None)


def read_target(values: pd.Series, hint: str | None, positive: Value, place: str) -> Target:
    """Raises InvalidSpec on `data.target` or `data.positive`."""
    clean = _labels(values)
    missing = int(clean.isna().sum())
    if missing:
        raise invalid(
            "data.target",
            f"{missing} of {len(clean)} rows of {place} have no '{values.name}' (an empty cell, "
            "NA, None or ?); remove those rows from the source, or fill them",
        )
    task = hint or infer_task(values)
    if task == "regression":
        return _regression(values, positive)
    return _classification(clean, positive, place)


def infer_task(values: pd.Series) -> str:
    """classification or regression, by the rule above."""
    clean = _labels(values).dropna()
    if clean.dtype == object:
        return "regression" if convert_column(clean)[1] == "date" else "classification"
    if clean.dtype == bool:
        return "classification"
    if not np.array_equal(clean, np.round(clean)):
        return "regression"
    distinct = clean.nunique()
    few = distinct <= FEW_CLASSES and distinct * ROWS_PER_CLASS <= len(clean)
    return "classification" if distinct <= 2 or few else "regression"


def class_counts(values: pd.Series) -> tuple[tuple[Value, int], ...]:
    """(label, rows), in the order of the labels."""
    classes, codes = _encode(_whole(_labels(values).dropna()))
    counts = np.bincount(codes, minlength=len(classes))
    return tuple(zip(classes, map(int, counts), strict=True))


def _labels(values: pd.Series) -> pd.Series:
    """bool, int64, float64 or object (of str, or bools and NaN) with NaN for missing."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(object)
    if pd.api.types.is_bool_dtype(values.dtype) and not values.isna().any():
        return values.astype(bool)
    if pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype):
        return convert_column(values)[0]
    objects = tidy(values)
    known = objects.dropna()
    if len(known) and known.map(lambda v: isinstance(v, bool | np.bool_)).all():
        return objects if objects.isna().any() else objects.astype(bool)
    converted, kind, _ = convert_column(objects)
    if kind == "numeric" and len(known):
        return converted
    return objects.where(objects.isna(), objects.map(str)).astype(object)


def _regression(values: pd.Series, positive: Value) -> Target:
    converted, kind, _ = convert_column(values)
    if kind not in ("numeric", "boolean"):
        raise invalid(
            "data.target",
            f"'{values.name}' is a column of kind {kind}, and a regression needs numbers; name "
            "another target, or a metric for classification",
        )
    if positive is not None:
        raise invalid("data.positive", "a regression has no positive class; leave it out")
    y = converted.to_numpy(dtype="float64")
    if len(y) and (y == y[0]).all():
        raise invalid("data.target", f"'{values.name}' has one value in all rows: nothing to learn")
    return Target(y, "regression", (), None, np.zeros(len(y), dtype="int64"))


def _classification(clean: pd.Series, positive: Value, place: str) -> Target:
    whole = _whole(clean)
    if whole.dtype == "float64":
        raise invalid(
            "data.target",
            f"'{clean.name}' holds fractions, {clean.nunique()} different ones, and the metric is "
            "one for classification; name another target, or a metric for regression (rmse, r2)",
        )
    classes, codes = _encode(whole)
    if len(classes) == 1:
        raise invalid(
            "data.target", f"'{clean.name}' has one class in all rows of {place}: nothing to learn"
        )
    if len(classes) > TOO_MANY_CLASSES or 2 * len(classes) > max(len(clean), 4):
        raise invalid(
            "data.target",
            f"'{clean.name}' has {len(classes)} classes in {len(clean)} rows; is it a number to "
            "predict (then name a metric for regression), or an identifier?",
        )
    chosen = _positive(positive, classes)
    return Target(whole.to_numpy(), "classification", classes, chosen, codes)


def _whole(clean: pd.Series) -> pd.Series:
    """Floats that are all whole numbers become integers: classes 0 and 1, not 0.0 and 1.0."""
    if clean.dtype == "float64" and np.array_equal(clean, np.round(clean)):
        return clean.astype("int64")
    return clean


def _encode(labels: pd.Series) -> tuple[tuple[Value, ...], Any]:
    classes, codes = np.unique(labels.to_numpy(), return_inverse=True)
    return tuple(classes.tolist()), codes


def _positive(wanted: Value, classes: tuple[Value, ...]) -> Value:
    if wanted is None:
        return classes[1] if classes in ((0, 1), (-1, 1), (False, True)) else None
    if len(classes) != 2:
        raise invalid(
            "data.positive",
            f"the target has {len(classes)} classes; a positive class belongs to two. Leave it out",
        )
    same = [c for c in classes if c == wanted]
    alike = [c for c in classes if str(c).lower() == str(wanted).strip().lower()]
    if not same and not alike:
        near = nearest(str(wanted), map(str, classes))
        raise invalid("data.positive", f"no class {wanted!r} among {listed(classes)}; {near}")
    return (same or alike)[0]
