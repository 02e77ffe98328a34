"""argparse, with the nearest right name for what was mistyped."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, NoReturn

from sweeper.names import suggest

Run = Callable[[argparse.Namespace], int]


class Parser(argparse.ArgumentParser):
    """Refuses abbreviations, which would break scripts when an option is added."""

    def __init__(self, **keywords: Any) -> None:
        self.options: list[str] = []
        super().__init__(allow_abbrev=False, **keywords)

    def add_argument(self, *names: Any, **keywords: Any) -> argparse.Action:
        action = super().add_argument(*names, **keywords)
        self.options.extend(action.option_strings)
        return action

    def parse(self, argv: list[str] | None) -> argparse.Namespace:
        """SystemExit(2) with a message on what is not understood."""
        arguments, unknown = self.parse_known_args(argv)
        if unknown:
            parser: Parser = arguments.parser
            parser.refuse(unknown[0])
        return arguments

    def refuse(self, word: str) -> NoReturn:
        kind = "option" if word.startswith("-") else "argument"
        hint = suggest(word.split("=")[0], self.options) if kind == "option" else ""
        self.error(f"unknown {kind} {word}.{hint}")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is None or value in action.choices:
            return
        names = [str(choice) for choice in action.choices]
        kind = "command" if isinstance(action.choices, dict) else action.dest
        hint = suggest(str(value), names)
        raise argparse.ArgumentError(None, f"unknown {kind} {value}.{hint}")


def command(commands: Any, name: str, run: Run, summary: str) -> Parser:
    """A sub-command that takes the options common to all."""
    parser: Parser = commands.add_parser(name, help=summary, description=summary)
    parser.set_defaults(run=run, parser=parser)
    add_common(parser, default=argparse.SUPPRESS)
    return parser


def add_common(parser: Parser, default: Any) -> None:
    """`--dir` and `--json`, understood before and after the command's name."""
    parser.add_argument(
        "--dir",
        metavar="DIR",
        default=default,
        help="where sweeps are kept (SWEEPER_DIR, ./sweeps)",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        default=default if default is argparse.SUPPRESS else False,
        help="one JSON document on stdout, nothing else there",
    )


def whole(text: str) -> int:
    """A trial's or an attempt's number."""
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)
