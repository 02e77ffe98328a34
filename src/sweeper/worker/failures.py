"""From an exception to a failure: a value that says what happened and where.

Nothing that user code raises gets past this: whatever an exception does when it is asked
what it is, a failure of bounded size comes out.
"""

from __future__ import annotations

import hashlib
import os
import re
import traceback
from collections.abc import Callable, Iterator
from types import TracebackType

from sweeper import Infeasible, secrets
from sweeper.core.records import Failure, FailureKind
from sweeper.ports import Job, Order
from sweeper.worker.values import InvalidMetric

Hide = Callable[[str], str]

LONGEST = 500
LONGEST_STORY = 64 * 1024
FRAMES = 3
CAUSES = 8

NOT_SHOWN = "<not shown>"
"""What stands where a cell of the table was."""

CELLS = re.compile(r"(could not convert string to float: |Found unknown categories ).*")
"""Well-known messages that quote cells of the table: the data stays out of messages."""

NO_MEMORY = re.compile(
    r"(CUDA|HIP|MPS|XPU)[\w ]* out of memory|CUDA error: out of memory|CUBLAS_STATUS_ALLOC_FAILED"
    r"|[Cc]an(no|')t allocate memory|bad_alloc|RESOURCE_EXHAUSTED: Out of memory"
)
"""What libraries say that have no exception of their own for it."""


def failure(error: BaseException, directory: str, seconds: float, hide: Hide) -> Failure:
    """The failure that `error` is, its message in one line of at most LONGEST characters.

    `hide` takes out of a text what is to be written nowhere.

    Its class is that of the first exception in the chain of causes that has one. Causes
    count where they are stated (`raise … from …`), not where one error met another.
    """
    try:
        told = next((e for e in causes(error) if _kind(e) is not FailureKind.ERROR), error)
        return Failure(
            kind=_kind(told),
            error=_clean(type(told).__name__, hide),
            message=_message(told, hide),
            fingerprint=fingerprint(error, directory),
            seconds=seconds,
        )
    except Exception as broken:
        said = f"an exception that cannot be told: telling it raised {type(broken).__name__}"
        return Failure(FailureKind.ERROR, "Untellable", said, "untellable", seconds)


def story(error: BaseException, directory: str) -> str:
    """The traceback, for the run's log, from where user code was called if it was.

    Without the lines of sweeper where sweeper itself says what is wrong. Its beginning and
    end where it is very long.
    """
    try:
        trace = _called(error.__traceback__, _folder(directory))
        if trace is None and not _own(error):
            trace = error.__traceback__
        text = "".join(traceback.format_exception(type(error), error, trace))
    except Exception as broken:
        return f"the traceback cannot be told: telling it raised {type(broken).__name__}\n"
    if len(text) > LONGEST_STORY:
        half = LONGEST_STORY // 2
        head, tail = text[:half].rpartition("\n")[0], text[-half:].partition("\n")[2]
        text = f"{head}\n… {len(text) - len(head) - len(tail):,} characters left out …\n{tail}"
    return text


def hiding(job: Job, order: Order) -> Hide:
    """Takes out of a text what `private` does, and the cells that this run had."""

    def hide(text: str) -> str:
        if not text:
            return text
        from sweeper.worker.cells import without_cells

        return without_cells(private(text), job.rows, order.holdout)

    return hide


def private(text: str) -> str:
    """`text` without secrets and what libraries quote of the table, such that UTF-8 can hold it."""
    whole = CELLS.sub(rf"\1{NOT_SHOWN}", secrets.hide(text))
    return whole.encode("utf-8", "backslashreplace").decode()


def causes(error: BaseException) -> Iterator[BaseException]:
    """`error` and what it was raised from, at most CAUSES of them."""
    at: BaseException | None = error
    for _ in range(CAUSES):
        if at is None:
            return
        yield at
        at = at.__cause__


def fingerprint(error: BaseException, directory: str) -> str:
    """Equal for errors of one type from the same lines of user code (or, without any, of a
    library), and with such causes. What the message says does not matter."""
    folder = _folder(directory)
    text = "\n".join(line for each in causes(error) for line in _place(each, folder))
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:16]


def _place(error: BaseException, folder: str) -> list[str]:
    """The type, and the last FRAMES lines that led here; of a recursion each line once."""
    frames = _frames(error.__traceback__)
    own = [frame for frame in frames if frame[0].startswith(folder)]
    places = [f"{os.path.basename(file)}:{name}:{line}" for file, name, line in own or frames]
    return [type(error).__qualname__, *list(dict.fromkeys(places))[-FRAMES:]]


def _folder(directory: str) -> str:
    return os.path.abspath(directory) + os.sep


def _called(trace: TracebackType | None, folder: str) -> TracebackType | None:
    """The part of the traceback that begins with user code; None where there is none."""
    while trace is not None:
        if os.path.abspath(trace.tb_frame.f_code.co_filename).startswith(folder):
            return trace
        trace = trace.tb_next
    return None


def _own(error: BaseException) -> bool:
    """It is of a kind that sweeper has for telling what user code did."""
    return type(error).__module__.partition(".")[0] == "sweeper"


def _frames(trace: TracebackType | None) -> list[tuple[str, str, int]]:
    return [
        (os.path.abspath(frame.f_code.co_filename), frame.f_code.co_name, line)
        for frame, line in traceback.walk_tb(trace)
    ]


def _kind(error: BaseException) -> FailureKind:
    if isinstance(error, Infeasible):
        return FailureKind.INFEASIBLE
    if isinstance(error, InvalidMetric):
        return FailureKind.INVALID
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return FailureKind.OOM
    if isinstance(error, RuntimeError | OSError) and NO_MEMORY.search(_said(error)):
        return FailureKind.OOM
    return FailureKind.ERROR


def _message(error: BaseException, hide: Hide) -> str:
    if isinstance(error, SystemExit):
        return _clean(f"user code called sys.exit({_code(error)})", hide)
    if isinstance(error, KeyboardInterrupt):
        return "user code raised KeyboardInterrupt"
    return _clean(_said(error), hide)


def _code(error: SystemExit) -> str:
    code = error.code
    return repr(code) if code is None or isinstance(code, int | str) else type(code).__name__


def _said(error: BaseException) -> str:
    """The first few thousand characters of what the error says of itself."""
    try:
        return str(error)[: 8 * LONGEST]
    except BaseException as broken:  # an exception's own code is user code too
        return f"no message: its __str__ raised {type(broken).__name__}"


def _clean(text: str, hide: Hide) -> str:
    text = " ".join(hide(text).split())  # before it is cut: half a cell is not found
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
