"""A card's figures: cross-validation, holdout, classes, groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sweeper.registry.card.section import Block, Picture, Table, number

Report = Mapping[str, Any]

LARGEST = 20
"""Classes whose confusion matrix is written out; of more there is the picture."""

PICTURES = {
    "confusion_matrix.png": "Confusion matrix: true classes by row, predicted ones by column.",
    "predicted_vs_true.png": "Predicted against true values, with the line of perfect prediction.",
    "curves.png": "Curves over the holdout: ROC, precision and recall, calibration.",
}


def evaluation(lineage: Mapping[str, Any], pictures: Mapping[str, bytes]) -> Iterator[Block]:
    """Everything that was measured of the version."""
    yield _cross_validation(lineage)
    report = lineage["holdout"]
    if not report or not report.get("metrics"):
        yield "It was not scored on rows that it had not seen."
        return
    yield from _holdout(report)
    yield from _classes(report)
    for name, words in PICTURES.items():
        if name in pictures:
            yield Picture(name, words, pictures[name])


def _cross_validation(lineage: Mapping[str, Any]) -> Table:
    found = lineage["metrics"].items()
    rows = [(name.removeprefix("cv_"), number(v)) for name, v in found if name.startswith("cv_")]
    caption = f"Cross-validation, means of {lineage['splits']['folds']} folds"
    return Table(("metric", "mean"), tuple(rows), caption)


def _holdout(report: Report) -> Iterator[Block]:
    rivals = {
        name: rival for name, rival in report.get("baselines", {}).items() if "metrics" in rival
    }
    rows = tuple(
        (
            name,
            number(figure["value"]),
            interval(figure),
            *(number(rival["metrics"].get(name, {}).get("value")) for rival in rivals.values()),
        )
        for name, figure in report["metrics"].items()
    )
    caption = (
        f"Holdout, look {report.get('look', 1)}: {report['units']:,} {report['unit']}, "
        f"intervals of {report['confidence']:.0%} from {report['resamples']:,} resamples"
    )
    headers = ("metric", "value", "interval", *(f"baseline: {name}" for name in rivals))
    yield Table(headers, rows, caption)
    for name, rival in rivals.items():
        yield f"The baseline {name} is {rival['model']}."
    versus = report.get("versus_champion") or {}
    if "difference" in versus:
        yield (
            f"Beside the version that held the alias then: {versus['metric']} "
            f"{versus['difference']:+.4g} ({interval(versus)}); positive is better."
        )


def _classes(report: Report) -> Iterator[Block]:
    by_class = report.get("per_class", {})
    names = ("precision", "recall", "f1")
    if by_class:
        rows = tuple(
            (
                label,
                number(each["support"]),
                *(f"{number(each[n]['value'])} ({interval(each[n])})" for n in names),
            )
            for label, each in by_class.items()
        )
        yield Table(("class", "rows", *names), rows, "By class, on the holdout")
    matrix = report.get("confusion_matrix")
    if matrix and len(matrix["labels"]) <= LARGEST:
        labels = tuple(map(str, matrix["labels"]))
        rows = tuple(
            (label, *map(number, counts))
            for label, counts in zip(labels, matrix["counts"], strict=True)
        )
        yield Table(("true \\ predicted", *labels), rows, "Confusion matrix, in rows")


def groups(by: Mapping[str, Any]) -> Iterator[Block]:
    """As `sweeper.worker.groups.by_group` has them."""
    names = list(dict.fromkeys(name for each in by["groups"] for name in each["metrics"]))
    rows = tuple(
        (
            each["group"],
            number(each["rows"]),
            *(_cell(each["metrics"].get(name)) for name in names),
        )
        for each in by["groups"]
    )
    yield Table((by["column"], "rows", *names), rows, f"Holdout, by {by['column']}")
    if by["left_out"]:
        yield (
            f"{by['left_out']:,} rows are in groups of fewer than {by['fewest']} and are not shown."
        )


def _cell(figure: Report | None) -> str:
    if figure is None or figure["value"] is None:
        return "undefined"
    return f"{number(figure['value'])} ({interval(figure)})"


def interval(figure: Report) -> str:
    low, high = figure.get("low"), figure.get("high")
    return "no interval" if low is None or high is None else f"{number(low)} to {number(high)}"
