"""Running a user's training function on one fold, or for the refit."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np

from sweeper.core.records import REFIT, Success
from sweeper.core.specs import PreprocessKind, TrainSpec
from sweeper.ports import TRAIN_MODULE, Job, Order, RunResult
from sweeper.worker.aside import set_aside
from sweeper.worker.context import TrialContext, TrialData, Workplace
from sweeper.worker.costs import costs
from sweeper.worker.curve import thinned
from sweeper.worker.models import FILE, ROLE, dump, storable
from sweeper.worker.modules import load
from sweeper.worker.preprocess import preprocessor
from sweeper.worker.rows import tabular, take
from sweeper.worker.shared import Shared, fit_transform, shared_seed
from sweeper.worker.tree import arguments
from sweeper.worker.values import InvalidMetric, described, finite, named, usable_name

REFIT_SHARE = 0.2
"""Share of the training rows that the refit's call sees as validation."""

MOST = 1000
"""Metrics of one run that are kept beside those that the config names."""


class NothingSaved(Exception):
    """The refit ended without a model."""


@dataclass(frozen=True, slots=True)
class _Ended:
    """A finished call: what it was given, what it returned, what prepared its rows."""

    trial: TrialContext
    returned: Any
    prepare: Any
    seconds: float  # of the call


def train_fold(job: Job, at: Workplace) -> RunResult:
    """Scores: the metrics returned, and of the last report what was not returned.

    Of a gang only rank 0 has something to show. The model that the first fold saves is looked
    at, so that one which cannot be kept is news of the first trials and not of the refit.
    """
    key = at.order.key
    fold = ((), ()) if job.rows.X is None else job.splits.folds[key.fold]
    ended = _call(job, at, *fold)
    if at.gang.rank > 0:
        return RunResult(Success(scores={}, seconds=0.0))
    scores, left_out = _required(job, ended)
    scores |= _costs(job, ended, fold[1])
    files = {}
    if ended.trial.saved and not job.spec.refit:
        files = _file(job, ended)
    elif ended.trial.saved and key.fold == 0:
        storable(_model(job, ended))
    return RunResult(
        Success(scores=scores, seconds=0.0, curve=thinned(ended.trial.curve)), files, left_out
    )


def _costs(job: Job, ended: _Ended, valid: Any) -> dict[str, float]:
    def model() -> Any:
        if not ended.trial.saved:
            wanted = " and ".join(name for name in job.spec.measured if name != "fit_seconds")
            raise InvalidMetric(f"{wanted} cannot be measured without trial.save(model)")
        return _model(job, ended)

    if not job.spec.measured:
        return {}
    X = job.rows.X if not tabular(job.rows.X) else take(job.rows.X, valid)
    return costs(job, model, X, ended.seconds)


def train_refit(job: Job, at: Workplace) -> RunResult:
    """One call with all training rows, a part of them as validation, leaves the model."""
    learn, watch = _refit_rows(job, at.order.seed)
    ended = _call(job, at, learn, watch)
    if at.gang.rank > 0:
        return RunResult(Success(scores={}, seconds=0.0))
    if not ended.trial.saved:
        raise NothingSaved(
            f"{_spec(job).function} returned from the refit without trial.save(model): there "
            "is nothing to register. Save the model at the end of the function"
        )
    usable, left_out = _usable(_found(ended))
    report = {"rows": len(learn) + len(watch), "user_reported": usable}
    success = Success(scores={}, seconds=0.0, curve=thinned(ended.trial.curve), report=report)
    return RunResult(success, _file(job, ended), left_out)


def _refit_rows(job: Job, seed: int) -> tuple[Any, Any]:
    rows = job.rows
    if rows.X is None:
        return (), ()
    return set_aside(rows, np.arange(len(rows.X)), REFIT_SHARE, job.task, seed)


def _call(job: Job, at: Workplace, learn: Any, watch: Any) -> _Ended:
    spec, order = _spec(job), at.order
    function = load(spec.function, job.directory)
    data, prepare = _data(job, order, learn, watch)
    params = arguments(spec.parameters, order.params, job.directory)
    trial = TrialContext(params, data, at)
    if order.key.fold == REFIT:
        trial.log("refit: all training rows")
    begun = perf_counter()
    returned = function(trial, job) if spec.function == TRAIN_MODULE else function(trial)
    return _Ended(trial, returned, prepare, perf_counter() - begun)


def prepares(job: Job) -> bool:
    """Whether the rows are prepared before the function sees them, with scikit-learn."""
    return tabular(job.rows.X) and job.spec.preprocess.kind is not PreprocessKind.NONE


def _data(job: Job, order: Order, learn: Any, watch: Any) -> tuple[TrialData | None, Any]:
    """The fold's rows, prepared if the config asks for it, and what prepared them."""
    rows = job.rows
    if rows.X is None:
        return None, None
    if not tabular(rows.X):
        return TrialData(learn, watch, dataset=rows.X), None
    X_train, X_valid = take(rows.X, learn), take(rows.X, watch)
    prepare = None
    if prepares(job):
        prepare = preprocessor(job, job.spec.preprocess, order.params, shared_seed(job))
    if prepare is not None:
        fit = Shared(job, learn, order.seed).cache(fit_transform)
        X_train, prepare = fit(prepare, X_train, take(rows.y, learn))
        X_valid = prepare.transform(X_valid)
    return (
        TrialData(
            learn,
            watch,
            X_train=X_train,
            y_train=take(rows.y, learn),
            X_valid=X_valid,
            y_valid=take(rows.y, watch),
            weights_train=take(rows.weights, learn),
            weights_valid=take(rows.weights, watch),
        ),
        prepare,
    )


def _found(ended: _Ended) -> dict[Any, Any]:
    """What was returned, over what was last reported."""
    last = ended.trial.curve[-1][1] if ended.trial.curve else {}
    returned = {} if ended.returned is None else ended.returned
    if not isinstance(returned, dict):
        raise InvalidMetric(
            "the training function must return a dict of metric names and numbers, "
            f"{described(returned)}"
        )
    return {**last, **returned}


def _required(job: Job, ended: _Ended) -> tuple[dict[str, float], str]:
    """All metrics as numbers, and what was left out. InvalidMetric when one that the config
    names is none."""
    found = _found(ended)
    asked = {}
    for metric in job.spec.scored:
        if metric.name not in found:
            there = sorted(filter(usable_name, found))
            more = f" and {len(there) - 20:,} more" if len(there) > 20 else ""
            raise InvalidMetric(
                f"metric {metric.name!r} is missing: the training function gave "
                f"{', '.join(map(named, there[:20])) or 'no metrics'}{more}. Return it, or report it"
            )
        asked[metric.name] = finite(metric.name, found.pop(metric.name))
    usable, left_out = _usable(found)
    return {**asked, **usable}, left_out


def _usable(found: dict[Any, Any]) -> tuple[dict[str, float], str]:
    """The first MOST that are numbers, and a line for the log that tells of the others."""
    usable: dict[str, float] = {}
    reasons: list[str] = []
    for name, value in found.items():
        try:
            number = finite(name, value)
        except InvalidMetric as reason:
            reasons.append(str(reason))
            continue
        if not usable_name(name):
            reasons.append(f"metric {named(name)} needs a printable name of ordinary length")
        elif len(usable) == MOST:
            reasons.append(f"metric {named(name)}: at most {MOST:,} are kept")
        else:
            usable[name] = number
    more = [f"and {len(reasons) - 20:,} more"] if len(reasons) > 20 else []
    return usable, "".join(f"left out: {reason}\n" for reason in (*reasons[:20], *more))


def _model(job: Job, ended: _Ended) -> Any:
    """What the trial saved, as a model that takes raw rows and has `predict`."""
    model, path = ended.trial.saved[-1], _spec(job).predict
    if path is None and not hasattr(model, "predict"):
        raise TypeError(
            f"the saved model ({type(model).__name__}) has no predict: give it one, or say "
            "`predict: module:function` in the config"
        )
    if path is None and ended.prepare is None:
        return model
    from sweeper.worker.transforms import Trained

    return Trained(model, ended.prepare, None if path is None else load(path, job.directory))


def _file(job: Job, ended: _Ended) -> dict[str, tuple[str, bytes]]:
    return {ROLE: (FILE, dump(_model(job, ended)))}


def _spec(job: Job) -> TrainSpec:
    assert job.spec.train is not None
    return job.spec.train
