"""Folds over the training rows, drawn once from the sweep's seed.

- `cv: 5`: ordered when there is `data.time` (each fold validates on the times after its
  training rows; rows of one time stay together), else grouped when there is `data.groups`
  (stratified for classes), else stratified for classes, else plain; all but the ordered are
  shuffled. Repeat r is shuffled with seed + r.
- A splitter by name gets its arguments as written, and the seed as `random_state` where that
  is legal and not written. With `data.time` rows are shown to it, and to a class of your
  own, in the order of time. Groups are `data.groups`.
- `{split_by: column}`: each value of the column is the validation rows of one fold, in the
  order of the values; rows with no value, or -1, are in training in all folds.
- `none`: one fold, a fifth of the rows for validation, drawn as `cv: 5` draws its folds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sweeper.core.records import SplitDigest
from sweeper.core.specs import CvKind, CvSpec
from sweeper.data import automatic, splitters
from sweeper.data.problems import invalid, listed
from sweeper.ports import Dataset, Rows, Splits

Fold = tuple[Any, Any]


def split(cv: CvSpec, dataset: Dataset, seed: int, directory: Path) -> Splits:
    """The folds of the training rows, the same for every trial.

    Indices are int64; the two sides of a fold are disjoint and not empty. The digest is a
    SHA-256 over all of them. Raises InvalidSpec on `cv` or a key under it.
    """
    match cv.kind:
        case CvKind.AUTO:
            drawn = automatic.folds(dataset, cv.n_splits, cv.repeats, seed)
        case CvKind.SPLITTER:
            drawn = splitters.folds(cv, dataset, seed, directory)
        case CvKind.COLUMN:
            drawn = _by_column(dataset.train.folds, cv.column)
        case CvKind.NONE:
            drawn = automatic.single(dataset, seed)
    size = automatic.count(dataset.train)
    checked = tuple(_checked(number, fold, size) for number, fold in enumerate(drawn))
    if not checked:
        raise invalid("cv", "the splitter made no fold at all")
    warnings = (*_order_warnings(cv, dataset.train), *_class_warnings(checked, dataset))
    return Splits(checked, _digest(checked), warnings)


def _by_column(values: Any, column: str) -> list[Fold]:
    if values is None:
        raise invalid("cv.split_by", f"column '{column}' was not read with the data")
    series = pd.Series(values)
    series = series.mask(series.isna() | (series.astype(str).isin(["-1", "-1.0"])))
    names = sorted(series.dropna().unique())
    if len(names) < 2 and not series.isna().any():
        raise invalid(
            "cv.split_by",
            f"'{column}' has {len(names)} value in the training rows; at least 2 make folds "
            "(or one, and rows with none or -1, that only train)",
        )
    if len(names) > automatic.MOST_FOLDS:
        raise invalid("cv.split_by", f"'{column}' has {len(names)} values: as many folds")
    chosen = [(series == name).to_numpy(dtype=bool) for name in names]
    return [(np.flatnonzero(~mask), np.flatnonzero(mask)) for mask in chosen]


def _checked(number: int, fold: Any, size: int) -> Fold:
    """Row numbers on both sides, whatever the splitter gave; raises when they make no fold."""
    try:
        train, valid = (_indices(part) for part in fold)
    except (TypeError, ValueError) as error:
        message = f"fold {number} is not a pair of row numbers (training, validation): {error}"
        raise invalid("cv.splitter", message) from error
    for rows, name in ((train, "training"), (valid, "validation")):
        if len(rows) == 0:
            raise invalid("cv", f"fold {number} has no {name} rows; ask for fewer folds")
        if rows.min() < 0 or rows.max() >= size:
            raise invalid("cv.splitter", f"fold {number} has {name} rows outside 0 … {size - 1}")
    both = len(np.intersect1d(train, valid))
    if both:
        message = f"fold {number}: {both} rows are in both training and validation"
        raise invalid("cv.splitter", message)
    return train, valid


def _indices(part: Any) -> Any:
    rows = np.asarray(part)
    if rows.dtype == bool:
        rows = np.flatnonzero(rows)
    if rows.ndim != 1 or (rows.dtype.kind not in "iu" and len(rows)):
        raise ValueError(f"found {rows.dtype} of shape {rows.shape}")
    return rows.astype("int64")


def _digest(folds: tuple[Fold, ...]) -> SplitDigest:
    state = hashlib.sha256()
    for number, (train, valid) in enumerate(folds):
        state.update(np.array([number, len(train), len(valid)], dtype="<i8").tobytes())
        state.update(train.astype("<i8").tobytes())
        state.update(valid.astype("<i8").tobytes())
    sizes = tuple(len(valid) for _, valid in folds)
    return SplitDigest(len(folds), sizes, state.hexdigest())


def _order_warnings(cv: CvSpec, rows: Rows) -> Iterable[str]:
    if cv.kind in (CvKind.AUTO, CvKind.NONE) and rows.time is not None and rows.groups is not None:
        yield "folds are ordered by data.time; a group may have rows on both sides of a fold"
    if cv.splitter == "TimeSeriesSplit" and rows.time is None:
        yield (
            "TimeSeriesSplit without data.time: rows are taken to be in the order of the source, "
            "and the holdout is not the last of them; name data.time"
        )


def _class_warnings(folds: tuple[Fold, ...], dataset: Dataset) -> Iterable[str]:
    if not dataset.classes:
        return
    labels = pd.Index(dataset.classes).get_indexer(pd.Index(dataset.train.y))
    for side, name in ((0, "training"), (1, "validation")):
        lacking = [set(range(len(dataset.classes))) - set(labels[fold[side]]) for fold in folds]
        count = sum(map(bool, lacking))
        if count:
            missing = listed(dataset.classes[i] for i in sorted(set().union(*lacking)))
            yield (
                f"{count} of {len(folds)} folds have no {name} row of some class ({missing}); "
                "metrics such as roc_auc may fail there"
            )
