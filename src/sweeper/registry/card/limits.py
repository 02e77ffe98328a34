"""What a version's own figures say against relying on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sweeper.registry.card.section import number

FEW = 200
"""Holdout units below which intervals are wide whatever is measured."""

APART = 0.1
"""A class's recall so much below the mean of all is said."""

Report = Mapping[str, Any]


def limits(lineage: Mapping[str, Any], by: Report | None) -> Iterator[str]:
    """Sentences, each with the figure it is from."""
    yield "Its cross-validation score is that of the best of all trials, and so flatters it."
    report = lineage["holdout"]
    if not report or not report.get("metrics"):
        yield "No row was held out for it: how it does on new rows is not known."
    else:
        yield from _of_holdout(report)
    if by:
        yield from _of_groups(report, by)
    if (lineage["environment"].get("git") or {}).get("dirty"):
        yield "The code had changes that are in no commit when it was made."
    yield (
        "It answers for rows like those it was trained on. Nothing here says how it does where "
        "they come from elsewhere, or from another time."
    )


def _of_holdout(report: Report) -> Iterator[str]:
    yield from (f"{note[:1].upper()}{note[1:]}." for note in report.get("notes", ()))
    if report["units"] < FEW:
        yield f"The holdout has {report['units']} {report['unit']}: its intervals are wide."
    if (look := report.get("look", 1)) > 1:
        yield f"This is look {look} at the same holdout: what was chosen by it flatters."
    if report["user_reported"]:
        yield f"The user's own word, not computed here: {', '.join(report['user_reported'])}."
    yield from _unbeaten(report)
    yield from _weak_classes(report.get("per_class", {}))


def _unbeaten(report: Report) -> Iterator[str]:
    name = report["metric"]
    mine = report["metrics"].get(name, {})
    sign = 1 if report["goal"] == "maximize" else -1
    for baseline, rival in report.get("baselines", {}).items():
        value = rival.get("metrics", {}).get(name, {}).get("value")
        edge = mine.get("low" if sign > 0 else "high")
        if value is not None and edge is not None and sign * (edge - value) <= 0:
            yield (
                f"It is not shown to be better than the baseline {baseline} ({rival['model']}): "
                f"{name} {number(value)} lies within its interval or beyond."
            )


def _weak_classes(by_class: Report) -> Iterator[str]:
    recalls = {label: each["recall"]["value"] for label, each in by_class.items()}
    known = {label: value for label, value in recalls.items() if value is not None}
    if not known:
        return
    mean = sum(known.values()) / len(known)
    for label, value in known.items():
        if value < mean - APART:
            yield (
                f"Of the class {label} it finds {value:.0%} (recall), of all classes {mean:.0%} "
                "on average."
            )


def _of_groups(report: Report, by: Report) -> Iterator[str]:
    name = report["metric"]
    known = {
        each["group"]: value
        for each in by["groups"]
        if (value := each["metrics"].get(name, {}).get("value")) is not None
    }
    if len(known) > 1:
        low, high = min(known, key=known.__getitem__), max(known, key=known.__getitem__)
        yield (
            f"By {by['column']}, {name} is from {number(known[low])} ({low}) to "
            f"{number(known[high])} ({high})."
        )
