"""A classifier's curves over the holdout: aggregates, from which no row can be told."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from sweeper.core.space import Value
from sweeper.ports import Rows
from sweeper.worker.coded import CodedClassifier
from sweeper.worker.replay import Replay

Line = tuple[Any, Any]
"""x and y of its points."""

MOST_LINES = 10
"""Beyond so many classes a picture of lines says nothing."""

BINS = 10


@dataclass(frozen=True, slots=True)
class Curves:
    """One class against the others. `reliability`: mean predicted probability and share of the
    class in bins of equal numbers of rows; None where there are no probabilities."""

    label: Value
    roc: Line  # false positive rate, recall
    precision_recall: Line  # recall, precision
    reliability: Line | None


def curves(replay: Replay, rows: Rows, labels: tuple[Value, ...]) -> list[Curves]:
    """Of the last of two classes, or of each of more; none without scores, or of too many
    classes. Sample weights count, except in the reliability."""
    answers = CodedClassifier(replay, replay.rows, labels)
    shares = hasattr(answers, "predict_proba")
    if not shares and not hasattr(answers, "decision_function"):
        return []
    method = answers.predict_proba if shares else answers.decision_function
    scores, truth = np.asarray(method(replay.rows)), answers.codes(rows.y)
    if scores.ndim == 1:
        scores = np.column_stack([-scores, scores])
    shown = range(1, 2) if len(labels) == 2 else range(len(labels))
    if scores.shape[1] != len(labels) or len(labels) > MOST_LINES or not np.isfinite(scores).all():
        return []
    shares = shares and scores.min() >= 0 and scores.max() <= 1
    both = [k for k in shown if 0 < (truth == k).sum() < len(truth)]
    return [_of(labels[k], truth == k, scores[:, k], rows.weights, shares) for k in both]


def _of(label: Value, truth: Any, scores: Any, weights: Any, shares: bool) -> Curves:
    from sklearn.calibration import calibration_curve
    from sklearn.metrics import precision_recall_curve, roc_curve

    false, true, _ = roc_curve(truth, scores, sample_weight=weights)
    precision, recall, _ = precision_recall_curve(truth, scores, sample_weight=weights)
    reliability = None
    if shares:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of bins that fall together
            share, mean = calibration_curve(truth, scores, n_bins=BINS, strategy="quantile")
        reliability = (mean, share)
    return Curves(label, (false, true), (recall, precision), reliability)
