"""`stop`, `pause`, `resume`, `edit`, `enqueue`, `cancel`: change a sweep from another terminal."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from sweeper.cli import output
from sweeper.cli.elsewhere import answers, relay
from sweeper.cli.parsing import command, whole

if TYPE_CHECKING:
    from sweeper.api import Sweep
    from sweeper.app import Answer


def add(commands: Any) -> None:
    stop = command(commands, "stop", run_stop, "end a sweep's controller; it can be resumed")
    pause = command(commands, "pause", run_pause, "send out no new work until `resume`")
    resume = command(commands, "resume", run_resume, "go on after a pause, or without a config")
    edit = command(commands, "edit", run_edit, "change settings of a sweep, running or not")
    enqueue = command(commands, "enqueue", run_enqueue, "add trials by hand")
    cancel = command(commands, "cancel", run_cancel, "end one trial")
    for parser in (stop, pause, resume, edit, enqueue, cancel):
        parser.add_argument("name", metavar="NAME", help="the sweep")
    for parser, run in (
        (stop, run_stop),
        (pause, run_pause),
        (edit, run_edit),
        (cancel, run_cancel),
    ):
        answers(parser, run)
    answers(enqueue, run_enqueue, files=("file",))
    stop.add_argument("--now", action="store_true", help="end running folds at once")
    resume.add_argument("--address", metavar="A", help="the Ray cluster to go on with, or to ask")
    resume.add_argument("--inline", action="store_true", help="everything in this process")
    edit.add_argument(
        "--set",
        dest="sets",
        metavar="K=V",
        action="append",
        default=[],
        help="as budget.trials=80 or model.parameters.C.max=10; may be repeated",
    )
    edit.add_argument(
        "--unset",
        metavar="K",
        action="append",
        default=[],
        help="leave a key out, as model.choose.boosting; may be repeated",
    )
    enqueue.add_argument("params", metavar="P=V", nargs="*", help="one trial, as C=1.0 gamma=0.01")
    enqueue.add_argument("--file", metavar="F", help="many: CSV, or a YAML or JSON list")
    cancel.add_argument("trial", metavar="TRIAL", type=whole)


def run_stop(arguments: argparse.Namespace) -> int:
    return told(arguments, opened(arguments).stop(now=arguments.now))


def run_pause(arguments: argparse.Namespace) -> int:
    return told(arguments, opened(arguments).pause())


def run_resume(arguments: argparse.Namespace) -> int:
    """With a controller at work it goes on; without one this command becomes it.

    A sweep that is not here, but was submitted to the cluster at `--address`, goes on there.
    """
    from sweeper.api import UnknownName

    try:
        sweep = opened(arguments)
    except UnknownName:
        if arguments.address is None:
            raise
        return relay(arguments)
    if sweep.held:
        return told(arguments, sweep.resume())
    from sweeper import app
    from sweeper.cli.launch import work

    def go(**watched: Any) -> Any:
        where = {"address": arguments.address, "inline": arguments.inline}
        return app.resume(sweep.directory, **where, **watched)

    return work(arguments, go)


def run_edit(arguments: argparse.Namespace) -> int:
    if not arguments.sets and not arguments.unset:
        arguments.parser.error("expected --set K=V or --unset K, as --set budget.trials=80")
    sets = (*arguments.sets, *(f"-{key}" for key in arguments.unset))
    return told(arguments, opened(arguments).edit(*sets))


def run_enqueue(arguments: argparse.Namespace) -> int:
    if bool(arguments.params) == bool(arguments.file):
        arguments.parser.error("expected one trial as P=V … or many with --file, not both")
    sweep = opened(arguments)
    if arguments.file:
        return told(arguments, sweep.enqueue_file(arguments.file))
    from sweeper.config.by_hand import typed

    return told(arguments, sweep.enqueue(typed(arguments.params)))


def run_cancel(arguments: argparse.Namespace) -> int:
    return told(arguments, opened(arguments).cancel(arguments.trial))


def opened(arguments: argparse.Namespace) -> Sweep:
    from sweeper import api

    return api.open(arguments.name, arguments.dir)


def told(arguments: argparse.Namespace, answer: Answer) -> int:
    """One line on what became of the request."""
    if arguments.json:
        output.emit({"name": arguments.name, "done": answer.what, "live": answer.live})
    elif answer.live:
        output.lines([f"{arguments.name}: {answer.what}: the controller has taken it"])
    else:
        output.lines(
            [
                f"{arguments.name}: {answer.what}: written to the journal; no controller is at "
                f"work, `sweeper resume {arguments.name}` goes on with it"
            ]
        )
    return 0
