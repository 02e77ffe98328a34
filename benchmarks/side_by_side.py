"""Contestants by name, each in a process of its own, in turns: what every comparison here does.

A script gives `run` its contestants: functions that do their work and return one figure. Run with
`--one NAME` it prints that figure; else it starts itself once for each contestant and round, in
alternation, so that whatever the machine does meanwhile falls on all of them.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

ROUNDS = 5
MARK = "figure: "
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""Whoever runs several processes at once wants it."""

SWEEPER = [sys.executable, "-m", "sweeper"]
"""The command `sweeper`, of the interpreter that runs this."""


def own_ray(**options: Any) -> None:
    """Start Ray for a peer: quiet, and on this machine, whatever cluster left its address here."""
    import ray

    quiet = {"logging_level": "ERROR", "log_to_driver": False, "include_dashboard": False}
    ray.init("local", **quiet, **options)


@dataclass(frozen=True)
class Contestant:
    """`act` gives the figure. `needs`: packages that must be there."""

    act: Callable[[argparse.Namespace], float]
    needs: tuple[str, ...] = ()


def arguments(doc: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of each contestant (5)")
    parser.add_argument("--only", nargs="*", metavar="NAME", help="these contestants")
    parser.add_argument("--one", metavar="NAME", help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--began", type=float, help=argparse.SUPPRESS)
    return parser


def run(
    contestants: Mapping[str, Contestant], asked: argparse.Namespace, *more: str
) -> dict[str, list[float]]:
    """Each contestant's figures; in a child process there is no return.

    `more`: arguments for the child beside this process's own, its `seed`, which is the round's,
    and when it `began`, as `time.time` has it.
    """
    if asked.one:
        print(f"{MARK}{json.dumps(contestants[asked.one].act(asked))}", flush=True)
        sys.exit(0)
    chosen = [name for name in contestants if not asked.only or name in asked.only]
    found: dict[str, list[float]] = {}
    for name in chosen:
        absent = [p for p in contestants[name].needs if importlib.util.find_spec(p) is None]
        if absent:
            print(f"{name}: not run, {', '.join(absent)} is not installed", file=sys.stderr)
        else:
            found[name] = []
    for number in range(asked.rounds):
        for name, figures in found.items():
            figure = _child(name, *more, "--seed", str(number))
            print(f"round {number + 1}, {name}: {figure:.4g}", file=sys.stderr, flush=True)
            figures.append(figure)
    return found


def _child(name: str, *more: str) -> float:
    began = ["--began", str(time.time())]
    command = [sys.executable, *sys.argv, *more, *began, "--one", name]
    environment = {**os.environ, **ONE_THREAD}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    lines = [line for line in done.stdout.splitlines() if line.startswith(MARK)]
    if done.returncode or not lines:
        raise SystemExit(f"{name} failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return float(json.loads(lines[-1].removeprefix(MARK)))


def spread(figures: Sequence[float], digits: int) -> str:
    """The median, and from what to what."""
    low, high = min(figures), max(figures)
    return f"{median(figures):.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def table(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """In Markdown."""
    lines = [headers, ["---"] * len(headers), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def versions(*packages: str) -> str:
    return ", ".join(
        f"{name} {importlib.metadata.version(name)}"
        for name in packages
        if importlib.util.find_spec(name.replace("-", "_")) is not None
    )
