"""Running a user's training function on one fold, or for the refit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sweeper.core.records import REFIT, Success
from sweeper.core.specs import PreprocessKind, TrainSpec
from sweeper.ports import Channel, Job, Order, RunResult
from sweeper.worker.aside import set_aside
from sweeper.worker.context import TrialContext, TrialData
from sweeper.worker.models import FILE, ROLE, dump
from sweeper.worker.modules import load
from sweeper.worker.preprocess import preprocessor
from sweeper.worker.rows import tabular, take
from sweeper.worker.seeds import seed_all
from sweeper.worker.tree import arguments
from sweeper.worker.values import InvalidMetric, finite

REFIT_SHARE = 0.2
"""Share of the training rows that the refit's call sees as validation."""


class NothingSaved(Exception):
    """The refit ended without a model."""


@dataclass(frozen=True, slots=True)
class _Ended:
    """A finished call: what it was given, what it returned, what prepared its rows."""

    trial: TrialContext
    returned: Any
    prepare: Any


def train_fold(job: Job, order: Order, channel: Channel) -> RunResult:
    """Scores: the metrics returned, and of the last report what was not returned."""
    fold = ((), ()) if job.rows.X is None else job.splits.folds[order.key.fold]
    ended = _call(job, order, channel, *fold)
    scores = _required(job, ended)
    keep = not job.spec.refit and ended.trial.saved
    return RunResult(
        Success(scores=scores, seconds=0.0, curve=tuple(ended.trial.curve)),
        files=_file(job, ended) if keep else {},
    )


def train_refit(job: Job, order: Order, channel: Channel) -> RunResult:
    """One call with all training rows, a part of them as validation, leaves the model."""
    learn, watch = _refit_rows(job, order.seed)
    ended = _call(job, order, channel, learn, watch)
    if not ended.trial.saved:
        raise NothingSaved(
            f"{_spec(job).function} returned from the refit without trial.save(model): there "
            "is nothing to register. Save the model at the end of the function"
        )
    report = {"rows": len(learn) + len(watch), "user_reported": _usable(_found(ended))}
    success = Success(scores={}, seconds=0.0, curve=tuple(ended.trial.curve), report=report)
    return RunResult(success, files=_file(job, ended))


def _refit_rows(job: Job, seed: int) -> tuple[Any, Any]:
    rows = job.rows
    if rows.X is None:
        return (), ()
    return set_aside(rows, np.arange(len(rows.X)), REFIT_SHARE, job.task, seed)


def _call(job: Job, order: Order, channel: Channel, learn: Any, watch: Any) -> _Ended:
    spec = _spec(job)
    function = load(spec.function, job.directory)
    seed_all(order.seed)
    data, prepare = _data(job, order, learn, watch)
    params = arguments(spec.parameters, order.params, job.directory)
    trial = TrialContext(params, data, order.seed, channel)
    if order.key.fold == REFIT:
        trial.log("refit: all training rows")
    return _Ended(trial, function(trial), prepare)


def _data(job: Job, order: Order, learn: Any, watch: Any) -> tuple[TrialData | None, Any]:
    """The fold's rows, prepared if the config asks for it, and what prepared them."""
    rows = job.rows
    if rows.X is None:
        return None, None
    if not tabular(rows.X):
        return TrialData(learn, watch, dataset=rows.X), None
    X_train, X_valid = take(rows.X, learn), take(rows.X, watch)
    prepare = None
    if job.spec.preprocess.kind is not PreprocessKind.NONE:
        prepare = preprocessor(job, job.spec.preprocess, order.params, order.seed)
    if prepare is not None:
        X_train = prepare.fit_transform(X_train, take(rows.y, learn))
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


def _found(ended: _Ended) -> dict[str, Any]:
    """What was returned, over what was last reported."""
    last = ended.trial.curve[-1][1] if ended.trial.curve else {}
    returned = {} if ended.returned is None else ended.returned
    if not isinstance(returned, dict) or not all(isinstance(name, str) for name in returned):
        raise InvalidMetric(
            "the training function must return a dict of metric names and numbers, found a "
            f"{type(returned).__name__}"
        )
    return {**last, **returned}


def _required(job: Job, ended: _Ended) -> dict[str, float]:
    """All metrics as numbers. InvalidMetric when one that the config names is none."""
    found = _found(ended)
    for metric in (job.spec.metric, *job.spec.metrics):
        if metric.name not in found:
            raise InvalidMetric(
                f"metric {metric.name!r} is missing: the training function gave "
                f"{', '.join(sorted(found)) or 'no metrics'}. Return it, or report it"
            )
        finite(metric.name, found[metric.name])
    return _usable(found)


def _usable(found: dict[str, Any]) -> dict[str, float]:
    """Those that are numbers; the others are named in the log and left out."""
    usable = {}
    for name, value in found.items():
        try:
            usable[name] = finite(name, value)
        except InvalidMetric as reason:
            print(f"left out: {reason}")
    return usable


def _file(job: Job, ended: _Ended) -> dict[str, tuple[str, bytes]]:
    model, path = ended.trial.saved[-1], _spec(job).predict
    if path is None and not hasattr(model, "predict"):
        raise TypeError(
            f"the saved model ({type(model).__name__}) has no predict: give it one, or say "
            "`predict: module:function` in the config"
        )
    if path is not None or ended.prepare is not None:
        from sweeper.worker.transforms import Trained

        function = None if path is None else load(path, job.directory)
        model = Trained(model, ended.prepare, function)
    return {ROLE: (FILE, dump(model))}


def _spec(job: Job) -> TrainSpec:
    assert job.spec.train is not None
    return job.spec.train
