"""`sweeper launch`: starts, or resumes, a sweep; live progress; ends with the winner."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from sweeper.cli import output
from sweeper.cli.parsing import command

if TYPE_CHECKING:
    from sweeper.cli.signals import Drain
    from sweeper.core.records import State

RESUMABLE = 3


class Progress(Protocol):
    """What is on the screen while a sweep runs."""

    def observe(self, state: State) -> None: ...
    def notice(self, text: str) -> None: ...
    def close(self) -> None: ...


def add(commands: Any) -> None:
    parser = command(commands, "launch", run, "start, or resume, the sweep of a config")
    parser.add_argument("config", metavar="CONFIG", help="the YAML file")
    parser.add_argument(
        "--as", dest="name", metavar="NAME", help="another name: a sweep of its own"
    )
    parser.add_argument("--address", metavar="A", help="a running Ray cluster (RAY_ADDRESS)")
    parser.add_argument(
        "--set",
        dest="overrides",
        metavar="K=V",
        action="append",
        default=[],
        help="override a key, as search.sampler=gp; may be repeated",
    )
    parser.add_argument(
        "--inline", action="store_true", help="everything in this process, for debugging"
    )
    parser.add_argument(
        "--warm-start",
        metavar="OTHER",
        action="append",
        default=[],
        help="learn from the trials of this sweep too; may be repeated",
    )
    parser.add_argument(
        "--allow-data-change",
        action="store_true",
        help="go on though the data changed; it is put on record",
    )
    parser.add_argument(
        "--submit",
        action="store_true",
        help="the controller runs on the cluster, and this machine may leave",
    )
    parser.add_argument(
        "--requirements",
        metavar="FILE",
        help="with --submit: packages that Ray installs for this sweep, as pip takes them",
    )


def run(arguments: argparse.Namespace) -> int:
    if arguments.submit:
        from sweeper.cli.submit import run_submit

        return run_submit(arguments)
    if arguments.requirements:
        arguments.parser.error("--requirements goes with --submit")

    def go(**watched: Any) -> Any:
        from sweeper import api, app

        return app.launch(
            Path(arguments.config),
            overrides=tuple(arguments.overrides),
            name=arguments.name,
            address=arguments.address,
            root=api.root(arguments.dir),
            inline=arguments.inline,
            warm_start=tuple(arguments.warm_start),
            allow_data_change=arguments.allow_data_change,
            **watched,
        )

    return work(arguments, go)


def work(arguments: argparse.Namespace, go: Callable[..., Any]) -> int:
    """Be the controller of a sweep on this terminal. `go` is a launch that waits for whom to
    tell: `observer`, `notice` and `stop`."""
    from sweeper import app
    from sweeper.cli.signals import Drain, installed
    from sweeper.ports import SweeperError

    out = output.Steady(sys.stderr if arguments.json else sys.stdout)
    stop = app.StopSignal()
    drain = Drain(stop, resume_command(arguments))
    progress = chosen_progress(out)
    try:
        with installed(drain):
            outcome = go(
                observer=lambda state: observe(progress, drain, state),
                notice=progress.notice,
                stop=stop,
            )
    except KeyboardInterrupt:
        output.message(f"stopped. To resume: {drain.resume}")
        return RESUMABLE
    except SweeperError as error:
        if error.exit_code != RESUMABLE:
            raise
        output.message(f"{error}\nTo resume: {drain.resume}")
        return RESUMABLE
    finally:
        progress.close()
        for line in drain.told():
            progress.notice(line)
    tell_end(arguments, outcome, out)
    if stop.urgent:
        output.leave(outcome.exit_code)
    return int(outcome.exit_code)


def chosen_progress(out: output.Steady) -> Progress:
    """The live table on a terminal that can draw one, else plain lines."""
    if out.isatty() and os.environ.get("TERM", "dumb") != "dumb":
        from sweeper.cli.live import Live

        return Live(out)
    from sweeper.cli.plain import Plain

    return Plain(out)


def observe(progress: Progress, drain: Drain, state: State) -> None:
    """Called from the controller's loop; tells first what a signal left to be told."""
    drain.drawing = True
    for line in drain.told():
        progress.notice(line)
    progress.observe(state)


def tell_end(arguments: argparse.Namespace, outcome: Any, out: output.Steady) -> None:
    from sweeper import view
    from sweeper.cli.ending import Ending, ending
    from sweeper.cli.inspect import logs_of

    told = Ending(
        state=outcome.state,
        exit_code=outcome.exit_code,
        directory=outcome.directory,
        resume=resume_command(arguments),
        option=f" --dir {shlex.quote(arguments.dir)}" if arguments.dir else "",
        tracking=tracking(outcome),
        log=logs_of(outcome.directory),
        width=output.width(),
    )
    for line in ending(told):
        out.line(line)
    if arguments.json:
        directory, code = str(outcome.directory), int(outcome.exit_code)
        document = view.result(outcome.state, directory=directory, exit_code=code, wall=time.time())
        output.Steady(sys.stdout).line(output.as_json(document))


def tracking(outcome: Any) -> str | None:
    """Where MLflow's runs are, with passwords masked; None when nothing is tracked."""
    from sweeper import mlflow_store

    spec = outcome.state.spec.tracking
    if not spec.enabled:
        return None
    return mlflow_store.masked(mlflow_store.where(spec, outcome.directory.parent).uri)


def resume_command(arguments: argparse.Namespace) -> str:
    """The exact command that goes on with this sweep: the one that was typed."""
    if "config" not in arguments:
        where = ["--dir", arguments.dir] if arguments.dir else []
        return shlex.join(["sweeper", "resume", arguments.name, *where])
    words = ["sweeper", "launch", arguments.config]
    for option, value in (
        ("--as", arguments.name),
        ("--address", arguments.address),
        ("--dir", arguments.dir),
    ):
        words += [option, value] if value else []
    for override in arguments.overrides:
        words += ["--set", override]
    words += ["--inline"] if arguments.inline else []
    return shlex.join(words)
