"""The parts of a card."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sweeper.registry.card.evaluation import evaluation, groups
from sweeper.registry.card.limits import limits
from sweeper.registry.card.section import Block, Section, Table, Text, pairs

Lineage = Mapping[str, Any]

MOST = 60
"""Columns of the data that are listed."""

PACKAGES = ("sweeper", "scikit-learn", "numpy", "pandas", "torch", "xgboost", "lightgbm", "ray")


@dataclass(frozen=True, slots=True)
class Origin:
    """A version as a card has it. `pictures`: PNG by file name. `by`: results by group, as
    `sweeper.worker.groups.by_group` has them, or None."""

    title: str
    aliases: tuple[str, ...]
    verdict: str
    digest: str
    lineage: Lineage
    pictures: Mapping[str, bytes]
    by: Mapping[str, Any] | None = None


def sections(origin: Origin) -> list[Section]:
    """What, data, training, evaluation, groups, limits, cost, lineage: those that apply."""
    lineage = origin.lineage
    found = [
        Section("What it is", tuple(_what(origin))),
        Section("Data", tuple(_data(lineage))),
        Section("Training", tuple(_training(lineage))),
        Section("Evaluation", tuple(evaluation(lineage, origin.pictures))),
        Section("Results by group", tuple(groups(origin.by)) if origin.by else ()),
        Section("Limits", tuple(limits(lineage, origin.by))),
        Section("Cost", tuple(_cost(lineage))),
        Section("Lineage", tuple(_lineage(origin))),
    ]
    return [section for section in found if section.blocks]


def _what(origin: Origin) -> Iterator[Block]:
    lineage, report = origin.lineage, origin.lineage["holdout"] or {}
    metric = lineage["metric"]
    classes = (report.get("confusion_matrix") or {}).get("labels", ())
    yield pairs(
        [
            ("version", origin.title),
            ("aliases", ", ".join(origin.aliases) or "none"),
            ("task", report.get("task", "")),
            ("classes", ", ".join(map(str, classes[:20])) + (", …" if len(classes) > 20 else "")),
            ("chosen by", f"{metric['name']}, to {metric['goal']}"),
            ("verdict", origin.verdict),
            ("registered", _when(lineage["times"].get("registering"))),
            ("by", lineage["environment"].get("user", "")),
        ]
    )
    chosen = lineage["trial"]["params"]
    if chosen:
        rows = tuple((name, json.dumps(value)) for name, value in chosen.items())
        yield Table(("parameter", "value"), rows, "Parameters of the trial that won")


def _data(lineage: Lineage) -> Iterator[Block]:
    data = lineage["data"]
    if data is None:
        yield "The training function brought its own data: nothing is on record of it."
        return
    yield pairs(
        [
            ("rows", data["rows"]),
            ("for training", data["rows"] - data["holdout_rows"]),
            ("held out", data["holdout_rows"]),
            ("digest", data["sha256"]),
            ("holdout's digest", data["holdout_sha256"]),
        ]
    )
    if data["files"]:
        yield Table(("file", "SHA-256"), tuple(data["files"].items()))
    rows = tuple((str(name), str(kind)) for name, kind in data["schema"])
    more = f", the first {MOST} of {len(rows)}" if len(rows) > MOST else ""
    yield Table(("column", "kind"), rows[:MOST], f"All columns, the target among them{more}")
    yield from (f"{note[:1].upper()}{note[1:]}." for note in data["notes"])


def _training(lineage: Lineage) -> Iterator[Block]:
    trial, splits, config = lineage["trial"], lineage["splits"], lineage["config"]
    yield pairs(
        [
            ("sweep", lineage["sweep"]["name"]),
            ("trial", f"{trial['number']} ({trial['origin']})"),
            ("folds", splits["folds"]),
            ("seed", lineage["seeds"]["sweep"]),
            ("edits", ", ".join(config["sets"])),
        ]
    )
    yield Text("The config", config["text"])


def _cost(lineage: Lineage) -> Iterator[Block]:
    times, machine = lineage["times"], lineage["environment"]
    yield pairs(
        [
            ("size of the model", f"{lineage['model']['bytes']:,} bytes"),
            ("from launch to registration", _span(times)),
            ("controller's machine", f"{machine.get('cpu', '')}, {machine.get('cpus')} CPUs"),
            *(
                (f"cluster: {name}", _told(each))
                for name, each in lineage["cluster"].items()
                if each
            ),
        ]
    )


def _lineage(origin: Origin) -> Iterator[Block]:
    lineage = origin.lineage
    machine, git = lineage["environment"], lineage["environment"].get("git") or {}
    packages = machine.get("packages", {})
    parents = [f"{p['model']}/{p['version']} (then {p['alias']})" for p in lineage["parents"]]
    yield pairs(
        [
            ("lineage's digest", origin.digest),
            ("model's SHA-256", lineage["model"]["sha256"]),
            ("config's SHA-256", lineage["config"]["sha256"]),
            ("journal", f"{lineage['journal']['events']:,} events, {lineage['journal']['sha256']}"),
            ("sweep's id", lineage["sweep"]["id"]),
            ("commit", git.get("commit", "no repository")),
            ("Python", machine.get("python", "")),
            ("packages", ", ".join(f"{n} {packages[n]}" for n in PACKAGES if n in packages)),
            ("came after", ", ".join(parents) or "nothing: it is the first"),
        ]
    )
    yield f"Whether all of this still holds: sweeper models verify {origin.title}"


def _told(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _when(at: Any) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC" if at else ""


def _span(times: Mapping[str, Any]) -> str:
    seconds = times.get("registering", 0) - times.get("launched", 0)
    return f"{seconds:,.0f} s" if seconds > 0 else ""
