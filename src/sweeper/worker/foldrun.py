"""One order from beginning to end, with everything around it that user code needs kept in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import perf_counter

from sweeper.core.records import HOLDOUT, REFIT
from sweeper.ports import TRACE, Channel, Job, Order, RunResult
from sweeper.worker.capture import captured
from sweeper.worker.context import Workplace
from sweeper.worker.devices import left_behind
from sweeper.worker.failures import failure, hiding, story
from sweeper.worker.freed import keep_freed
from sweeper.worker.group import joined, make_way
from sweeper.worker.imports import import_named
from sweeper.worker.meter import Meter
from sweeper.worker.seeds import seed_all
from sweeper.worker.threads import limited
from sweeper.worker.undone import undone
from sweeper.worker.variables import environment, torchrun
from sweeper.worker.warned import collected_warnings

_Act = Callable[[Job, Workplace], RunResult]


def perform(job: Job, order: Order, channel: Channel, capture: bool) -> RunResult:
    """`sweeper.worker.run`, once its libraries are imported."""
    act = _act(job, order)
    begun, meter, hide = perf_counter(), Meter(), hiding(job, order)
    with captured(capture, channel.log) as written, collected_warnings() as warned:
        try:
            seed_all(order.seed)
            with environment(torchrun(order.rank), stay=capture):
                result = _prepared(act, job, order, channel, own=capture)
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


def _prepared(act: _Act, job: Job, order: Order, channel: Channel, own: bool) -> RunResult:
    """The run, once what it needs is imported and all ranks of its gang have met. `own`: this
    process is there for runs only."""
    gpus = job.spec.resources.gpus
    if own:
        keep_freed()
    if order.rank is not None:
        make_way()
    import_named(job, order)
    with limited(_cpus(job, order), stay=own), undone(), joined(order.rank, gpus) as gang:
        seed_all(order.seed)
        return act(job, Workplace(order, gang, channel, gpus))


def _cpus(job: Job, order: Order) -> float:
    """Of this run: a candidate may take the sweep's several times; the look at the holdout
    does not."""
    own = job.spec.resources.cpus
    return own if order.key.fold == HOLDOUT else own * job.spec.places(order.params)


def _act(job: Job, order: Order) -> _Act:
    """What does such an order. What a fold imports is imported here, and no other kind's: a
    training function pays for no scikit-learn, whose import takes longer than many a fold."""
    if order.key.fold == HOLDOUT:
        return _holdout
    refit = order.key.fold == REFIT
    if job.spec.train is not None:
        from sweeper.worker import train

        if train.prepares(job):
            import sweeper.worker.transforms  # noqa: F401
        return train.train_refit if refit else train.train_fold
    from sweeper.worker import estimators

    return estimators.fit_refit if refit else estimators.fit_fold


def _holdout(job: Job, at: Workplace) -> RunResult:
    from sweeper.worker.holdout import run_holdout

    return run_holdout(job, at.order)


def _line(text: str) -> str:
    return text if not text or text.endswith("\n") else text + "\n"
