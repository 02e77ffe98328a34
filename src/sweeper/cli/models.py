"""`sweeper models`: what the registry holds, and where each version came from."""

from __future__ import annotations

import argparse
import re
from typing import Any

from sweeper.cli import output, packaging, promotion, trust
from sweeper.cli.lineage import run_lineage
from sweeper.cli.parsing import Parser, command

WIDTH = 100
"""Characters of the lineage's parts in `models show`."""

DIGEST = 12
"""Characters of a SHA-256 that tell it from any other at hand."""


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
        parser.add_argument("model", metavar="MODEL[@ALIAS|/VERSION]", help="the newest by default")
    for parser in (ls, *asked):
        parser.add_argument(
            "--uri", metavar="URI", help="as the config's tracking.uri, if it has one"
        )


def opened(arguments: argparse.Namespace) -> Any:
    """The registry beside the sweeps, or the one that was named."""
    from sweeper import api, app

    return app.registry(api.root(arguments.dir), arguments.uri)


def reference(text: str) -> tuple[str, str | None]:
    """`income@champion` → (income, champion); `income/3` → (income, 3); `income` → (income, None)."""
    for mark in ("@", "/"):
        name, found, ref = text.partition(mark)
        if found:
            return name, ref or None
    return text, None


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
    version, lineage = registry.show(name, ref), registry.lineage(name, ref)
    if arguments.json:
        document = summary(version)
        del document["created"]
        output.emit({**document, "lineage": lineage})
    else:
        output.lines(version_sheet(version, lineage))
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


def when(created: Any) -> str:
    """A registry's time, seconds since the epoch, as local date and minute."""
    from datetime import datetime

    return datetime.fromtimestamp(created).strftime("%Y-%m-%d %H:%M")


def version_sheet(version: Any, lineage: dict[str, Any]) -> list[str]:
    from sweeper.cli.text import number, pairs

    aliases = f" · {', '.join(version.aliases)}" if version.aliases else ""
    rows = [("created", when(version.created)), ("digest", version.digest)]
    rows += [(name, number(value)) for name, value in version.metrics.items()]
    title = f"{version.name} version {version.version}{aliases}"
    times = {name: when(at) for name, at in lineage.get("times", {}).items()}
    parts = {**lineage, "times": times} if times else lineage
    return [title, *pairs(rows), "", "lineage", *pairs([(k, brief(v)) for k, v in parts.items()])]


def brief(value: Any) -> str:
    """A part of the lineage in one line; `models lineage` prints it whole."""
    from sweeper.cli.text import one_line, shorten

    return shorten(one_line(told(value)), WIDTH)


def told(value: Any) -> str:
    """A value of the lineage in words; digests by their first characters."""
    from sweeper.cli.text import parameter

    if isinstance(value, dict):
        return ", ".join(f"{name} {told(each)}" for name, each in value.items())
    if isinstance(value, list):
        return f"[{', '.join(told(each) for each in value)}]" if value else "none"
    if isinstance(value, str):
        return value[:DIGEST] if re.fullmatch("[0-9a-f]{64}", value) else value
    return parameter(value)
