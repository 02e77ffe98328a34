"""The look at the holdout, as the end of a launch shows it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sweeper.cli.text import number, one_line, shorten, table
from sweeper.core.holdout_table import summary_rows

Report = Mapping[str, Any]

CLASSES = 8
"""Up to so many classes the confusion matrix fits on a screen."""

LABEL = 14
"""Characters of a class label."""


def holdout_sheet(report: Report, looks: int) -> list[str]:
    """Every metric with its interval beside the baselines, and the confusion matrix."""
    lines = [heading(report, looks), *_indented(metrics_table(report))]
    lines += [f"  {line}" for line in remarks(report)]
    matrix = confusion_table(report)
    return [*lines, "", *_indented(matrix)] if matrix else lines


def heading(report: Report, looks: int) -> str:
    parts = [f"look {looks}"]
    if "units" in report:
        parts.append(f"{report['units']:,} {report['unit']}")
        parts.append(f"95 % intervals from {report['resamples']:,} resamples")
    return f"holdout, scored by the saved model ({', '.join(parts)})"


def metrics_table(report: Report) -> list[str]:
    headers = ("metric", "this model", "95 % interval", "default", "dummy")
    rows = [
        (row.metric, row.value, row.interval, row.default, row.dummy)
        for row in summary_rows(report)
    ]
    return table(headers, rows, right={1, 3, 4}) if rows else []


def remarks(report: Report) -> list[str]:
    """What the reader should know of the figures: notes, baselines that failed, the champion."""
    said = [one_line(note) for note in report.get("notes", ())]
    for name, baseline in report.get("baselines", {}).items():
        if "error" in baseline:
            said.append(f"the {name} baseline failed: {one_line(baseline['error'])}")
    versus = report.get("versus_champion")
    return said if versus is None else [*said, _versus(versus)]


def _versus(versus: Report) -> str:
    if "error" in versus:
        return f"not compared with the champion: {one_line(versus['error'])}"
    low, high = number(versus["low"]), number(versus["high"])
    return (
        f"against the champion: {versus['metric']} {_apart(versus['difference'])} "
        f"({low} to {high}): {'better' if versus['better'] else 'not shown to be better'}"
    )


def _apart(difference: float | None) -> str:
    if difference is None:
        return "unknown"
    return f"{'worse' if difference < 0 else 'better'} by {number(abs(difference))}"


def confusion_table(report: Report) -> list[str]:
    """Rows are the true classes, columns the predicted ones; empty for many classes."""
    matrix = report.get("confusion_matrix")
    if matrix is None or len(matrix["labels"]) > CLASSES:
        return []
    labels = [shorten(one_line(str(label)), LABEL) for label in matrix["labels"]]
    rows = [
        (label, *(f"{count:,.0f}" for count in counts))
        for label, counts in zip(labels, matrix["counts"], strict=True)
    ]
    return table(("true \\ predicted", *labels), rows, right=range(1, len(labels) + 1))


def _indented(lines: list[str]) -> list[str]:
    return [f"  {line}" for line in lines]
