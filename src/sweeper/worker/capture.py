"""Catching what a run writes to stdout and stderr, compiled code included."""

from __future__ import annotations

import io
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache

HEAD = 64 * 1024
TAIL = 192 * 1024

Read = Callable[[], str]


@contextmanager
def captured(active: bool = True, path: str = "") -> Iterator[Read]:
    """Inside, output goes to a file of this process; the value reads it, also afterwards.

    `path` names that file, for its owner only; without one it has no name.

    Both Python's streams and file descriptors 1 and 2 are caught; where a descriptor is
    closed or replaced (as under a test runner) the streams alone are. Not for threads side
    by side.
    """
    if not active:
        yield lambda: ""
        return
    log = _file(path)
    stream = _stream(log)
    os.ftruncate(log, 0)
    streams = sys.stdout, sys.stderr
    _flush(*streams)
    saved = [(fd, copy) for fd in (1, 2) if (copy := _duplicate(fd)) is not None]
    for fd, _ in saved:
        os.dup2(log, fd)
    sys.stdout = sys.stderr = stream
    try:
        yield lambda: _bounded(log)
    finally:
        _flush(*streams)
        sys.stdout, sys.stderr = streams
        for fd, copy in saved:
            os.dup2(copy, fd)
            os.close(copy)


@cache
def _file(path: str) -> int:
    """The descriptor of the one file of this process. Appending keeps both streams and child
    processes in order."""
    unnamed = not path
    if unnamed:
        descriptor, path = tempfile.mkstemp(prefix="sweeper-")
        os.close(descriptor)
    appending = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    if unnamed:
        os.unlink(path)
    return appending


def _stream(log: int) -> io.TextIOWrapper:
    """A stream to the file: always the same, for a user's logging handler may keep it, until
    user code closes or detaches it."""
    with suppress(KeyError, ValueError):
        if not _streams[log].closed:
            return _streams[log]
    raw = os.fdopen(log, "ab", 0, closefd=False)
    _streams[log] = io.TextIOWrapper(raw, encoding="utf-8", errors="replace", write_through=True)  # type: ignore[type-var]
    return _streams[log]


_streams: dict[int, io.TextIOWrapper] = {}


def _duplicate(fd: int) -> int | None:
    try:
        return os.dup(fd)
    except OSError:
        return None


def _flush(*streams: object) -> None:
    for stream in streams:
        with suppress(AttributeError, OSError, ValueError):
            stream.flush()  # type: ignore[attr-defined]


def _bounded(log: int) -> str:
    """The log's beginning and end, at most HEAD + TAIL bytes, and what is left out between."""
    size = os.fstat(log).st_size
    if size <= HEAD + TAIL:
        return _text(os.pread(log, size, 0))
    head, tail = os.pread(log, HEAD, 0), os.pread(log, TAIL, size - TAIL)
    return f"{_text(head)}\n… {size - HEAD - TAIL} bytes left out …\n{_text(tail)}"


def _text(content: bytes) -> str:
    return content.decode("utf-8", errors="replace")
