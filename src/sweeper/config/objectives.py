"""`metric:` as a list: several objectives, and what `register:` says of the point that wins."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sweeper.config.cursor import Cursor
from sweeper.config.metrics import read_metric
from sweeper.config.problems import did_you_mean, listed, short
from sweeper.config.tree import Table
from sweeper.core.specs import Metric, MetricKind

ONLY_SEVERAL = "is for several objectives, and `metric` is one; leave it out"


def read_objectives(at: Cursor, reported: bool) -> tuple[Metric, ...]:
    """At least two, none twice. `reported` as in `read_metric`."""
    found: list[Metric] = []
    for item in at.items("metrics, as [accuracy, predict_ms]"):
        metric = read_metric(item, reported)
        if metric.target is not None:
            item.problem("`target` ends the search for one metric; leave it out of a list")
        if metric.name and metric.name in _names(found):
            item.problem(f"`{short(metric.name)}` stands twice; expected each objective once")
        else:
            found.append(metric)
    if found and not judges(found):
        at.problem("all of these are costs; expected one that judges the model too, as accuracy")
    if len(at.children()) == 1 and found:
        at.problem(f"found a list of one; expected several, or `metric: {found[0].name}`")
    return tuple(found)


def read_best(at: Cursor, objectives: Sequence[Metric]) -> str:
    """The objective that picks the winner among the points that no other beats: no cost, for
    of those the cheapest would win, however bad."""
    if not objectives:
        at.problem(f"`best` {ONLY_SEVERAL}")
        return ""
    return at.one_of(_names(judges(objectives)), "")


def read_within(at: Cursor, objectives: Sequence[Metric]) -> tuple[tuple[str, float], ...]:
    """How good the winner must be in these objectives at least."""
    if not objectives:
        at.problem(f"`within` {ONLY_SEVERAL}")
        return ()
    names = _names(objectives)
    if not isinstance(at.tree, Table):
        at.wrong(f"limits by objective, as {{{names[-1]}: 5}}")
        return ()
    limits = []
    for name, child in at.children():
        if name not in names:
            child.problem(
                f"`{short(name)}` is no objective; expected one of {listed(names)}"
                f"{did_you_mean(name, names)}"
            )
        limits.append((name, float(child.number())))
    return tuple(limits)


def judges(objectives: Iterable[Metric]) -> list[Metric]:
    """Those that say how good a model is, and not what it costs."""
    return [metric for metric in objectives if metric.kind is not MetricKind.MEASURED]


def _names(metrics: Iterable[Metric]) -> list[str]:
    return [metric.name for metric in metrics]
