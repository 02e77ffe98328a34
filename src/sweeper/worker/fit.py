"""Fitting one candidate on one set of training rows."""

from __future__ import annotations

from typing import Any

from sweeper.core.space import Params
from sweeper.ports import Job, Rows
from sweeper.worker.aside import set_aside
from sweeper.worker.build import build_estimator
from sweeper.worker.earlystop import fit_watched
from sweeper.worker.rows import take, weights_for
from sweeper.worker.seeds import seed_all


def fit_candidate(job: Job, params: Params, seed: int, rows: Rows, train_indices: Any) -> Any:
    """The trial's pipeline fitted on these rows of `rows` and on nothing else.

    The result takes raw rows and has `predict`. With `fit: {validation}` a part of the
    rows is kept aside for the model to watch while it learns.
    """
    pipeline, candidate = build_estimator(job, params, seed)
    seed_all(seed)
    if candidate.validation is None:
        X, y, weights = _taken(rows, train_indices)
        return pipeline.fit(X, y, **weights_for(pipeline, weights))
    fit_on, watch = set_aside(rows, train_indices, candidate.validation, job.task, seed)
    return fit_watched(
        pipeline,
        _taken(rows, fit_on),
        _taken(rows, watch),
        _taken(rows, train_indices),
        candidate.validation,
    )


def _taken(rows: Rows, indices: Any) -> tuple[Any, Any, Any]:
    return take(rows.X, indices), take(rows.y, indices), take(rows.weights, indices)
