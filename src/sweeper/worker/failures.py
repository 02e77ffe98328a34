"""From an exception to a failure: a value that says what happened and where."""

from __future__ import annotations

import hashlib
import os
import re
import traceback
from types import TracebackType

from sweeper.core.records import Failure, FailureKind
from sweeper.worker.values import InvalidMetric

LONGEST = 500
FRAMES = 3

CELLS = re.compile(r"(could not convert string to float: |Found unknown categories ).*")
"""Well-known messages that quote cells of the table: the data stays out of messages."""


def failure(error: BaseException, directory: str, seconds: float) -> Failure:
    """The failure that `error` is, its message in one line of at most LONGEST characters."""
    return Failure(
        kind=_kind(error),
        error=type(error).__name__,
        message=_message(error),
        fingerprint=fingerprint(error, directory),
        seconds=seconds,
    )


def story(error: BaseException) -> str:
    """The whole traceback, for the run's log."""
    return private("".join(traceback.format_exception(error)))


def private(text: str) -> str:
    return CELLS.sub(r"\1<not shown>", text)


def fingerprint(error: BaseException, directory: str) -> str:
    """Equal for errors of one type from the same lines of user code (or, without any, of a library)."""
    frames = _frames(error.__traceback__)
    folder = os.path.abspath(directory) + os.sep
    own = [frame for frame in frames if frame[0].startswith(folder)]
    places = [f"{os.path.basename(file)}:{name}:{line}" for file, name, line in own or frames]
    text = "\n".join([type(error).__qualname__, *places[-FRAMES:]])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _frames(trace: TracebackType | None) -> list[tuple[str, str, int]]:
    return [
        (os.path.abspath(frame.f_code.co_filename), frame.f_code.co_name, line)
        for frame, line in traceback.walk_tb(trace)
    ]


def _kind(error: BaseException) -> FailureKind:
    if isinstance(error, InvalidMetric):
        return FailureKind.INVALID
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return FailureKind.OOM
    return FailureKind.ERROR


def _message(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"user code called sys.exit({error.code!r})"[:LONGEST]
    try:
        text = str(error)
    except Exception as broken:
        text = f"no message: its __str__ raised {type(broken).__name__}"
    text = private(" ".join(text.split()))
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
