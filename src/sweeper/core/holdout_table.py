"""The holdout's report as a table of text, for any reader that can print one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Report = Mapping[str, Any]

STANDARD = (
    "accuracy",
    "balanced_accuracy",
    "precision",
    "recall",
    "f1",
    "precision_macro",
    "recall_macro",
    "f1_macro",
    "roc_auc",
    "average_precision",
    "mcc",
    "log_loss",
    "rmse",
    "mae",
    "r2",
)
"""The order in which metrics that are not the sweep's own are shown."""

ABSENT = "–"


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """One metric of the report. `own`: the sweep's metric, or one recorded beside it."""

    metric: str
    value: str
    interval: str
    dummy: str
    default: str
    own: bool = False


def summary_rows(report: Report) -> list[SummaryRow]:
    """A row for each metric: the sweep's own first, then the standard ones, then the rest.

    A metric that only the user's code can compute has a row that says so.
    """
    own = list(report.get("recorded", ()))
    return [_row(report, name, name in own) for name in _order(report, own)]


def _order(report: Report, own: list[str]) -> list[str]:
    found = report.get("metrics", {})
    standard = [name for name in STANDARD if name in found]
    return list(dict.fromkeys([*own, *standard, *sorted(found)]))


def _row(report: Report, name: str, own: bool) -> SummaryRow:
    if name in report.get("user_reported", ()):
        return SummaryRow(name, "user-reported", ABSENT, ABSENT, ABSENT, own)
    figure = report["metrics"].get(name, {})
    baselines = report.get("baselines", {})
    return SummaryRow(
        metric=name,
        value=_number(figure.get("value")),
        interval=_interval(figure),
        dummy=_baseline(baselines.get("dummy"), name),
        default=_baseline(baselines.get("default"), name),
        own=own,
    )


def _baseline(baseline: Report | None, name: str) -> str:
    if baseline is None:
        return ABSENT
    if "error" in baseline:
        return "failed"
    return _number(baseline.get("metrics", {}).get(name, {}).get("value"))


def _interval(figure: Report) -> str:
    if figure.get("low") is None or figure.get("high") is None:
        return ABSENT
    return f"{_number(figure['low'])} to {_number(figure['high'])}"


def _number(value: float | None) -> str:
    """Four decimals below 100, four significant digits above; ABSENT for None."""
    if value is None:
        return ABSENT
    size = abs(value)
    if size >= 1e6 or 0 < size < 1e-3:
        return f"{value:.3e}"
    return f"{value:.4f}" if size < 100 else f"{value:,.1f}"
