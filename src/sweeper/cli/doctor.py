"""`sweeper doctor`: what is in order on this machine, in a cluster, in a journal."""

from __future__ import annotations

import argparse
from typing import Any

from sweeper.cli import output
from sweeper.cli.parsing import command


def add(commands: Any) -> None:
    parser = command(commands, "doctor", run, "check the machine, the cluster, a sweep's journal")
    parser.add_argument("name", metavar="NAME", nargs="?", help="a sweep to check as well")
    parser.add_argument("--address", metavar="A", help="a Ray cluster to check (RAY_ADDRESS)")


def run(arguments: argparse.Namespace) -> int:
    from sweeper import api, app

    root = api.root(arguments.dir)
    if arguments.name is not None:
        api.find(arguments.name, root)
    checks = app.doctor(root, arguments.name, arguments.address)
    if arguments.json:
        output.emit({"checks": [as_json(check) for check in checks]})
    else:
        output.lines([line for check in checks for line in as_lines(check)])
    return 0 if all(check.ok for check in checks) else 1


def as_json(check: Any) -> dict[str, Any]:
    return {"name": check.name, "ok": check.ok, "found": check.found, "mend": check.mend}


def as_lines(check: Any) -> list[str]:
    lines = [f"{'ok   ' if check.ok else 'WRONG'}  {check.name}: {check.found}"]
    if not check.ok and check.mend:
        lines.append(f"       mend: {check.mend}")
    return lines
