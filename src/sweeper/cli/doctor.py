"""`sweeper doctor`: what is in order on this machine, in a cluster, in a sweep."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from sweeper.cli import output
from sweeper.cli.parsing import command


def add(commands: Any) -> None:
    parser = command(commands, "doctor", run, "check a sweep, or this machine; say how to mend it")
    parser.add_argument("name", metavar="NAME", nargs="?", help="a sweep; without one, the machine")
    parser.add_argument("--address", metavar="A", help="a Ray cluster to check (RAY_ADDRESS)")
    parser.add_argument(
        "--catch-up",
        action="store_true",
        help="first make MLflow as the sweep's journal says",
    )
    parser.add_argument(
        "--salvage",
        action="store_true",
        help="save the good part of a damaged journal into a new file; nothing else",
    )


def run(arguments: argparse.Namespace) -> int:
    from sweeper import api, app

    if arguments.name is None and (arguments.salvage or arguments.catch_up):
        arguments.parser.error("--salvage and --catch-up need the NAME of a sweep")
    root = api.root(arguments.dir)
    if arguments.name is not None:
        directory = api.find(arguments.name, root)
        if arguments.salvage:
            return run_salvage(directory, arguments.json)
        if arguments.catch_up:
            app.catch_up(directory)
    checks = app.doctor(root, arguments.name, arguments.address)
    if arguments.json:
        output.emit({"checks": [as_json(check) for check in checks]})
    else:
        output.lines([line for check in checks for line in as_lines(check)])
    return 0 if all(check.ok is not False for check in checks) else 1


def run_salvage(directory: Path, json: bool) -> int:
    from sweeper import app

    saved = app.salvage(directory)
    if json:
        output.emit({"salvaged": None if saved is None else salvage_json(saved)})
    elif saved is None:
        output.message(
            "nothing was written: the journal is not damaged, or nothing stands before the damage; "
            f"`sweeper doctor {directory.name}` says which"
        )
    else:
        output.lines(salvage_lines(saved))
    return 0


def salvage_json(saved: Any) -> dict[str, Any]:
    return {
        "path": str(saved.path),
        "records": saved.records,
        "events": saved.events,
        "trials": {"total": saved.trials, "ended": saved.ended},
        "lost_records": saved.lost,
        "damage": saved.damage,
        "next": list(saved.commands),
    }


def salvage_lines(saved: Any) -> list[str]:
    return [
        f"saved  {saved.path}: {saved.events:,} events in {saved.records:,} records, "
        f"{saved.trials:,} trials, {saved.ended:,} of them ended",
        f"lost   {saved.lost:,} records: the first of them is damaged",
        "",
        "The damaged journal is as it was. To go on with what was saved:",
        *(f"  {line}" for line in saved.commands),
    ]


def as_json(check: Any) -> dict[str, Any]:
    return {"name": check.name, "ok": check.ok, "found": check.found, "mend": check.mend}


def as_lines(check: Any) -> list[str]:
    marks = {True: "ok   ", False: "WRONG", None: "?    "}
    lines = [f"{marks[check.ok]}  {check.name}: {check.found}"]
    if check.ok is False and check.mend:
        lines.append(f"       mend: {check.mend}")
    return lines
