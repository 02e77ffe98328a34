"""Keeping a part of the training rows aside, for a model to watch while it learns."""

from __future__ import annotations

from typing import Any

import numpy as np

from sweeper.ports import Rows


def set_aside(rows: Rows, indices: Any, share: float, task: str, seed: int) -> tuple[Any, Any]:
    """(rows to learn from, rows kept aside), both as indices into `rows`, out of `indices`.

    Whole groups where there are groups, the last in time where there is a time, stratified
    for classes, else at random.
    """
    indices = np.asarray(indices)
    if rows.groups is None and rows.time is not None:
        return _last(rows.time, indices, share)
    splitter, by = _splitter(rows, indices, share, task, seed % 2**32)
    keep, aside = next(splitter.split(indices, **by))
    return indices[keep], indices[aside]


def _last(time: Any, indices: Any, share: float) -> tuple[Any, Any]:
    order = indices[np.argsort(np.asarray(time)[indices], kind="stable")]
    cut = len(order) - max(1, round(len(order) * share))
    return order[:cut], order[cut:]


def _splitter(rows: Rows, indices: Any, share: float, task: str, seed: int) -> tuple[Any, Any]:
    from sklearn.model_selection import GroupShuffleSplit, ShuffleSplit, StratifiedShuffleSplit

    options = {"n_splits": 1, "test_size": share, "random_state": seed}
    if rows.groups is not None:
        return GroupShuffleSplit(**options), {"groups": np.asarray(rows.groups)[indices]}
    if task == "classification":
        y = np.asarray(rows.y)[indices]
        counts = np.unique(y, return_counts=True)[1]
        if counts.min() > 1 and len(counts) <= min(share, 1 - share) * len(y):
            return StratifiedShuffleSplit(**options), {"y": y}
    return ShuffleSplit(**options), {}
