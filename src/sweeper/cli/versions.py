"""How versions, and what is known of them, are named and told."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

WIDTH = 100
"""Characters of the lineage's parts in `models show`."""

DIGEST = 12
"""Characters of a SHA-256 that tell it from any other at hand."""


def add_model(parser: argparse.ArgumentParser, name: str = "model") -> None:
    """A version as an argument; `reference` takes it apart."""
    parser.add_argument(name, metavar="MODEL[@ALIAS|/VERSION]", help="the newest by default")


def add_uri(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--uri", metavar="URI", help="as the config's tracking.uri, if it has one")


def add_folder(parser: argparse.ArgumentParser) -> None:
    help = "where the config's data and code are now"
    parser.add_argument("--folder", metavar="DIR", type=Path, help=help)


def reference(text: str) -> tuple[str, str | None]:
    """`income@champion` → (income, champion); `income/3` → (income, 3); `income` → (income, None)."""
    for mark in ("@", "/"):
        name, found, ref = text.partition(mark)
        if found:
            return name, ref or None
    return text, None


def named(version: Any) -> dict[str, Any]:
    return {"name": version.name, "version": version.version, "aliases": list(version.aliases)}


def difference_json(each: Any) -> dict[str, Any]:
    return {"what": each.what, "before": each.before, "now": each.now}


def when(created: Any) -> str:
    """A registry's time, seconds since the epoch, as local date and minute."""
    from datetime import datetime

    return datetime.fromtimestamp(created).strftime("%Y-%m-%d %H:%M")


def brief(value: Any) -> str:
    """A part of the lineage in one line; `models lineage --json` prints it whole."""
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
