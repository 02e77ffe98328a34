"""`sweeper erase`: what came of some data, or is past its retention, is taken away for good."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from typing import Any

from sweeper.cli import doctor, output
from sweeper.cli.parsing import Parser, command
from sweeper.cli.versions import add_uri


def add(commands: Any) -> None:
    summary = "take away for good what came of some data, or is past its retention"
    parser: Parser = command(commands, "erase", run, summary)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--data", metavar="FILE|DIGEST", help="a data file, or a digest's start")
    what.add_argument("--expired", action="store_true", help="what is older than its `retention`")
    parser.add_argument("--dry-run", action="store_true", help="only say what would go")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    add_uri(parser)


def run(arguments: argparse.Namespace) -> int:
    from sweeper import api
    from sweeper.app import erasing, erasure

    root, uri = api.root(arguments.dir), arguments.uri
    if arguments.expired:
        plan = erasure.of_age(root, uri)
    else:
        plan = erasure.of_data(root, arguments.data, uri)
    if not arguments.json:
        output.lines(list(told(plan)))
    if arguments.dry_run or not (plan.targets or plan.gone):
        return tell(arguments, plan, None)
    if plan.targets and not (arguments.yes or agreed(arguments)):
        output.message("nothing was erased")
        return 1
    return tell(arguments, plan, erasing.erase(root, plan, uri, output.message))


def agreed(arguments: argparse.Namespace) -> bool:
    """What a person at the terminal says; where there is none, --yes must have been said."""
    if arguments.json or not sys.stdin.isatty():
        arguments.parser.error("this cannot be undone: say --yes, or --dry-run to see what goes")
    output.message("This cannot be undone. Type `yes` to erase all of it:")
    return sys.stdin.readline().strip() == "yes"


def tell(arguments: argparse.Namespace, plan: Any, checks: Any) -> int:
    if arguments.json:
        output.emit(as_json(plan, checks))
    elif checks is not None:
        output.lines(["", *(line for check in checks for line in doctor.as_lines(check))])
    return 1 if plan.left or any(check.ok is False for check in checks or ()) else 0


def as_json(plan: Any, checks: Any) -> dict[str, Any]:
    return {
        "erased": checks is not None,
        "sweeps": [
            {
                "name": target.stone.sweep or None,
                "id": target.stone.sweep_id,
                "why": target.stone.why,
                "versions": [f"{model}/{number}" for model, number in target.stone.versions],
                "aliases": list(target.stone.aliases),
                "runs": len(target.stone.runs),
            }
            for target in plan.targets
        ],
        "before": [stone.sweep for stone in plan.gone],
        "kept": [{"version": title, "why": why} for title, why in plan.kept],
        "left": [{"name": name, "why": why} for name, why in plan.left],
        "checks": [doctor.as_json(check) for check in checks or ()],
    }


def told(plan: Any) -> Iterator[str]:
    """The plan, a line for everything in it."""
    from sweeper.cli.text import plural

    for target in plan.targets:
        stone = target.stone
        name = stone.sweep or f"of a sweep that is not here ({stone.sweep_id})"
        yield f"{name}: {stone.why}"
        for model, number in stone.versions:
            yield f"  version {model}/{number}, with its files"
        for alias in stone.aliases:
            yield f"  alias {alias}, which then names nothing"
        yield f"  {plural(len(stone.runs), 'run')} in MLflow"
        if target.directory is not None:
            yield f"  {target.directory}: journal, config, logs, checkpoints, report"
        if stone.storage:
            yield f"  {stone.storage}: checkpoints"
    for stone in plan.gone:
        yield f"{stone.sweep}: was erased on {stone.day} by {stone.by}"
    for title, why in plan.kept:
        yield f"kept: {title}; {why}"
    for name, why in plan.left:
        yield f"not dealt with: {name}; {why}"
    if not (plan.targets or plan.gone):
        yield "nothing is there to be erased"
