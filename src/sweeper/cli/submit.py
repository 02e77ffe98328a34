"""`sweeper launch --submit`: what it says, and what it leaves people with."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from sweeper.cli import output

if TYPE_CHECKING:
    from sweeper.app import Submitted


def run_submit(arguments: argparse.Namespace) -> int:
    """0 once the controller is at work; else as the job ended."""
    from sweeper import api, app

    if arguments.inline:
        arguments.parser.error("--inline and --submit exclude one another")
    options = [word for name in arguments.warm_start for word in ("--warm-start", name)]
    options += ["--allow-data-change"] if arguments.allow_data_change else []
    found = app.submit(
        Path(arguments.config),
        overrides=tuple(arguments.overrides),
        name=arguments.name,
        address=arguments.address,
        root=api.root(arguments.dir),
        options=options,
        requirements=Path(arguments.requirements) if arguments.requirements else None,
        notice=output.message,
    )
    if arguments.json:
        output.emit(as_json(found))
    else:
        output.lines(told(found))
    return found.exit_code or 0


def as_json(found: Submitted) -> dict[str, object]:
    return {
        "name": found.name,
        "job": found.job,
        "url": found.url,
        "directory": found.directory,
        "exit_code": found.exit_code,
    }


def told(found: Submitted) -> list[str]:
    if found.exit_code is not None:
        return [f"the job {found.job} has ended: exit code {found.exit_code}"]
    name, where = shlex.quote(found.name), f"--address {shlex.quote(found.url)}"
    return [
        "",
        f"{found.name} runs on the cluster as the job {found.job}; this machine may leave",
        f"  sweeper status {name} {where}",
        f"  sweeper logs {name} -f {where}",
        f"  sweeper stop {name} {where}",
    ]
