"""The one look at the holdout: the saved model, two baselines and today's champion on it."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable
from typing import Any

import numpy as np

from sweeper.core.records import Success
from sweeper.ports import Job, Order, Rows, RunResult
from sweeper.worker import comparison, curves, models, plots, report
from sweeper.worker.evaluation import Evaluation, drawn, evaluate
from sweeper.worker.failures import failure, hiding
from sweeper.worker.replay import Replay
from sweeper.worker.report import Report
from sweeper.worker.resampling import Resampling
from sweeper.worker.rivals import Rival, beside, rival

Files = dict[str, tuple[str, bytes]]

TASKS = ("classification", "regression")


def run_holdout(job: Job, order: Order) -> RunResult:
    """Score `order.model` on `order.holdout`, each row predicted once.

    `outcome.scores` are the sweep's metrics that have a value there. `outcome.report` is
    plain JSON: counts, class labels and aggregates, no rows.

        task, metric, goal     the sweep's metric by the user's name for it
        recorded               names of all the sweep's metrics, `metric` first
        user_reported          those that cannot be computed here: the user's own word
        notes                  sentences for the reader

    and, if the truth is known,

        unit, units            what was resampled (rows, groups, blocks of time); how many
        resamples, confidence  of the intervals
        weighted               whether the metrics use sample weights
        predictions_sha256     of all the model's answers, to compare it with one made again
        metrics                {name: {value, low, high, note?}}, None where undefined
        baselines              {dummy, default}: {model, metrics} or {error}
        versus_champion        {metric, difference, low, high, better, unit, resamples} and what
                               `rivals.beside` adds, or {error}; a positive difference is for
                               the new model

    and of a classification

        positive               the class that binary metrics are of, None for several
        per_class              {label: {precision, recall, f1: as in metrics, support: rows}}
        confusion_matrix       {labels, counts}: counts[true][predicted], without weights

    Files by role: `holdout` (the report as JSON), `confusion_matrix` or `predicted_vs_true`, and
    `curves` of a classifier that gives scores.
    Raises what the model raises. A baseline or a champion that fails is reported instead, and
    so is the model of a `train:` function: its metrics are then all the user's own word.
    """
    assert order.model is not None
    assert order.holdout is not None
    model = models.load(order.model, job.directory)
    found, files = _look(job, order, order.holdout, model)
    files["holdout"] = ("holdout.json", json.dumps(found, indent=2, allow_nan=False).encode())
    return RunResult(Success(report.scores(found), seconds=0.0, report=found), files)


def _look(job: Job, order: Order, rows: Rows, model: Any) -> tuple[Report, Files]:
    if rows.y is None or job.task not in TASKS:
        return report.unchecked(job, "its target is not known (name it in `data.target`)"), {}
    draws = drawn(job, rows, order.seed)
    try:
        replay = Replay(model, rows.X, job.task)
        found = evaluate(job, replay, rows, draws)
    except Exception as error:
        if job.spec.train is None:
            raise
        return report.unchecked(job, _told(job, order, error)), {}
    whole = report.measured(job, found, draws) | {"predictions_sha256": replay.digest()}
    whole["baselines"] = _baselines(job, order, rows, draws)
    if order.champion is not None:
        content, mine = order.champion, Rival(model, replay, found, len(order.model or b""))
        whole["versus_champion"] = _or_error(
            job, order, lambda: beside(job, mine, rival(job, content, rows, draws), rows, draws)
        )
    return whole, _pictures(rows, replay, found)


def _pictures(rows: Rows, replay: Replay, found: Evaluation) -> Files:
    size = f"{len(replay.rows):,} holdout rows"
    if found.table is not None:
        title = f"Accuracy {found.values['accuracy']:.3f} on {size}"
        content = plots.confusion_matrix(found.labels, found.table, title)
        return {
            "confusion_matrix": ("confusion_matrix.png", content),
            **_curves(rows, replay, found),
        }
    r2 = found.values["r2"]
    fit = f", R² {r2:.3f}" if np.isfinite(r2) else ""
    title = f"RMSE {found.values['rmse']:.4g}{fit} on {size}"
    truth = np.asarray(rows.y, dtype=float)
    content = plots.predicted_vs_true(truth, replay.predict(replay.rows), title)
    return {"predicted_vs_true": ("predicted_vs_true.png", content)}


def _curves(rows: Rows, replay: Replay, found: Evaluation) -> Files:
    lines = curves.curves(replay, rows, found.labels)
    return {"curves": ("curves.png", plots.curves(lines))} if lines else {}


def _baselines(job: Job, order: Order, rows: Rows, draws: Resampling) -> Report:
    def measured(name: str, model: Any, X: Any) -> Report:
        return report.baseline(name, evaluate(job, Replay(model, X, job.task), rows, draws))

    blind = np.zeros((len(rows.y), 1))
    found = {"dummy": _or_error(job, order, lambda: measured(*comparison.dummy(job), blind))}
    if job.spec.model is not None:
        found["default"] = _or_error(
            job, order, lambda: measured(*comparison.default(job, order), rows.X)
        )
    return found


def _or_error(job: Job, order: Order, measure: Callable[[], Report]) -> Report:
    """What `measure` gives, or {error}: a rival that fails is news, not a failure of the run."""
    try:
        return measure()
    except Exception as error:
        return {"error": _told(job, order, error)}


def _told(job: Job, order: Order, error: Exception) -> str:
    """One line for the report; the traceback goes to the run's log."""
    traceback.print_exception(error)
    found = failure(error, job.directory, 0.0, hiding(job, order))
    return f"{found.error}: {found.message}"
