"""Scores of a fitted model: the sweep's metric and those recorded beside it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np

from sweeper.core.specs import Metric, MetricKind
from sweeper.ports import Job
from sweeper.worker.coded import CodedClassifier, KnownRegressor
from sweeper.worker.modules import load
from sweeper.worker.values import finite

LABELLED: dict[str, tuple[str, dict[str, Any]]] = {
    "neg_log_loss": ("log_loss", {"greater_is_better": False}),
    "roc_auc_ovr": ("roc_auc_score", {"multi_class": "ovr"}),
    "roc_auc_ovo": ("roc_auc_score", {"multi_class": "ovo"}),
    "roc_auc_ovr_weighted": ("roc_auc_score", {"multi_class": "ovr", "average": "weighted"}),
    "roc_auc_ovo_weighted": ("roc_auc_score", {"multi_class": "ovo", "average": "weighted"}),
    "top_k_accuracy": (
        "top_k_accuracy_score",
        {"response_method": ("decision_function", "predict_proba")},
    ),
}
"""Scorers that must be told all classes, else a class missing from a fold breaks them."""


class Unscorable(Exception):
    """A metric asks the model for something that it cannot give."""


class Scorers:
    """The job's metrics, ready to score any number of models.

    `metrics` None: the sweep's own and those recorded beside it.
    """

    def __init__(self, job: Job, metrics: Iterable[Metric] | None = None) -> None:
        self._task = job.task
        self._labels = ordered_labels(job)
        self._metrics = job.spec.scored if metrics is None else tuple(metrics)
        self._functions = {
            m.name: load(m.scorer, job.directory)
            for m in self._metrics
            if m.kind is MetricKind.FUNCTION
        }

    def score(self, model: Any, X: Any, y: Any, weights: Any = None) -> dict[str, float]:
        """Metric name → reported value, predictions being made once.

        InvalidMetric when a value is not a finite number, Unscorable when the model lacks
        what a metric needs; whatever the model or the user's own metric raises passes through.
        """
        answers, truth = self._asked(model, X, y)
        found = self._by_scorers(answers, truth, weights)
        for metric in self._metrics:
            if metric.kind is MetricKind.FUNCTION:
                found[metric.name] = self._functions[metric.name](y, answers.values)
        return {m.name: m.sign * finite(m.name, found[m.name]) for m in self._metrics}

    def _asked(self, model: Any, X: Any, y: Any) -> tuple[Any, Any]:
        if self._task != "classification":
            return KnownRegressor(model, X), y
        answers = CodedClassifier(model, X, self._labels)
        return answers, answers.codes(y)

    def _by_scorers(self, answers: Any, truth: Any, weights: Any) -> dict[str, Any]:
        named = [(m.name, m.scorer) for m in self._metrics if m.kind is MetricKind.SCORER]
        if not named:
            return {}
        extra = {} if weights is None else {"sample_weight": weights}
        try:
            score = _together(tuple(named), len(self._labels))
            return dict(score(answers, answers.X, truth, **extra))
        except AttributeError as error:
            names = [name for name, _ in named]
            raise _without_probabilities(answers.model, names, error) from error


def ordered_labels(job: Job) -> tuple[Any, ...]:
    """The classes in order, the positive one last of two: code 1 is then the positive class."""
    if len(job.classes) != 2 or job.positive is None:
        return job.classes
    return tuple(sorted(job.classes, key=lambda label: bool(label == job.positive)))


@lru_cache(maxsize=10)
def _together(named: tuple[tuple[str, str], ...], classes: int) -> Any:
    """One scorer of all of them, each a metric's name and its scorer's: checking them takes as long
    as predicting with a small model."""
    from sklearn.metrics import check_scoring

    return check_scoring(None, {name: _scorer(scorer, classes) for name, scorer in named})


def _scorer(name: str, classes: int) -> Any:
    import sklearn.metrics as metrics

    if name not in LABELLED:
        return metrics.get_scorer(name)
    function, options = LABELLED[name]
    return metrics.make_scorer(
        getattr(metrics, function),
        labels=np.arange(classes),
        **{"response_method": "predict_proba", **options},
    )


def _without_probabilities(model: Any, metrics: list[str], error: Exception) -> Exception:
    if hasattr(model, "predict_proba"):
        return error
    last = model[-1] if hasattr(model, "steps") else model
    return Unscorable(
        f"one of the metrics {', '.join(metrics)} needs predict_proba, which "
        f"{type(last).__name__} does not have: choose another metric or estimator"
    )
