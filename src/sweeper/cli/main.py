"""The `sweeper` command: parsing, dispatch and exit codes. Imports nothing heavy."""

from __future__ import annotations

import argparse
import sys
import traceback

from sweeper import __version__
from sweeper.cli import (
    control,
    doctor,
    erase,
    init,
    inspect,
    launch,
    lineage,
    models,
    output,
    replay,
)
from sweeper.cli.parsing import Parser, add_common

SUMMARY = "Hyperparameter sweeps with cross-validation on Ray: one YAML file in, a model out."
EXITS = """exit codes: 0 done, 1 failed, 2 bad config or usage, 3 interrupted and resumable,
4 finished with no successful trial, 5 another controller holds this sweep"""
INTERRUPTED = 130  # as shells report a command that Ctrl-C ended


def main(argv: list[str] | None = None) -> int:
    """Runs one command and returns its exit code; never raises for what a user can cause."""
    output.tolerate_any_encoding()
    try:
        words = sys.argv[1:] if argv is None else argv
        arguments = build().parse(words)
        arguments.argv = words
        return int(arguments.run(arguments))
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else 1
    except BrokenPipeError:
        output.discard()
        return 0
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        return report(error)
    finally:
        output.finish()


def build() -> Parser:
    parser = Parser(
        prog="sweeper",
        description=SUMMARY,
        epilog=EXITS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"sweeper {__version__}")
    add_common(parser, default=None)
    commands = parser.add_subparsers(
        metavar="COMMAND", required=True, parser_class=Parser, title="commands"
    )
    for group in (init, launch, inspect, control, models, lineage, erase, doctor, replay):
        group.add(commands)
    return parser


def report(error: Exception) -> int:
    """Says what a user can mend in a line or two; anything else is a defect, shown in full."""
    from sweeper.ports import SweeperError

    if isinstance(error, SweeperError):
        output.message(str(error))
        return error.exit_code
    from sweeper.secrets import hide

    output.message(
        f"{hide(''.join(traceback.format_exception(error)))}\nThis is a defect of sweeper {__version__}, not of your config. Please report it in the\n"
        "project's issue tracker, with the lines above and the command you typed. What the\n"
        "journal holds is safe: the same command, typed again, goes on from there."
    )
    return 1
