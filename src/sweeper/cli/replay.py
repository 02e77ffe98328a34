"""`sweeper replay`: whether the sampler would suggest the same again."""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

from sweeper.cli import output
from sweeper.cli.parsing import command

SHOWN = 10
"""Differences that are told one by one."""

GLANCE = 2.0
"""Seconds between two words on how far it is."""


def add(commands: Any) -> None:
    parser = command(
        commands, "replay", run, "derive every suggestion of a sweep again, and compare"
    )
    parser.add_argument("name", metavar="NAME", help="the sweep")


def run(arguments: argparse.Namespace) -> int:
    from sweeper import api, app

    directory = api.find(arguments.name, api.root(arguments.dir))
    found = app.replay(directory, Progress())
    if arguments.json:
        output.emit(as_json(found))
    else:
        output.lines(as_lines(found))
    return 1 if found.differing else 0


class Progress:
    """Says now and then how far it is, to people."""

    def __init__(self) -> None:
        self._next = time.monotonic() + GLANCE

    def __call__(self, done: int, total: int) -> None:
        if time.monotonic() >= self._next and sys.stderr.isatty():
            self._next = time.monotonic() + GLANCE
            output.message(f"{done:,} of {total:,}")


def as_json(found: Any) -> dict[str, Any]:
    return {
        "identical": found.differing == 0,
        "sampler": found.sampler,
        "suggestions": {"identical": found.identical, "different": found.differing},
        "enqueued": found.enqueued,
        "unanswered": found.unanswered,
        "differences": [
            {"trial": d.trial, "parameter": d.parameter, "then": d.then, "now": d.now}
            for d in found.differences
        ],
        "packages": [{"name": p.name, "then": list(p.then), "now": p.now} for p in found.packages],
    }


def as_lines(found: Any) -> list[str]:
    total = found.identical + found.differing
    what = f"suggestion{'' if total == 1 else 's'} of {found.sampler}"
    if not found.differing:
        lines = [f"identical  {total:,} {what}, derived again from the journal"]
    else:
        lines = [f"DIFFERENT  {found.differing:,} of {total:,} {what}"]
        lines += [f"  {difference(d)}" for d in found.differences[:SHOWN]]
        more = len(found.differences) - SHOWN
        lines += [f"  and {more:,} more differences"] if more > 0 else []
        lines += packages(found)
    apart = [
        f"{count:,} {text}"
        for count, text in (
            (found.enqueued, "by hand"),
            (found.unanswered, "asked for, without an answer"),
        )
        if count
    ]
    return [*lines, f"not compared: {', '.join(apart)}"] if apart else lines


def difference(d: Any) -> str:
    if d.then is None and not d.parameter:
        return f"trial {d.trial}: there was no further point, now there is"
    if not d.parameter:
        return f"trial {d.trial}: there was a further point, now there is none"
    return f"trial {d.trial}: {d.parameter} was {d.then!r}, now {d.now!r}"


def packages(found: Any) -> list[str]:
    """What may explain a difference: packages that changed, or that none did."""
    changed = [p for p in found.packages if p.then != (p.now,) and (p.then or p.now)]
    if not changed:
        return [
            "No package that samplers compute with has changed: another processor, or a defect of "
            "sweeper, which please report."
        ]
    return [f"{p.name}: {', '.join(p.then) or 'none'} then, {p.now or 'none'} now" for p in changed]
