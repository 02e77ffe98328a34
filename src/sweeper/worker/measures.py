"""Metrics over many resamples at once.

Each function takes sample weights of shape (rows, r), one column a resample, and gives r
values. With a single column of ones they are what scikit-learn gives on the same rows. NaN
where a metric is undefined.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

Array = np.ndarray[Any, Any]
Measures = dict[str, Array]


def ratio(part: Array, whole: Array, empty: float = np.nan) -> Array:
    """part ÷ whole, `empty` where whole is 0."""
    filled: Array = np.full(np.broadcast_shapes(part.shape, whole.shape), empty)
    np.divide(part, whole, out=filled, where=whole > 0)
    return filled


def confusion(truth: Array, predicted: Array, classes: int, weights: Array) -> Array:
    """Weighted counts, shape (true class, predicted class, r)."""
    size = len(truth)
    cells = csr_matrix(
        (np.ones(size), (truth * classes + predicted, np.arange(size))),
        shape=(classes * classes, size),
    )
    return np.asarray(cells @ weights).reshape(classes, classes, -1)


def by_class(table: Array) -> Measures:
    """Precision, recall and F1 of each class, shape (classes, r).

    As in scikit-learn a class that is never predicted has precision 0. A class without true
    rows has no recall, and one that is in neither column nor row has none of the three.
    """
    hits, support, called = _margins(table)
    absent = support + called == 0
    return {
        "precision": np.where(absent, np.nan, ratio(hits, called, 0.0)),
        "recall": ratio(hits, support),
        "f1": ratio(2 * hits, support + called),
    }


def from_confusion(table: Array) -> Measures:
    """What a confusion table alone decides. Macro means are over the classes that occur."""
    hits, support, called = _margins(table)
    total = support.sum(axis=0)
    occurs = np.maximum((support + called > 0).sum(axis=0), 1)
    recalls = ratio(hits, support, 0.0)
    macro = {
        "precision_macro": ratio(hits, called, 0.0),
        "recall_macro": recalls,
        "f1_macro": ratio(2 * hits, support + called, 0.0),
    }
    return {
        "accuracy": ratio(hits.sum(axis=0), total),
        "balanced_accuracy": ratio(recalls.sum(axis=0), (support > 0).sum(axis=0)),
        **{name: ratio(value.sum(axis=0), occurs) for name, value in macro.items()},
        "mcc": _matthews(hits.sum(axis=0), support, called, total),
    }


def _margins(table: Array) -> tuple[Array, Array, Array]:
    return np.einsum("iir->ir", table), table.sum(axis=1), table.sum(axis=0)


def _matthews(hits: Array, support: Array, called: Array, total: Array) -> Array:
    """Matthews' correlation for any number of classes (Gorodkin 2004); 0 without spread."""
    covariance = hits * total - (support * called).sum(axis=0)
    spread = (total**2 - (support**2).sum(axis=0)) * (total**2 - (called**2).sum(axis=0))
    return ratio(covariance, np.sqrt(np.maximum(spread, 0)), 0.0)


@dataclass(frozen=True, slots=True)
class Ranking:
    """Rows from the highest score to the lowest, cut into runs of equal scores.

    Only runs that hold a positive row matter to the curves: run g covers the places
    `start[g]` to `end[g]` of `order`; its positives begin at `first[g]` in `positives`.
    """

    order: Array
    positives: Array  # row numbers of the positives, in that order
    first: Array
    start: Array
    end: Array


def ranking(scores: Array, positive: Array) -> Ranking:
    """Sort once; every resample uses the same order. `positive` is a mask over rows."""
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    starts = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]]))
    run = np.searchsorted(starts, np.flatnonzero(positive[order]), side="right") - 1
    runs, first = np.unique(run, return_index=True)
    ends = np.append(starts[1:], len(order))
    return Ranking(order, order[positive[order]], first, starts[runs], ends[runs])


def curves(ranks: Ranking, weights: Array) -> tuple[Array, Array]:
    """Area under the ROC curve and average precision, NaN without the rows they need."""
    if not len(ranks.positives):
        nothing = np.full(weights.shape[1], np.nan)
        return nothing, nothing
    cumulated = np.zeros((len(ranks.order) + 1, weights.shape[1]))
    np.cumsum(weights[ranks.order], axis=0, out=cumulated[1:])
    above, through = cumulated[ranks.start], cumulated[ranks.end]
    hits = np.add.reduceat(weights[ranks.positives], ranks.first, axis=0)
    found = np.cumsum(hits, axis=0)
    positives = found[-1]
    negatives = cumulated[-1] - positives
    tied = through - above - hits
    beaten = negatives - (above - found + hits) - tied / 2
    roc_auc = ratio((hits * beaten).sum(axis=0), positives * negatives)
    precision = ratio(found, through, 0.0)
    average = ratio((hits * precision).sum(axis=0), positives)
    return roc_auc, average


def weighted_mean(values: Array, weights: Array) -> Array:
    """Mean of one number a row."""
    return ratio(values @ weights, weights.sum(axis=0))


def log_losses(truth: Array, probabilities: Array) -> Array:
    """Each row's -log of the probability given to its true class."""
    floor = np.finfo(probabilities.dtype).eps
    given = probabilities[np.arange(len(truth)), truth]
    return np.asarray(-np.log(np.clip(given, floor, 1 - floor)))


def regression(truth: Array, predicted: Array, weights: Array) -> Measures:
    """rmse, mae and r2; r2 is undefined where the truth does not vary."""
    error = truth - predicted
    centred = truth - truth.mean()  # keeps the difference of squares below from cancelling
    squared = weighted_mean(error**2, weights)
    variance = weighted_mean(centred**2, weights) - weighted_mean(centred, weights) ** 2
    flat = variance <= 1e-12 * max(float(np.square(centred).mean()), 1e-300)
    return {
        "rmse": np.sqrt(squared),
        "mae": weighted_mean(np.abs(error), weights),
        "r2": np.where(flat, np.nan, 1 - squared / np.where(flat, 1, variance)),
    }
