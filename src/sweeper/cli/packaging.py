"""`models predict`, `export` and `card`: a version put to use, taken elsewhere, explained."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from sweeper.cli import output
from sweeper.cli.parsing import command
from sweeper.cli.versions import add_folder, add_model, add_uri, reference

FORMATS = ("skops", "onnx", "safetensors", "pt2")


def add(inner: Any) -> None:
    predict = command(inner, "predict", run_predict, "score the rows of a file")
    add_model(predict)
    predict.add_argument("data", metavar="DATA", help="a CSV file with the model's columns")
    predict.add_argument("--out", metavar="FILE", help="where to write the answers (stdout)")
    predict.add_argument(
        "--ignore-extra", action="store_true", help="columns that the model does not know are fine"
    )
    export = command(inner, "export", run_export, "a folder that runs without sweeper")
    add_model(export)
    export.add_argument("into", metavar="DIR", help="a folder that is new or empty")
    form = export.add_mutually_exclusive_group()
    form.add_argument("--format", choices=FORMATS, help="the safest that holds it by default")
    form.add_argument(
        "--allow-pickle", action="store_true", help="as a pickle, which runs code when it is read"
    )
    add_folder(export)
    card = command(inner, "card", run_card, "what a version is, for people: Markdown and HTML")
    add_model(card)
    card.add_argument("--out", metavar="DIR", default=".", help="where to write it (here)")
    card.add_argument("--by", metavar="COLUMN", help="also the holdout's results by its values")
    add_folder(card)
    for parser in (predict, export, card):
        add_uri(parser)


def run_predict(arguments: argparse.Namespace) -> int:
    from sweeper import api, app

    found = app.predict(
        api.root(arguments.dir),
        *reference(arguments.model),
        Path(arguments.data),
        out=Path(arguments.out) if arguments.out else None,
        ignore_extra=arguments.ignore_extra,
        uri=arguments.uri,
    )
    rows = len(found.answers)
    if arguments.json:
        output.emit(
            {
                "model": found.title,
                "rows": rows,
                "file": arguments.out,
                "answers": None if arguments.out else found.answers.to_dict("list"),
            }
        )
    elif arguments.out:
        output.message(f"{rows:,} rows scored by {found.title}: {arguments.out}")
    else:
        sys.stdout.write(found.csv())
    return 0


def run_export(arguments: argparse.Namespace) -> int:
    from sweeper import api, app

    found = app.export(
        api.root(arguments.dir),
        *reference(arguments.model),
        Path(arguments.into),
        format=arguments.format,
        allow_pickle=arguments.allow_pickle,
        uri=arguments.uri,
        folder=arguments.folder,
        notice=output.message,
    )
    if arguments.json:
        output.emit(
            {
                "model": found.title,
                "format": found.format,
                "folder": str(found.folder),
                "files": list(found.files),
                "parity": found.parity,
            }
        )
    else:
        output.lines(export_lines(found))
    return 0


def export_lines(found: Any) -> list[str]:
    lines = [f"{found.title} as {found.format} in {found.folder}: {len(found.files)} files"]
    report = found.parity
    rows = f"{report['rows']:,} {report['of']} rows"
    if report["labels_differ"] is not None:
        lines.append(f"  labels         the same on {rows}")
    for name in ("predictions", "probabilities"):
        if report[name]:
            apart, allowed = report[name]["largest_difference"], report[name]["tolerance"]
            lines.append(
                f"  {name:<13}  off by {apart:.2g} at most, {allowed:.2g} allowed, on {rows}"
            )
    return [*lines, f"  try it         python {found.folder}/predict.py DATA.csv"]


def run_card(arguments: argparse.Namespace) -> int:
    from sweeper import api, app

    found = app.card(
        api.root(arguments.dir),
        *reference(arguments.model),
        Path(arguments.out),
        by=arguments.by,
        uri=arguments.uri,
        folder=arguments.folder,
        notice=output.message,
    )
    if arguments.json:
        output.emit({"files": [str(path) for path in found]})
    else:
        output.lines([str(path) for path in found])
    return 0
