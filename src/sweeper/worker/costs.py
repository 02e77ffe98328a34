"""What a fold run costs, as metrics of it: `fit_seconds`, `predict_ms`, `model_bytes`."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any

from sweeper.ports import Job
from sweeper.worker.models import dump
from sweeper.worker.rows import tabular, take
from sweeper.worker.values import InvalidMetric

CALLS = 20
"""Rows that are predicted one by one for `predict_ms`, after one that warms up."""


def costs(job: Job, model: Callable[[], Any], X: Any, fit_seconds: float) -> dict[str, float]:
    """Those that the config names.

    `fit_seconds`: of wall clock, to train on the fold's rows. `predict_ms`: milliseconds to
    predict a single row of the raw rows `X`, the median of several calls. `model_bytes`: of the
    file that the model would be stored in. `model` gives it, when one of the latter is asked.
    """
    found = {}
    for name in job.spec.measured:
        if name == "fit_seconds":
            found[name] = fit_seconds
        elif name == "model_bytes":
            found[name] = float(len(dump(model())))
        else:
            found[name] = predict_ms(model(), X)
    return found


def predict_ms(model: Any, X: Any) -> float:
    """Of a single row, the median of several. InvalidMetric where rows are no table's."""
    if not tabular(X) or not len(X):
        raise InvalidMetric(
            "predict_ms needs rows to predict, and this data is no table: measure it in the "
            "training function and return it as a metric of another name"
        )
    taken = []
    for call in range(CALLS + 1):
        row = take(X, [call % len(X)])
        begun = perf_counter()
        model.predict(row)
        taken.append(perf_counter() - begun)
    return 1000 * median(taken[1:])
