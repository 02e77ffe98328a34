"""`sweeper logs -f`: what a sweep prints, as it grows, until it ends."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from sweeper.api import Sweep
from sweeper.core.records import LIVE, TrialState

LOOK = 0.5
"""Seconds between two looks at the files."""

QUIET = 1.0
"""Seconds without a new line after the end that make it the end."""


def follow(arguments: argparse.Namespace) -> int:
    """The controller's own lines, or with a trial those of its fold runs."""
    from sweeper import api, app

    root = api.root(arguments.dir)
    directory = api.find(arguments.name, root)
    if arguments.trial is None:
        path = controller_log(directory)
        copy_growing(lambda: [path], lambda: is_over(api.at(directory)), heading=False)
        return 0
    copy_growing(
        lambda: app.log_paths(
            directory, arguments.trial, arguments.fold, arguments.attempt, arguments.rank
        ),
        lambda: trial_is_over(api.at(directory), arguments.trial),
        heading=arguments.fold is None or arguments.attempt is None,
    )
    return 0


def controller_log(directory: Path) -> Path:
    """UnknownName where the sweep's controllers printed on a terminal only."""
    from sweeper import app
    from sweeper.api import UnknownName

    path = app.controller_log(directory)
    if not path.exists():
        raise UnknownName(
            f"{directory.name} was not submitted to a cluster, and what its controller printed is "
            f"not kept: say which trial's log, as `sweeper logs {directory.name} 0`"
        )
    return path


def is_over(sweep: Sweep) -> bool:
    return sweep.record.status not in LIVE and not sweep.held


def trial_is_over(sweep: Sweep, number: int) -> bool:
    trial = sweep.record.trials.get(number)
    return is_over(sweep) or (trial is not None and trial.state is not TrialState.RUNNING)


def copy_growing(
    paths: Callable[[], Iterable[Path]], over: Callable[[], bool], heading: bool
) -> None:
    """Print what is in these files, and what is added to them, until `over` and then quiet."""
    shown: dict[Path, str] = {}
    ended = False
    quiet = 0.0
    while quiet < QUIET:
        ended = ended or over()
        fresh = [(path, new) for path in paths() if (new := news(path, shown))]
        for path, text in fresh:
            if heading:
                print(f"== {path.stem}")
            print(text, end="")
        sys.stdout.flush()
        quiet = quiet + LOOK if ended and not fresh else 0.0
        time.sleep(LOOK)


def news(path: Path, shown: dict[Path, str]) -> str:
    """What this file has beyond what was shown of it; the whole, if it is another one now."""
    text = path.read_text(encoding="utf-8", errors="replace")
    before = shown.get(path, "")
    shown[path] = text
    return text.removeprefix(before) if text.startswith(before) else text
