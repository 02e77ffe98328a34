"""Metrics: names people use, scikit-learn's scorers, the user's own, what user code reports."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sweeper.config.cursor import Cursor
from sweeper.config.imports import NotFound, find
from sweeper.config.problems import did_you_mean, listed, short
from sweeper.config.scorers import NAMES
from sweeper.core.specs import Goal, Metric, MetricKind

# Scorers of scikit-learn say larger is better; errors keep their sign for people.
_ERRORS = {
    "rmse": "neg_root_mean_squared_error",
    "mse": "neg_mean_squared_error",
    "mae": "neg_mean_absolute_error",
    "mape": "neg_mean_absolute_percentage_error",
    "rmsle": "neg_root_mean_squared_log_error",
    "msle": "neg_mean_squared_log_error",
    "medae": "neg_median_absolute_error",
    "log_loss": "neg_log_loss",
    "logloss": "neg_log_loss",
    "brier": "neg_brier_score",
}
_SCORES = {
    "auc": "roc_auc",
    "ap": "average_precision",
    "pr_auc": "average_precision",
    "mcc": "matthews_corrcoef",
    "acc": "accuracy",
    "f1_score": "f1",
    "r2_score": "r2",
}
_FUNCTIONS = {
    "qwk": "sweeper.config.kappa:quadratic_weighted_kappa",
    "kappa": "sweeper.config.kappa:kappa",
}

MEASURED = ("fit_seconds", "predict_ms", "model_bytes")
"""What a fold run costs. They mean the same for every model and training function."""

REGRESSION = re.compile(
    r"r2|explained_variance|d2_absolute_error_score|max_error|neg_max_error"
    r"|neg_(root_)?mean_.*|neg_median_absolute_error"
)
"""Scorers of a regression; all others are of a classification, or of both."""

_UNSUITED = re.compile(r".*_samples|.*rand_score|.*mutual_info_score|.*_measure_score"
                       r"|completeness_score|homogeneity_score|fowlkes_mallows_score")  # fmt: skip
_PROBABILITIES = re.compile(r"neg_log_loss|neg_brier_score|d2_log_loss_score|d2_brier_score"
                            r"|roc_auc_ov[ro](_weighted)?")  # fmt: skip
_SMALLER = re.compile(
    r"(^|[_./ -])(loss|error|err|nll|perplexity|ppl|deviance|mse|rmse|mae|mape|cost|regret)($|[_./ -])"
)
_REPORTED_NAME = re.compile(r"[A-Za-z_][\w./ -]{0,199}")
_PREFIX = re.compile(r"^(valid|validation|val|test|dev|eval)[_./]")


@dataclass(frozen=True, slots=True)
class Known:
    """How a metric's name is understood: `value = sign × scorer`."""

    scorer: str
    goal: Goal
    sign: int
    kind: MetricKind = MetricKind.SCORER


def read_metric(at: Cursor, reported: bool) -> Metric:
    """A name, or `{name, goal, target}`. `reported`: a key of what user code returns."""
    keys = at.fields(("name", "goal", "target"), ("name",)) if at.children() else {"name": at}
    if "name" not in keys:
        return Metric("", Goal.MAXIMIZE)
    goal = _goal(keys["goal"]) if "goal" in keys else None
    metric = _named(keys["name"], goal, reported)
    if "goal" in keys and metric.name:
        _check_goal(keys["goal"], metric, goal)
    if "target" in keys:
        metric = replace(metric, target=float(keys["target"].number()))
    return metric


def read_metrics(at: Cursor, reported: bool, searched: Sequence[Metric]) -> tuple[Metric, ...]:
    """The metrics recorded beside those that are `searched` by, each once."""
    found: list[Metric] = []
    for item in at.items("metrics"):
        metric = read_metric(item, reported)
        if metric.name in [m.name for m in (*searched, *found)]:
            item.warn(f"`{short(metric.name)}` is recorded already; leave it out here")
        else:
            found.append(metric)
    return tuple(found)


def _goal(at: Cursor) -> Goal | None:
    goals = [str(g) for g in Goal]
    word = at.one_of(goals, "")
    return Goal(word) if word else None


def _check_goal(at: Cursor, metric: Metric, goal: Goal | None) -> None:
    """Notes a goal that contradicts what the metric is known to be."""
    if goal is None or metric.goal is goal:
        return
    better = "larger" if metric.goal is Goal.MAXIMIZE else "smaller"
    at.problem(
        f"found {goal}, but of `{metric.name}` the {better} is the better; "
        f"expected {metric.goal}, or leave the goal out"
    )


def _named(at: Cursor, goal: Goal | None, reported: bool) -> Metric:
    name = at.text("the name of a metric, as accuracy, roc_auc or rmse")
    if not name:
        return Metric("", Goal.MAXIMIZE)
    if name in MEASURED:
        return Metric(name, Goal.MINIMIZE, MetricKind.MEASURED)
    if reported:
        return _reported(at, name, goal)
    if ":" in name:
        return _own(at, name, goal)
    known = understood(name)
    if known is None:
        _unknown(at, name)
        return Metric(name, goal or Goal.MAXIMIZE)
    return Metric(name, known.goal, known.kind, known.scorer, known.sign)


def _own(at: Cursor, name: str, goal: Goal | None) -> Metric:
    if goal is None:
        at.problem(
            f"of the metric `{short(name)}` it is not known whether larger is better; "
            f"expected {{name: {short(name)}, goal: minimize}} or goal: maximize"
        )
    check_function(at, name, 2, "a metric, module:function(y_true, y_pred)")
    return Metric(name, goal or Goal.MAXIMIZE, MetricKind.FUNCTION, name)


def _reported(at: Cursor, name: str, goal: Goal | None) -> Metric:
    """A key of what the training function returns; a known name also gives a scorer."""
    if not _REPORTED_NAME.fullmatch(name):
        at.wrong("the name of a key that the training function returns")
    known = understood(name) or understood(_PREFIX.sub("", name))
    if known is not None and known.kind is MetricKind.SCORER:
        return Metric(name, known.goal, MetricKind.REPORTED, known.scorer, known.sign)
    inferred = known.goal if known else Goal.MINIMIZE if _SMALLER.search(name.lower()) else None
    if goal is None and inferred is None:
        at.problem(
            f"of `{short(name)}` it is not known whether larger is better; "
            f"expected {{name: {short(name)}, goal: maximize}} or goal: minimize"
        )
    return Metric(name, goal or inferred or Goal.MAXIMIZE, MetricKind.REPORTED)


def _unknown(at: Cursor, name: str) -> None:
    options = [*friendly_names(), *MEASURED, *scorer_names()]
    hint = did_you_mean(name, options)
    if _UNSUITED.fullmatch(name) and name in NAMES:
        at.problem(f"`{name}` is for clusters or several labels; expected a metric of one label")
        return
    at.problem(
        f"unknown metric `{short(name)}`; expected a scikit-learn scorer, one of "
        f"{listed([*friendly_names(), *MEASURED], 20)}, or your own module:function{hint}"
    )


def understood(name: str) -> Known | None:
    """What a metric's name means, None when it means nothing to scikit-learn."""
    if name in _ERRORS:
        return Known(_ERRORS[name], Goal.MINIMIZE, -1)
    if name in _FUNCTIONS:
        return Known(_FUNCTIONS[name], Goal.MAXIMIZE, 1, MetricKind.FUNCTION)
    scorer = _SCORES.get(name, name)
    if scorer in scorer_names():
        return Known(scorer, Goal.MAXIMIZE, 1)
    if f"neg_{name}" in scorer_names():
        return Known(f"neg_{name}", Goal.MINIMIZE, -1)
    return None


def friendly_names() -> list[str]:
    return [*_ERRORS, *_SCORES, *_FUNCTIONS]


def scorer_names() -> list[str]:
    """Scorers that suit one label a row."""
    return sorted(n for n in NAMES if not _UNSUITED.fullmatch(n))


def task_of(metric: Metric) -> str | None:
    """The task that a scorer is of; None when the metric is not a scorer."""
    if metric.kind is MetricKind.FUNCTION or not metric.scorer:
        return None
    return "regression" if REGRESSION.fullmatch(metric.scorer) else "classification"


def needs_probabilities(metric: Metric) -> bool:
    """True when a model without `predict_proba` cannot be scored by it."""
    return metric.kind is MetricKind.SCORER and bool(_PROBABILITIES.fullmatch(metric.scorer))


def check_function(at: Cursor, path: str, arguments: int, expected: str) -> None:
    """Notes a problem unless `path` is a function that can be called with so many arguments."""
    if ":" not in path:
        at.problem(f"found `{short(path)}`; expected {expected}")
        return
    try:
        function = find(path)
    except NotFound as error:
        at.problem(f"{error}; expected {expected}")
        return
    if not callable(function):
        at.problem(f"`{short(path)}` is not a function; expected {expected}")
        return
    try:
        inspect.signature(function).bind(*range(arguments))
    except TypeError:
        plural = "argument" if arguments == 1 else "arguments"
        at.problem(
            f"`{short(path)}` cannot be called with {arguments} {plural}; expected {expected}"
        )
    except ValueError:
        return  # written in C, without a signature: nothing can be said before the call
