"""Faults between sweeper and the operating system: the N-th call of a kind is struck.

`laid` replaces functions of `os` (or methods of a class) for the rest of a forked child's
life. What it counts are boundaries: the calls that change what is on the disk beneath a
folder, each of which can be killed before, inside (half of the bytes are written) and after.
"""

from __future__ import annotations

import errno
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BY_DESCRIPTOR = ("write", "pwrite", "fsync", "fdatasync", "ftruncate")
BY_PATH = ("replace", "rename", "mkdir", "unlink", "link")


@dataclass(frozen=True, slots=True)
class Kill:
    """SIGKILL at a boundary. `when`: before, inside or after."""

    when: str = "before"

    def __call__(self, do: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        if self.when == "inside":
            _half(do, arguments)
        if self.when == "after":
            with suppress(Exception):  # also after a call that is refused
                do(*arguments)
        os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True, slots=True)
class Refuse:
    """The call fails with an OSError, after half of its bytes where it has some."""

    number: int
    half: bool = True

    def __call__(self, do: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        if self.half:
            _half(do, arguments)
        raise OSError(self.number, os.strerror(self.number))


@dataclass(frozen=True, slots=True)
class Slow:
    """The call takes so many seconds longer."""

    seconds: float

    def __call__(self, do: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        time.sleep(self.seconds)
        return do(*arguments)


Strike = Kill | Refuse | Slow

FULL, BROKEN, READ_ONLY = errno.ENOSPC, errno.EIO, errno.EROFS


def _half(do: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    """Of a write, the first half of the bytes; of anything else nothing."""
    if len(arguments) > 1 and isinstance(arguments[1], bytes | memoryview):
        file, data, *rest = arguments
        do(file, bytes(data)[: len(data) // 2], *rest)


class Layer:
    """Counts boundaries, and strikes at number `at` (from 0); at all that follow if `ever`.

    `seen` lists the boundaries met so far: what was called, and on which file.
    """

    def __init__(self, strike: Strike | None = None, at: int = 0, ever: bool = False) -> None:
        self._strike, self._at, self._ever = strike, at, ever
        self.seen: list[str] = []

    def over(self, do: Callable[..., Any], name: Callable[..., str | None]) -> Callable[..., Any]:
        """`do` with this layer over it. `name` says what a call is, None: not a boundary."""

        def struck(*arguments: Any, **options: Any) -> Any:
            boundary = name(*arguments)
            if boundary is None:
                return do(*arguments, **options)
            number = len(self.seen)
            self.seen.append(boundary)
            hit = number == self._at or (self._ever and number > self._at)
            if self._strike is not None and hit:
                return self._strike(lambda *given: do(*given, **options), arguments)
            return do(*arguments, **options)

        return struck


def lay_on_disk(layer: Layer, beneath: Path, functions: tuple[str, ...] = ()) -> None:
    """Put the layer over every function of `os` that changes files beneath a folder."""
    root = str(beneath.resolve())
    for function in functions or (*BY_DESCRIPTOR, *BY_PATH, "open"):
        setattr(os, function, layer.over(getattr(os, function), _naming(function, root)))


def lay_on_class(layer: Layer, owner: type, methods: tuple[str, ...] = ()) -> None:
    """Put the layer over methods of a class; over all public ones if none is named."""
    found = methods or tuple(n for n, f in vars(owner).items() if n[0] != "_" and callable(f))
    for name in found:
        what = f"{owner.__name__}.{name}"
        setattr(owner, name, layer.over(getattr(owner, name), lambda *_, what=what: what))


def _naming(function: str, root: str) -> Callable[..., str | None]:
    def name(*arguments: Any) -> str | None:
        path = _path(function, arguments)
        if path is None or not path.startswith(root):
            return None
        return f"{function} {path.removeprefix(root).lstrip('/')}"

    return name


def _path(function: str, arguments: tuple[Any, ...]) -> str | None:
    """The file that a call changes, if it changes one."""
    if function in BY_DESCRIPTOR:
        return os.readlink(f"/proc/self/fd/{int(arguments[0])}")
    if function == "open" and not int(arguments[1]) & (os.O_CREAT | os.O_TRUNC):
        return None
    return os.path.abspath(os.fsdecode(arguments[0]))
