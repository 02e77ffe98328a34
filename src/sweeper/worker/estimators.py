"""Fitting and scoring an estimator on one fold, or for the refit."""

from __future__ import annotations

from typing import Any

import numpy as np

from sweeper.core.records import Success
from sweeper.ports import Job, RunResult
from sweeper.worker.context import Workplace
from sweeper.worker.costs import costs
from sweeper.worker.fit import bare, fit_candidate
from sweeper.worker.models import FILE, ROLE, dump, storable
from sweeper.worker.rows import take
from sweeper.worker.scoring import Scorers
from sweeper.worker.unnamed import unnamed

KNOWN = {"sklearn", "sweeper", "xgboost", "lightgbm"}
"""Packages whose models can be stored, which then need not be tried."""


def fit_fold(job: Job, at: Workplace) -> RunResult:
    """Scores on the fold's validation rows; without a refit to come the model as well.

    The first fold's model is looked at where the user made a part of it, so that one which
    cannot be stored is news of the first trials and not of the refit.
    """
    order = at.order
    train, valid = job.splits.folds[order.key.fold]
    job = unnamed(job)
    rows = job.rows
    scorers = Scorers(job)
    fitted = fit_candidate(job, order.params, order.seed, train)
    model = fitted.pipeline
    X = take(rows.X, valid)
    scores = scorers.score(bare(model), X, take(rows.y, valid), take(rows.weights, valid))
    scores |= costs(job, lambda: model, X, fitted.seconds)
    if not job.spec.refit:
        return RunResult(Success(scores, seconds=0.0), files={ROLE: (FILE, dump(model))})
    if order.key.fold == 0 and _own(model):
        storable(model)
    return RunResult(Success(scores=scores, seconds=0.0))


def fit_refit(job: Job, at: Workplace) -> RunResult:
    """The model of these parameters on all training rows."""
    order = at.order
    assert job.spec.model is not None
    count = len(job.rows.y)
    model = fit_candidate(job, order.params, order.seed, np.arange(count)).pipeline
    candidate = job.spec.model.candidate(order.params)
    report = {"candidate": candidate.name, "rows": count}
    return RunResult(
        Success(scores={}, seconds=0.0, report=report), files={ROLE: (FILE, dump(model))}
    )


def _own(pipeline: Any) -> bool:
    """Some step is of the user's making; what scikit-learn itself makes can be stored."""
    return any(type(step).__module__.partition(".")[0] not in KNOWN for _, step in pipeline.steps)
