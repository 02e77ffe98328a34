"""`models verify` and `models reproduce`: whether a version is what it says it is."""

from __future__ import annotations

import argparse
from typing import Any

from sweeper.cli import output
from sweeper.cli.parsing import Parser, command
from sweeper.cli.versions import add_folder, difference_json, reference


def add(inner: Any) -> tuple[Parser, ...]:
    verify = command(inner, "verify", run_verify, "whether a version is still what was registered")
    reproduce = command(inner, "reproduce", run_reproduce, "train it again, and compare")
    part = reproduce.add_mutually_exclusive_group()
    part.add_argument("--folds", action="store_true", help="cross-validation only")
    part.add_argument("--final", action="store_true", help="the final fit and the holdout only")
    reproduce.add_argument(
        "--tolerance",
        metavar="SHARE",
        type=share,
        help="how far a score may be off, as a share of its size (0.0001)",
    )
    add_folder(reproduce)
    reproduce.add_argument("--address", metavar="A", help="a running Ray cluster (RAY_ADDRESS)")
    reproduce.add_argument(
        "--inline", action="store_true", help="everything in this process, for debugging"
    )
    return verify, reproduce


def share(text: str) -> float:
    value = float(text)
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not from 0 to 1")
    return value


def run_verify(arguments: argparse.Namespace) -> int:
    from sweeper import api, app
    from sweeper.cli.doctor import as_json, as_lines

    model, ref = reference(arguments.model)
    checks = app.verify(api.root(arguments.dir), model, ref, arguments.uri)
    sound = all(check.ok is not False for check in checks)
    if arguments.json:
        output.emit({"verified": sound, "checks": [as_json(check) for check in checks]})
    else:
        output.lines([line for check in checks for line in as_lines(check)])
    return 0 if sound else 1


def run_reproduce(arguments: argparse.Namespace) -> int:
    from sweeper import api, app

    model, ref = reference(arguments.model)
    part = (
        app.Part.FOLDS if arguments.folds else app.Part.FINAL if arguments.final else app.Part.ALL
    )
    given = {} if arguments.tolerance is None else {"tolerance": arguments.tolerance}
    found = app.reproduce(
        api.root(arguments.dir),
        model,
        ref,
        uri=arguments.uri,
        folder=arguments.folder,
        part=part,
        address=arguments.address,
        inline=arguments.inline,
        observer=Told(),
        notice=output.message,
        **given,
    )
    if arguments.json:
        output.emit(reproduction_json(found))
    else:
        output.lines(reproduction_lines(found))
    return 1 if found.verdict is app.Verdict.DIFFERENT else 0


class Told:
    """Says, for people, each part of the work that is done."""

    def __init__(self) -> None:
        self._before = ""

    def __call__(self, state: Any) -> None:
        done = sum(len(trial.scores) for trial in state.trials.values())
        now = f"{state.phase}: {done} of {state.splits.folds} folds"
        if now != self._before:
            output.message(now)
        self._before = now


def reproduction_json(found: Any) -> dict[str, Any]:
    return {
        "verdict": found.verdict,
        "tolerance": found.tolerance,
        "folds": {
            str(fold): {name: list(pair) for name, pair in pairs.items()}
            for fold, pairs in found.folds.items()
        },
        "holdout": {
            "metrics": {name: list(pair) for name, pair in found.holdout.items()},
            "predictions_equal": found.predictions_equal,
        },
        "differences": [difference_json(each) for each in found.differences],
        "surroundings": [difference_json(each) for each in found.surroundings],
    }


MOST = 5
"""Differences that are told one by one."""


def reproduction_lines(found: Any) -> list[str]:
    lines = [str(found.verdict)]
    if found.verdict == "WITHIN TOLERANCE":
        lines[0] += f" (a score may be off by {found.tolerance:g} of its size)"
    if found.folds:
        count = sum(len(pairs) for pairs in found.folds.values())
        equal = sum(a == b for pairs in found.folds.values() for a, b in pairs.values())
        lines.append(f"  folds     {equal} of {count} scores equal to the last bit")
    if found.holdout:
        equal = sum(a == b for a, b in found.holdout.values())
        lines.append(f"  holdout   {equal} of {len(found.holdout)} metrics equal to the last bit")
    if found.predictions_equal is not None:
        answer = "all equal" if found.predictions_equal else "not all equal"
        lines.append(f"  holdout   predictions {answer} to the last bit")
    for each in found.differences[:MOST]:
        lines.append(f"  differs   {each.what}: was {each.before}, is {each.now}")
    if len(found.differences) > MOST:
        lines.append(f"  differs   {len(found.differences) - MOST} more; all with --json")
    return lines
