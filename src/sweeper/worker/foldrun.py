"""One order from beginning to end, with everything around it that user code needs kept in."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np

from sweeper.core.records import HOLDOUT, REFIT, Success
from sweeper.ports import TRACE, Channel, Job, Order, RunResult
from sweeper.worker.capture import captured
from sweeper.worker.context import Workplace
from sweeper.worker.costs import costs
from sweeper.worker.devices import left_behind
from sweeper.worker.failures import failure, hiding, story
from sweeper.worker.fit import fit_candidate
from sweeper.worker.group import joined, make_way
from sweeper.worker.imports import import_named
from sweeper.worker.meter import Meter
from sweeper.worker.models import FILE, ROLE, dump, storable
from sweeper.worker.rows import take
from sweeper.worker.scoring import Scorers
from sweeper.worker.seeds import seed_all
from sweeper.worker.threads import limited
from sweeper.worker.train import train_fold, train_refit
from sweeper.worker.undone import undone
from sweeper.worker.variables import environment, torchrun
from sweeper.worker.warned import collected_warnings

KNOWN = {"sklearn", "sweeper", "xgboost", "lightgbm"}
"""Packages whose models can be stored, which then need not be tried."""


def perform(job: Job, order: Order, channel: Channel, capture: bool) -> RunResult:
    """`sweeper.worker.run`, once its libraries are imported."""
    begun, meter, hide = perf_counter(), Meter(), hiding(job, order)
    with captured(capture, channel.log) as written, collected_warnings() as warned:
        try:
            seed_all(order.seed)
            with environment(torchrun(order.rank), stay=capture):
                result = _prepared(job, order, channel, own=capture)
            told = result.log
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt) and not capture:
                raise
            result = RunResult(failure(error, job.directory, perf_counter() - begun, hide))
            told = f"{TRACE}\n{story(error, job.directory)}"
    log = "".join(_line(text) for text in (written(), *warned, told))
    dirty = left_behind() if order.rank is not None else ""
    outcome = replace(result.outcome, seconds=perf_counter() - begun, usage=meter.read())
    return replace(result, outcome=outcome, log=hide(log), dirty=dirty)


def _prepared(job: Job, order: Order, channel: Channel, own: bool) -> RunResult:
    """The run, once what it needs is imported and all ranks of its gang have met. `own`: this
    process is there for runs only."""
    gpus = job.spec.resources.gpus
    if order.rank is not None:
        make_way()
    import_named(job, order)
    with limited(_cpus(job, order), stay=own), undone(), joined(order.rank, gpus) as gang:
        return _done(job, Workplace(order, gang, channel, gpus))


def _cpus(job: Job, order: Order) -> float:
    """Of this run: a candidate may take the sweep's several times; the look at the holdout
    does not."""
    own = job.spec.resources.cpus
    return own if order.key.fold == HOLDOUT else own * job.spec.places(order.params)


def _done(job: Job, at: Workplace) -> RunResult:
    order = at.order
    seed_all(order.seed)
    if order.key.fold == HOLDOUT:
        from sweeper.worker.holdout import run_holdout

        return run_holdout(job, order)
    if job.spec.train is not None:
        act = train_refit if order.key.fold == REFIT else train_fold
        return act(job, at)
    return _refit(job, order) if order.key.fold == REFIT else _fold(job, order)


def _fold(job: Job, order: Order) -> RunResult:
    train, valid = job.splits.folds[order.key.fold]
    rows = job.rows
    scorers = Scorers(job)
    fitted = fit_candidate(job, order.params, order.seed, train)
    model = fitted.pipeline
    X = take(rows.X, valid)
    scores = scorers.score(model, X, take(rows.y, valid), take(rows.weights, valid))
    scores |= costs(job, lambda: model, X, fitted.seconds)
    if not job.spec.refit:
        return RunResult(Success(scores, seconds=0.0), files={ROLE: (FILE, dump(model))})
    if order.key.fold == 0 and _own(model):
        storable(model)  # else the refit, when all is done, would be the first to know
    return RunResult(Success(scores=scores, seconds=0.0))


def _own(pipeline: Any) -> bool:
    """Some step is of the user's making; what scikit-learn itself makes can be stored."""
    return any(type(step).__module__.partition(".")[0] not in KNOWN for _, step in pipeline.steps)


def _refit(job: Job, order: Order) -> RunResult:
    assert job.spec.model is not None
    count = len(job.rows.y)
    model = fit_candidate(job, order.params, order.seed, np.arange(count)).pipeline
    candidate = job.spec.model.candidate(order.params)
    report = {"candidate": candidate.name, "rows": count}
    return RunResult(
        Success(scores={}, seconds=0.0, report=report), files={ROLE: (FILE, dump(model))}
    )


def _line(text: str) -> str:
    return text if not text or text.endswith("\n") else text + "\n"
