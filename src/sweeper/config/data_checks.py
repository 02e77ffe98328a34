"""What can only be said once the data is there: does the config fit it?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from sweeper.config.loaded import Loaded
from sweeper.config.metrics import task_of
from sweeper.config.problems import did_you_mean, listed, short
from sweeper.core.specs import Metric, MetricKind, Preprocess, SweepSpec
from sweeper.ports import Dataset, Problem

_BINARY = {
    "f1": "f1_macro",
    "precision": "precision_macro",
    "recall": "recall_macro",
    "jaccard": "jaccard_macro",
    "roc_auc": "roc_auc_ovr",
    "positive_likelihood_ratio": "balanced_accuracy",
    "neg_negative_likelihood_ratio": "balanced_accuracy",
}
"""Scorers for two classes, and what to take for more."""

_OF_ONE_CLASS = re.compile(
    r"f1|precision|recall|jaccard|average_precision|neg_brier_score|d2_brier_score"
    r"|positive_likelihood_ratio|neg_negative_likelihood_ratio"
)
"""Scorers whose value depends on which of two classes is the positive one."""


def check_data(loaded: Loaded, dataset: Dataset) -> tuple[str, ...]:
    """Problems of a config with its data, located; empty when they fit, or without a spec.

    Columns' roles, the positive class and the number of folds are checked where the data is
    read and split.
    """
    if loaded.spec is None:
        return ()
    problems = [
        *_task(loaded, dataset),
        *_metrics(loaded.spec, dataset),
        *_columns(loaded.spec, dataset),
    ]
    return tuple(loaded.locate(problem) for problem in problems)


def _task(loaded: Loaded, dataset: Dataset) -> Iterator[Problem]:
    if loaded.spec is None or loaded.spec.model is None:
        return
    if dataset.task == "none":
        yield Problem("data.target", "a model needs a target; expected `data.target: COLUMN`")
    elif loaded.task is not None and loaded.task != dataset.task:
        yield Problem(
            "data.target",
            f"makes this a {dataset.task}, but the model or the metric is for {loaded.task}",
        )


def _metrics(spec: SweepSpec, dataset: Dataset) -> Iterator[Problem]:
    yield from _metric("metric", spec.metric, dataset)
    for i, metric in enumerate(spec.metrics):
        yield from _metric(f"metrics.{i}", metric, dataset)


def _metric(path: str, metric: Metric, dataset: Dataset) -> Iterator[Problem]:
    if metric.kind is not MetricKind.SCORER or dataset.task == "none":
        return
    name, classes = short(metric.name), len(dataset.classes)
    task = task_of(metric)
    if task != dataset.task:
        example = "accuracy or roc_auc" if dataset.task == "classification" else "rmse or r2"
        yield Problem(
            path, f"`{name}` is for {task}, the target is for {dataset.task}; expected {example}"
        )
    elif classes > 2 and metric.scorer in _BINARY:
        better = _BINARY[metric.scorer]
        yield Problem(
            path, f"`{name}` is for 2 classes, the target has {classes}; expected `{better}`"
        )
    elif classes == 2 and dataset.positive is None and _OF_ONE_CLASS.fullmatch(metric.scorer):
        labels = " or ".join(repr(label) for label in dataset.classes)
        yield Problem(
            path, f"`{name}` wants to know the positive class; expected `data.positive:` {labels}"
        )


def _columns(spec: SweepSpec, dataset: Dataset) -> Iterator[Problem]:
    """Columns that preprocessing names and the data has not, as features."""
    names = [column.name for column in dataset.columns]
    yield from _blocks("preprocess", spec.preprocess, names)
    for candidate in spec.model.candidates if spec.model else ():
        if candidate.preprocess is not None:
            single = spec.model is not None and spec.model.dimension is None
            key = "model" if single else f"model.choose.{candidate.name}"
            yield from _blocks(f"{key}.preprocess", candidate.preprocess, names)


def _blocks(path: str, preprocess: Preprocess, names: Iterable[str]) -> Iterator[Problem]:
    names = list(names)
    for i, block in enumerate(preprocess.blocks):
        for column in block.columns:
            if column not in names:
                yield Problem(
                    f"{path}.{i}.columns",
                    f"no feature is called `{short(column)}`; "
                    f"expected some of {listed(names)}{did_you_mean(column, names)}",
                )
