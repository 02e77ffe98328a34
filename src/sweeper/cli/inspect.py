"""`sweeper ls`, `status`, `show` and `logs`: read-only, while a sweep runs, after it, without Ray."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sweeper.cli import output
from sweeper.cli.elsewhere import answers
from sweeper.cli.parsing import command, whole

if TYPE_CHECKING:
    from sweeper.api import Sweep
    from sweeper.cli.failures import Log
    from sweeper.core.records import FoldRun, RunKey, Trial


def add(commands: Any) -> None:
    command(commands, "ls", run_ls, "list the sweeps there are")
    status = command(commands, "status", run_status, "where a sweep stands")
    show = command(commands, "show", run_show, "a sweep's trials, or one trial's folds")
    logs = command(commands, "logs", run_logs, "what a trial's folds printed, or a submitted sweep")
    for parser in (status, show, logs):
        parser.add_argument("name", metavar="NAME", help="the sweep")
    show.add_argument("trial", metavar="TRIAL", nargs="?", type=whole)
    show.add_argument("--sort", choices=["number", "value"], default="number", help="best first")
    logs.add_argument("trial", metavar="TRIAL", nargs="?", type=whole)
    logs.add_argument("-f", "--follow", action="store_true", help="go on as more is printed")
    logs.add_argument("--fold", metavar="K", type=fold, help="a number, refit or holdout")
    logs.add_argument("--attempt", metavar="A", type=whole, help="the last one by default")
    logs.add_argument("--rank", metavar="R", type=whole, default=0, help="of a gang; 0 by default")

    for parser, go in ((status, run_status), (show, run_show), (logs, run_logs)):
        answers(parser, go)


def fold(text: str) -> int:
    from sweeper.core.records import HOLDOUT, REFIT

    named = {"refit": REFIT, "holdout": HOLDOUT}
    return named[text] if text in named else whole(text)


def run_ls(arguments: argparse.Namespace) -> int:
    from sweeper import api, app

    root = api.root(arguments.dir)
    entries = [entry(path) for path in app.sweeps(root)]
    if arguments.json:
        output.emit({"sweeps": entries})
    elif entries:
        from sweeper.cli.sheets import sweeps_sheet

        output.lines(sweeps_sheet(entries, output.width()))
    else:
        output.message(f"no sweep in {root} yet; `sweeper launch CONFIG` starts one")
    return 0


def entry(path: Any) -> dict[str, Any]:
    """A sweep's status and directory; one that cannot be read must not hide the others."""
    from sweeper import api
    from sweeper.ports import SweeperError

    try:
        status = api.at(path).status()
    except SweeperError as error:
        return {"name": path.name, "state": "damaged", "reason": str(error), "directory": str(path)}
    return {**status, "directory": str(path)}


def run_status(arguments: argparse.Namespace) -> int:
    from sweeper import api

    sweep = api.open(arguments.name, arguments.dir)
    if arguments.json:
        output.emit(sweep.status())
        return 0
    from sweeper.cli.sheets import status_sheet

    output.lines(status_sheet(sweep.status(), sweep.record))
    return 0


def run_show(arguments: argparse.Namespace) -> int:
    from sweeper import api, view
    from sweeper.cli import sheets

    sweep = api.open(arguments.name, arguments.dir)
    if arguments.trial is not None:
        one = find_trial(sweep, arguments.trial)
        if arguments.json:
            output.emit(view.show(sweep.record, [one]))
        else:
            output.lines(sheets.trial_sheet(sweep.record, one, output.width()))
        return 0
    trials = sheets.ordered(sweep.record, arguments.sort)
    if arguments.json:
        output.emit(view.show(sweep.record, trials))
    else:
        output.lines(sheets.trials_sheet(sweep.record, trials, output.width()))
        output.lines(failed(sweep, arguments))
    return 0


def failed(sweep: Sweep, arguments: argparse.Namespace) -> list[str]:
    """What went wrong in the sweep, every cause with its whole traceback."""
    from sweeper.cli.failures import Telling, failures_sheet

    option = f" --dir {shlex.quote(arguments.dir)}" if arguments.dir else ""
    telling = Telling(sweep.name, logs_of(sweep.directory), option, width=output.width())
    lines = failures_sheet(list(sweep.record.trials.values()), telling)
    return ["", *lines] if lines else []


def logs_of(directory: Path) -> Log:
    """Reads what a run of the sweep in `directory` printed; empty when there is no log."""
    from sweeper import app

    def read(key: RunKey) -> str:
        return log_text(app.log_path(directory, key)) or ""

    return read


def log_text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else None


def find_trial(sweep: Sweep, number: int) -> Trial:
    from sweeper.api import UnknownName

    trials = sweep.record.trials
    if number in trials:
        return trials[number]
    there = f"its trials are {min(trials)} to {max(trials)}" if trials else "it has no trial yet"
    raise UnknownName(f"{sweep.name} has no trial {number}: {there}.")


def run_logs(arguments: argparse.Namespace) -> int:
    from sweeper import api, app
    from sweeper.cli import following

    if arguments.follow:
        return following.follow(arguments)
    sweep = api.open(arguments.name, arguments.dir)
    if arguments.trial is None:
        return print_controller(following.controller_log(sweep.directory), arguments.json)
    trial = find_trial(sweep, arguments.trial)
    runs = chosen(sweep, trial, arguments.fold, arguments.attempt)
    check_rank(runs, arguments.rank)
    texts = []
    for run in runs:
        path = app.log_path(sweep.directory, run.key, arguments.rank)
        texts.append((run, path, log_text(path)))
    if arguments.json:
        output.emit({"logs": [as_json(run, path, text) for run, path, text in texts]})
        return 0
    for run, _, text in texts:
        print_log(run, text, heading=len(texts) > 1)
    return 0


def print_controller(path: Path, json: bool) -> int:
    text = log_text(path) or ""
    if json:
        output.emit({"path": str(path), "text": text})
    else:
        print(text, end="")
    return 0


def chosen(sweep: Sweep, trial: Trial, fold: int | None, attempt: int | None) -> list[FoldRun]:
    """The runs asked for: of one fold or all, of one attempt or each fold's last."""
    from sweeper.api import UnknownName
    from sweeper.cli.text import fold_name

    found: dict[int, FoldRun] = {}
    for run in trial.runs:
        if fold in (None, run.key.fold) and attempt in (None, run.key.attempt):
            found[run.key.fold] = run
    if found:
        return list(found.values())
    keys = sorted({run.key for run in trial.runs})
    there = ", ".join(f"{fold_name(key.fold)}/{key.attempt}" for key in keys) or "none yet"
    raise UnknownName(
        f"trial {trial.number} of {sweep.name} has no such run. There is (fold/attempt): {there}."
    )


def check_rank(runs: list[FoldRun], rank: int) -> None:
    from sweeper.api import UnknownName

    widest = max(len(run.slot.nodes) for run in runs)
    if rank >= widest:
        there = f"its ranks are 0 to {widest - 1}" if widest > 1 else "it had one worker, rank 0"
        raise UnknownName(f"no such rank as {rank}: {there}.")


def as_json(run: FoldRun, path: Any, text: str | None) -> dict[str, Any]:
    return {
        "fold": run.key.fold,
        "attempt": run.key.attempt,
        "state": run.state.value,
        "path": str(path),
        "text": text,
    }


def print_log(run: FoldRun, text: str | None, heading: bool) -> None:
    from sweeper.cli.text import one_line
    from sweeper.view import run_reason

    if heading:
        why = one_line(run_reason(run))
        print(f"== {label(run)}: {run.state}{f', {why}' if why else ''}")
    if text:
        print(text, end="" if text.endswith("\n") else "\n")
    elif run.outcome is None:
        output.message(f"{label(run)} has no log yet: it is {run.state}")
    else:
        output.message(f"{label(run)} printed nothing")


def label(run: FoldRun) -> str:
    """`fold 3, attempt 1`, `refit, attempt 1`."""
    from sweeper.cli.text import fold_name

    fold = "fold " if run.key.fold >= 0 else ""
    return f"{fold}{fold_name(run.key.fold)}, attempt {run.key.attempt}"
