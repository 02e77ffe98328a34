"""What went wrong, by cause, for people: a line for each cause and one traceback. Pure."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sweeper import view
from sweeper.cli.text import fold_name, one_line, plural
from sweeper.core.records import RunKey, Trial
from sweeper.ports import TRACE

Log = Callable[[RunKey], str]
"""The log of a run, empty when there is none."""

INDENT = "      "
BAR = f"{INDENT}│ "
LAST = 12
"""Lines of a log that are shown where it holds no traceback."""

WIDTH = 100


@dataclass(frozen=True, slots=True)
class Telling:
    """How much is told. `most` causes, with at most `lines` of each traceback; None is all.

    `option`: what further commands need to find the sweep, as ` --dir D`.
    """

    name: str
    log: Log
    option: str = ""
    most: int | None = None
    lines: int | None = None
    width: int | None = None


def failures_sheet(trials: Sequence[Trial], telling: Telling) -> list[str]:
    """Failed runs by cause, the most frequent first; nothing when none failed or was lost."""
    groups = view.failures(trials)
    lines = []
    if groups:
        total = sum(group.count for group in groups)
        lines.append(f"{plural(total, 'fold run')} failed, {plural(len(groups), 'cause')}:")
    for group in groups[: telling.most]:
        lines += ["", *_cause(group, telling)]
    left = len(groups) - len(groups[: telling.most])
    if left:
        lines += ["", f"  and {plural(left, 'more cause')}: {_command('show', telling)}"]
    return lines + ([""] if lines and view.losses(trials) else []) + _lost(trials, telling)


def _cause(group: view.FailureGroup, telling: Telling) -> list[str]:
    key = group.example
    where = f"{key.trial} --fold {fold_name(key.fold)} --attempt {key.attempt}"
    said = _wrapped(view.failure_line(group.failure), telling.width)
    return [
        f"  {group.count:,} × {group.failure.kind.value} in {_trials(group.trials)}",
        *said,
        f"{INDENT}{_command('logs', telling, where)}",
        *_bounded(_traceback(telling.log(key)), telling.lines),
    ]


def _lost(trials: Iterable[Trial], telling: Telling) -> list[str]:
    reasons = view.losses(trials)
    if not reasons:
        return []
    count = sum(reasons.values())
    were, their = ("was", "its") if count == 1 else ("were", "their")
    told = ", ".join(f"{one_line(why)} ({n:,})" for why, n in reasons.most_common(3))
    more = f", and {len(reasons) - 3} more reasons" if len(reasons) > 3 else ""
    return textwrap.wrap(
        f"{plural(count, 'fold run')} {were} lost through no fault of {their} own, which counts for "
        f"nothing: {told}{more}",
        min(telling.width or WIDTH, WIDTH),
    )


def _traceback(log: str) -> list[str]:
    """The lines of the traceback; without one, the last of what was printed.

    A traceback of one line is the message again, and left out.
    """
    _, marked, trace = log.rpartition(f"{TRACE}\n")
    if marked:
        lines = _lines(trace)
        return lines if len(lines) > 1 else []
    last = _lines(log)[-LAST:]
    return ["(no traceback; what it printed last:)", *last] if last else []


def _lines(text: str) -> list[str]:
    """Lines without what could move the cursor."""
    return [
        "".join(c if c.isprintable() else " " for c in line.expandtabs(4)).rstrip()
        for line in text.strip("\n").splitlines()
    ]


def _bounded(lines: list[str], most: int | None) -> list[str]:
    if most is not None and len(lines) > most:
        head, tail = lines[: most // 3], lines[-(most - most // 3) :]
        lines = [*head, f"… {len(lines) - most:,} lines left out …", *tail]
    return [f"{BAR}{line}".rstrip() for line in lines]


def _wrapped(text: str, width: int | None) -> list[str]:
    room = min(width or WIDTH, WIDTH)
    return textwrap.wrap(
        one_line(text), room, initial_indent=INDENT, subsequent_indent=f"{INDENT}  "
    )


def _command(verb: str, telling: Telling, where: str = "") -> str:
    words = f"sweeper {verb} {shlex.quote(telling.name)} {where}".rstrip()
    return f"{words}{telling.option}"


def _trials(numbers: tuple[int, ...]) -> str:
    shown = ", ".join(map(str, numbers[:8]))
    noun = "trial" if len(numbers) == 1 else f"{len(numbers):,} trials:"
    return f"{noun} {shown}{', …' if len(numbers) > 8 else ''}"
