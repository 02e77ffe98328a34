"""One model on the holdout: every metric, on the rows as they are and on every resample."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from sweeper.core.space import Value
from sweeper.core.specs import Metric, MetricKind
from sweeper.ports import Job, Rows
from sweeper.worker import measures
from sweeper.worker.called import called, scoring
from sweeper.worker.coded import CodedClassifier
from sweeper.worker.measures import Measures, Ranking
from sweeper.worker.replay import Replay
from sweeper.worker.resampling import Resampling, resampling
from sweeper.worker.scoring import ordered_labels

Array = np.ndarray[Any, Any]
Measure = Callable[[Array], Measures]

# scikit-learn's scorer → the measure here that it is, and the sign of it
SAME: dict[str, tuple[str, int]] = {
    "matthews_corrcoef": ("mcc", 1),
    "roc_auc_ovr": ("roc_auc", 1),
    "neg_log_loss": ("log_loss", -1),
    "neg_root_mean_squared_error": ("rmse", -1),
    "neg_mean_absolute_error": ("mae", -1),
}


@dataclass(frozen=True, slots=True)
class Evaluation:
    """`replicates[m]` are metric m's values on the resamples, in order; NaN is undefined.

    For a classification `table` is the confusion table over `labels` in plain counts, and
    `class_values` and `class_replicates` hold precision, recall and F1, a row for a class.
    """

    values: dict[str, float]
    replicates: Measures
    notes: dict[str, str] = field(default_factory=dict)  # metric → why it has no value
    unchecked: tuple[str, ...] = ()  # metrics that only the user's own code can compute
    labels: tuple[Value, ...] = ()
    table: Array | None = None
    class_values: Measures = field(default_factory=dict)
    class_replicates: Measures = field(default_factory=dict)


def evaluate(job: Job, replay: Replay, rows: Rows, draws: Resampling) -> Evaluation:
    """Score a model's answers to `rows` by the standard metrics and the sweep's own.

    A sweep's metric goes by the user's name for it, and its value is what the scorer of the
    folds gives. ValueError when a prediction is none of the target's classes.
    """
    if job.task == "classification":
        job = replace(job, classes=all_labels(job, rows))
        return _with_own(_classification(job, replay, rows, draws), job, replay, rows, draws)
    truth, predicted = np.asarray(rows.y, dtype=float), replay.predict(replay.rows)
    plain = Evaluation(*_both(lambda w: measures.regression(truth, predicted, w), draws))
    return _with_own(plain, job, replay, rows, draws)


def drawn(job: Job, rows: Rows, seed: int) -> Resampling:
    """The resamples of these rows; fewer where a resample has many rankings to go through."""
    classes = len(all_labels(job, rows)) if job.task == "classification" else 1
    return resampling(rows, seed, classes if classes > 2 else 1)


def all_labels(job: Job, rows: Rows) -> tuple[Value, ...]:
    """The classes of training, the positive one last of two, then those of the holdout only."""
    known = ordered_labels(job)
    return (*known, *sorted(set(np.asarray(rows.y).tolist()) - set(known), key=str))


def _classification(job: Job, replay: Replay, rows: Rows, draws: Resampling) -> Evaluation:
    labels = job.classes
    answers = CodedClassifier(replay, replay.rows, labels)
    truth, predicted = answers.codes(rows.y), answers.predict(replay.rows)
    ranks = _rankings(answers, truth)
    losses = None
    if hasattr(answers, "predict_proba"):
        losses = measures.log_losses(truth, answers.predict_proba(replay.rows))

    def table(weights: Array) -> Array:
        return measures.confusion(truth, predicted, len(labels), weights)

    def measure(weights: Array) -> Measures:
        counts = table(weights)
        found = measures.from_confusion(counts)
        if len(labels) == 2:
            found |= {name: value[1] for name, value in measures.by_class(counts).items()}
        if ranks:
            areas = np.array([measures.curves(rank, weights) for rank in ranks]).mean(axis=0)
            found |= {"roc_auc": areas[0], "average_precision": areas[1]}
        if losses is not None:
            found["log_loss"] = measures.weighted_mean(losses, weights)
        return found

    whole = measures.by_class(table(draws.whole()))
    return Evaluation(
        *_both(measure, draws),
        labels=labels,
        table=table(np.ones((len(truth), 1)))[..., 0],
        class_values={name: value[:, 0] for name, value in whole.items()},
        class_replicates=_collect(lambda w: measures.by_class(table(w)), draws.draws()),
    )


def _rankings(answers: CodedClassifier, truth: Array) -> list[Ranking]:
    """One for the positive class of two, one for every class of more; none without scores.

    As scikit-learn does, two classes are ranked by the decision function if there is one,
    more by probabilities.
    """
    scores = {
        name: getattr(answers, name)(answers.X)
        for name in ("decision_function", "predict_proba")
        if hasattr(answers, name)
    }
    if not scores:
        return []
    if len(answers.labels) == 2:
        first = next(iter(scores.values()))
        return [measures.ranking(first if first.ndim == 1 else first[:, 1], truth == 1)]
    matrix = list(scores.values())[-1]
    if matrix.ndim == 1:  # a model of two classes where there are more
        return []
    return [measures.ranking(matrix[:, k], truth == k) for k in range(len(answers.labels))]


def _both(measure: Measure, draws: Resampling) -> tuple[dict[str, float], Measures]:
    whole = {name: float(value[0]) for name, value in measure(draws.whole()).items()}
    return whole, _collect(measure, draws.draws())


def _collect(measure: Measure, draws: Iterable[Array]) -> Measures:
    chunks = [measure(weights) for weights in draws]
    return {name: np.concatenate([c[name] for c in chunks], axis=-1) for name in chunks[0]}


def _with_own(
    plain: Evaluation, job: Job, replay: Replay, rows: Rows, draws: Resampling
) -> Evaluation:
    """Add the sweep's own metrics, which win over a standard one of the same name."""
    values, replicates = dict(plain.values), dict(plain.replicates)
    notes: dict[str, str] = {}
    unchecked = []
    for metric in job.spec.scored:
        known = _known(metric, plain)
        if metric.kind is not MetricKind.REPORTED:
            score = scoring(job, metric, replay, rows)
            value, notes[metric.name] = score(replay.rows)
            if known is None or not _equal(known[0], value):
                known = value, called(score, draws)
        if known is None:
            unchecked.append(metric.name)
        else:
            values[metric.name], replicates[metric.name] = known
    return replace(
        plain,
        values=values,
        replicates=replicates,
        notes={name: note for name, note in notes.items() if note},
        unchecked=tuple(unchecked),
    )


def _known(metric: Metric, plain: Evaluation) -> tuple[float, Array] | None:
    """Value and replicates of the measure that this metric is, with the user's sign."""
    name = metric.name if metric.kind is MetricKind.REPORTED else metric.scorer
    measure, sign = SAME.get(name, (name, 1))
    if measure not in plain.values:
        return None
    sign *= metric.sign
    return sign * plain.values[measure], sign * plain.replicates[measure]


def _equal(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12)
