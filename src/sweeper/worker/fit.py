"""Fitting one candidate on one set of training rows."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import Any

from sweeper.core.space import Params
from sweeper.ports import Job, Rows
from sweeper.worker.aside import set_aside
from sweeper.worker.build import build_estimator
from sweeper.worker.earlystop import fit_watched, keep_own_share, watches
from sweeper.worker.rows import take, weights_for
from sweeper.worker.seeds import seed_all
from sweeper.worker.shared import Shared, shared_seed


@dataclass(frozen=True, slots=True)
class Fitted:
    """`pipeline` takes raw rows and has `predict`. `seconds`: what fitting it takes, with the
    preprocessing that another trial had done before."""

    pipeline: Any
    seconds: float


def fit_candidate(job: Job, params: Params, seed: int, train_indices: Any) -> Fitted:
    """The trial's pipeline fitted on these rows of the job's and on nothing else.

    With `fit: {validation}` a part of the rows is kept aside for the model to watch while it
    learns: the same part in every trial.
    """
    begun = perf_counter()
    pipeline, candidate = build_estimator(job, params, seed)
    share = candidate.validation
    watch = None
    if share is not None:
        if watches(pipeline[-1]):
            common = shared_seed(job)
            train_indices, watch = set_aside(job.rows, train_indices, share, job.task, common)
        else:
            keep_own_share(pipeline[-1], share)
    own_memory = pipeline.memory
    shared = Shared(job, train_indices, seed)
    pipeline.memory = own_memory or shared
    seed_all(seed)
    X, y, weights = learn = _taken(job.rows, train_indices)
    if watch is None:
        learner = bare(pipeline)
        learner.fit(X, y, **weights_for(learner, weights))
    else:
        fit_watched(pipeline, learn, _taken(job.rows, watch))
    pipeline.memory = own_memory
    return Fitted(pipeline, perf_counter() - begun + shared.saved)


def bare(pipeline: Any) -> Any:
    """The pipeline's model where nothing comes before it: it fits and answers as the pipeline
    does, which takes longer to pass things on than a small model to learn from them."""
    return pipeline if len(pipeline.steps) > 1 else pipeline[-1]


def _taken(rows: Rows, indices: Any) -> tuple[Any, Any, Any]:
    return take(rows.X, indices), take(rows.y, indices), take(rows.weights, indices)
