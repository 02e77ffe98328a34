"""Commands with `--address`: they run where the sweep was submitted to, and are shown here."""

from __future__ import annotations

import argparse
import sys

from sweeper.cli import output
from sweeper.cli.parsing import Parser, Run

HELP = "ask the cluster that the sweep was submitted to"
ALONE = ("--address", "--dir")
"""Options that mean something here, and not there; each has a value."""


def answers(parser: Parser, run: Run, files: tuple[str, ...] = ()) -> None:
    """Give a command `--address`: `run` here without it, the same command there with it.

    `files`: options that name a file of this machine, which is not there.
    """
    parser.add_argument("--address", metavar="A", help=HELP)

    def choose(arguments: argparse.Namespace) -> int:
        if arguments.address is None:
            return run(arguments)
        for name in files:
            if getattr(arguments, name):
                parser.error(f"--{name} names a file of this machine, which --address cannot read")
        return relay(arguments)

    parser.set_defaults(run=choose)


def relay(arguments: argparse.Namespace) -> int:
    """Its exit code, and what it prints, are the command's there."""
    from sweeper import app

    def tell(out: str, err: str) -> None:
        for stream, text in ((sys.stdout, out), (sys.stderr, err)):
            stream.write(text)
            stream.flush()

    words = without(arguments.argv, ALONE)
    try:
        return app.ask(arguments.address, arguments.name, words, tell)
    except BrokenPipeError:
        output.discard()
        return 0


def without(argv: list[str], options: tuple[str, ...]) -> list[str]:
    """The words without these options and their values."""
    kept: list[str] = []
    words = iter(argv)
    for word in words:
        if word in options:
            next(words, None)
        elif not word.startswith(tuple(f"{option}=" for option in options)):
            kept.append(word)
    return kept
