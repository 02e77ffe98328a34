"""Where lines go: facts to stdout, messages to stderr, JSON alone on stdout."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
from typing import Any, NoReturn, TextIO


class Steady:
    """A stream that outlives its reader.

    A launch must not end because `| head` has seen enough or its terminal was closed: from
    the first failed write on, nothing more is written.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.gone = False
        self.encoding = stream.encoding

    def write(self, text: str) -> int:
        self._attempt(lambda: self.stream.write(text))
        return len(text)

    def flush(self) -> None:
        self._attempt(self.stream.flush)

    def line(self, text: str = "") -> None:
        self.write(f"{text}\n")
        self.flush()

    def isatty(self) -> bool:
        return self.stream.isatty()

    def fileno(self) -> int:
        return self.stream.fileno()

    def _attempt(self, write: Any) -> None:
        if self.gone:
            return
        try:
            write()
        except OSError:
            self.gone = True


def lines(text: list[str]) -> None:
    """Facts, to stdout."""
    for line in text:
        print(line)


def message(text: str) -> None:
    """Something for people, to stderr."""
    print(text, file=sys.stderr, flush=True)


def emit(document: dict[str, Any]) -> None:
    """One JSON document, alone on stdout."""
    print(as_json(document))


def as_json(document: dict[str, Any]) -> str:
    """`document` as strict JSON: what is not finite is null."""
    from sweeper.view import finite

    return json.dumps(finite(document), indent=2, ensure_ascii=False, allow_nan=False)


def width() -> int | None:
    """Columns to cut tables to; None when stdout is no terminal and nothing should be cut."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def tolerate_any_encoding() -> None:
    """A terminal that cannot show `±` gets `?`, not a traceback."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")


def finish() -> None:
    """Flushes stdout; if its reader has gone, keeps Python from complaining of it at exit."""
    try:
        sys.stdout.flush()
    except OSError:
        discard()


def leave(code: int) -> NoReturn:
    """End this process now: taking a big interpreter down in order takes a part of a second."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    os._exit(code)


def discard() -> None:
    """Points stdout at nothing, for a reader that has gone."""
    with contextlib.suppress(OSError, ValueError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
        os.close(nothing)
