"""`sweeper init`: a starter config for a data file."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import Any

from sweeper.cli import output
from sweeper.cli.parsing import command


def add(commands: Any) -> None:
    parser = command(commands, "init", run, "write a commented starter config for a data file")
    parser.add_argument("data", metavar="DATA", help="csv, parquet or npz")
    parser.add_argument("--target", metavar="COLUMN", help="what to predict")
    parser.add_argument("--output", "-o", metavar="FILE", help="the config to write (DATA.yaml)")
    parser.add_argument("--force", action="store_true", help="overwrite an existing config")


def run(arguments: argparse.Namespace) -> int:
    from sweeper import app

    data = Path(arguments.data)
    config = Path(arguments.output or f"{data.stem}.yaml")
    text = app.describe(data, config, arguments.target)
    write(config, text, arguments.force)
    start = f"sweeper launch {shlex.quote(str(config))}"
    if arguments.json:
        output.emit({"config": str(config), "next": start})
    else:
        output.lines([f"wrote {config}", f"next: read it, then  {start}"])
    return 0


def write(config: Path, text: str, force: bool) -> None:
    """Writes the config; ConfigError when it exists and `force` was not asked for."""
    from sweeper.ports import ConfigError

    try:
        with config.open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise ConfigError(
            f"{config}: exists already, nothing was written. "
            "Choose another name with --output, or overwrite it with --force."
        ) from None
    except OSError as error:
        raise ConfigError(f"{config}: cannot be written: {error.strerror}.") from error
