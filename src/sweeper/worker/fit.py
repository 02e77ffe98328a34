"""Fitting one candidate on one set of training rows."""

from __future__ import annotations

from typing import Any

from sweeper.core.space import Params
from sweeper.ports import Job, Rows
from sweeper.worker.aside import set_aside
from sweeper.worker.build import build_estimator
from sweeper.worker.earlystop import fit_watched
from sweeper.worker.rows import take


def fit_candidate(job: Job, params: Params, seed: int, rows: Rows, train_indices: Any) -> Any:
    """The trial's pipeline fitted on these rows of `rows` and on nothing else.

    The result takes raw rows and has `predict`. With `fit: {validation}` a part of the
    rows is kept aside for the model to watch while it learns.
    """
    pipeline, candidate = build_estimator(job, params, seed)
    if candidate.validation is None:
        X, y, weights = _taken(rows, train_indices)
        return pipeline.fit(X, y, **_weighted(pipeline, weights))
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


def _weighted(pipeline: Any, weights: Any) -> dict[str, Any]:
    """The fit argument that carries the weights to the model, where it takes any."""
    from sklearn.utils.validation import has_fit_parameter

    name, model = pipeline.steps[-1]
    if weights is None:
        return {}
    if has_fit_parameter(model, "sample_weight"):
        return {f"{name}__sample_weight": weights}
    print(f"{type(model).__name__}.fit takes no sample_weight: trained without weights")
    return {}
