"""`sweeper models`: what the registry holds, and where each version came from."""

from __future__ import annotations

import argparse
from typing import Any

from sweeper.cli import output, packaging, promotion, trust
from sweeper.cli.lineage import cost, run_lineage
from sweeper.cli.parsing import Parser, command
from sweeper.cli.versions import WIDTH, add_model, add_uri, brief, reference, when


def add(commands: Any) -> None:
    summary = "the registry: its versions and where they came from"
    models: Parser = commands.add_parser("models", help=summary, description=summary)
    inner = models.add_subparsers(
        metavar="COMMAND", required=True, parser_class=Parser, title="commands"
    )
    ls = command(inner, "ls", run_ls, "list models and their versions")
    ls.add_argument("model", metavar="MODEL", nargs="?", help="only this one's versions")
    show = command(inner, "show", run_show, "one version: metrics, aliases, how it came to be")
    lineage = command(inner, "lineage", run_lineage, "all that a version came from")
    packaging.add(inner)
    asked = (show, lineage, *trust.add(inner), *promotion.add(inner))
    for parser in asked:
        add_model(parser)
    for parser in (ls, *asked):
        add_uri(parser)


def opened(arguments: argparse.Namespace) -> Any:
    """The registry beside the sweeps, or the one that was named."""
    from sweeper import api, app

    return app.registry(api.root(arguments.dir), arguments.uri)


def run_ls(arguments: argparse.Namespace) -> int:
    versions = opened(arguments).versions(arguments.model)
    if arguments.json:
        output.emit({"models": [summary(version) for version in versions]})
    elif versions:
        output.lines(versions_sheet(versions, output.width()))
    else:
        output.message("no model is registered yet; a sweep registers its winner when it ends")
    return 0


def run_show(arguments: argparse.Namespace) -> int:
    registry = opened(arguments)
    name, ref = reference(arguments.model)
    version = registry.show(name, ref)
    lineage = registry.lineage(version)
    histories = registry.histories(name)
    if arguments.json:
        document = summary(version)
        del document["created"]
        output.emit({**document, "history": history_json(histories), "lineage": lineage})
    else:
        output.lines(version_sheet(version, lineage, histories))
    return 0


def summary(version: Any) -> dict[str, Any]:
    return {
        "name": version.name,
        "version": version.version,
        "aliases": list(version.aliases),
        "digest": version.digest,
        "metrics": dict(version.metrics),
        "created": version.created,
    }


def versions_sheet(versions: Any, width: int | None) -> list[str]:
    from sweeper.cli.text import table

    rows = [
        (each.name, str(each.version), ", ".join(each.aliases), when(each.created), metrics(each))
        for each in versions
    ]
    headers = ("model", "version", "aliases", "created", "metrics")
    return table(headers, rows, right={1}, width=width)


def metrics(version: Any) -> str:
    from sweeper.cli.text import number

    return " ".join(f"{name}={number(value)}" for name, value in version.metrics.items())


def history_json(histories: Any) -> dict[str, Any]:
    from dataclasses import asdict

    return {alias: [asdict(move) for move in moves] for alias, moves in histories.items()}


def moved(histories: Any) -> list[str]:
    """What became of the model's aliases, the latest first."""
    from sweeper.cli.text import one_line, shorten

    lines = []
    for alias, moves in histories.items():
        for move in reversed(moves):
            by = f" by {move.by}" if move.by else ""
            said = f"{when(move.at)}  {alias}: version {move.version} {move.how}{by}: {move.why}"
            lines.append(f"  {shorten(one_line(said), WIDTH)}")
    return ["", "aliases", *lines] if lines else []


def version_sheet(version: Any, lineage: dict[str, Any], histories: Any) -> list[str]:
    from sweeper.cli.text import number, pairs

    aliases = f" · {', '.join(version.aliases)}" if version.aliases else ""
    rows = [("created", when(version.created)), ("digest", version.digest)]
    rows += [(name, number(value)) for name, value in version.metrics.items()]
    title = f"{version.name} version {version.version}{aliases}"
    times = {name: when(at) for name, at in lineage.get("times", {}).items()}
    parts = {**lineage, "times": times} if times else lineage
    parts = {**parts, "cost": cost(lineage)} if "cost" in lineage else parts
    facts = pairs([(name, brief(value)) for name, value in parts.items()])
    return [title, *pairs(rows), "", "lineage", *facts, *moved(histories)]
