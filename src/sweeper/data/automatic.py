"""The folds of `cv: 5` and of `cv: none`: by what the data says of itself."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from sweeper.data.holdout import by_time
from sweeper.data.problems import invalid
from sweeper.ports import Dataset, Rows

Fold = tuple[Any, Any]

MOST_FOLDS = 10_000


def count(rows: Rows) -> int:
    """How many rows there are."""
    return len(rows.X) if rows.y is None else len(rows.y)


def folds(dataset: Dataset, n_splits: int, repeats: int, seed: int) -> list[Fold]:
    """`repeats` times `n_splits` folds. Raises InvalidSpec on `cv` when there is too little data."""
    rows = dataset.train
    if rows.time is not None:
        if repeats > 1:
            raise invalid(
                "cv.repeats", "folds in the order of time cannot be repeated; leave it out"
            )
        return _ordered(rows.time, n_splits)
    _check_enough(dataset, n_splits)
    return [fold for r in range(repeats) for fold in _shuffled(dataset, n_splits, seed + r)]


def single(dataset: Dataset, seed: int) -> list[Fold]:
    """One fold with about a fifth of the rows for validation."""
    rows = dataset.train
    if rows.time is not None:
        if len(np.unique(rows.time)) < 2:
            raise invalid(
                "cv", "data.time is the same in all training rows: there are no last ones"
            )
        late = by_time(rows.time, 0.2)
        return [(np.flatnonzero(~late), np.flatnonzero(late))]
    units = count(rows) if rows.groups is None else len(np.unique(rows.groups))
    if dataset.task == "classification":
        units = min(units, int(np.unique(rows.y, return_counts=True)[1].max()))
    return folds(dataset, max(2, min(5, units)), 1, seed)[:1]


def _ordered(time: Any, n_splits: int) -> list[Fold]:
    """TimeSeriesSplit over different times, so that rows of one time are never parted."""
    from sklearn.model_selection import TimeSeriesSplit

    times, place = np.unique(time, return_inverse=True)
    if n_splits < 2 or len(times) <= n_splits:
        raise invalid(
            "cv",
            f"{n_splits} ordered folds of {len(times)} different times; expected 2 folds or more, "
            "and more times than folds",
        )
    order = np.argsort(place, kind="stable")
    place = place[order]
    parts = TimeSeriesSplit(n_splits).split(times)
    return [
        (order[place <= before[-1]], order[(place >= after[0]) & (place <= after[-1])])
        for before, after in parts
    ]


def _check_enough(dataset: Dataset, n_splits: int) -> None:
    rows = dataset.train
    if rows.groups is not None and (groups := len(np.unique(rows.groups))) < n_splits:
        raise invalid("cv", f"{n_splits} folds, but data.groups has {groups} groups in training")
    if count(rows) < n_splits:
        raise invalid("cv", f"{n_splits} folds, but there are {count(rows)} training rows")


def _shuffled(dataset: Dataset, n_splits: int, seed: int) -> list[Fold]:
    from sklearn import model_selection as ms

    rows, classes = dataset.train, dataset.task == "classification"
    kinds = {
        (True, True): ms.StratifiedGroupKFold,
        (True, False): ms.GroupKFold,
        (False, True): ms.StratifiedKFold,
        (False, False): ms.KFold,
    }
    kind = kinds[rows.groups is not None, classes]
    splitter = kind(n_splits, shuffle=True, random_state=seed % 2**32)
    with warnings.catch_warnings():
        # of classes with fewer rows than folds: `splits` says in its own words which lack them
        warnings.simplefilter("ignore", UserWarning)
        try:
            return list(splitter.split(np.zeros(count(rows)), rows.y, rows.groups))
        except ValueError as error:
            raise invalid("cv", f"{n_splits} folds cannot be made: {error}") from error
