"""Undoing what a run changed in its process, so that the next one finds it as it was.

Undone are: the working directory, environment variables, replaced `sys.stdout` and `sys.stderr`,
handlers of signals and a pending alarm, `logging.disable`, the recursion limit, the garbage
collector being off, numpy's error state, scikit-learn's settings, and torch's default type and
gradient mode. Random generators are seeded for each run anyway. Imported modules with what they
set when they were imported, `sys.path`, and what user code keeps in variables of its own stay.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from sweeper.worker.variables import current


@contextmanager
def undone() -> Iterator[None]:
    """What is changed inside is as before afterwards, however the inside ends."""
    import numpy as np

    changes = (_directory(), _environment(), _signals(), _switches(), _torch(), _scikit_learn())
    with ExitStack() as stack:
        stack.enter_context(np.errstate())
        for restore in changes:
            stack.callback(restore)
        yield


def _directory() -> Callable[[], None]:
    before = None
    with suppress(OSError):  # a directory that was removed has no name
        before = os.getcwd()

    def restore() -> None:
        with suppress(OSError):  # the same: then there is nowhere to go back to
            if before is not None:
                os.chdir(before)

    return restore


def _environment() -> Callable[[], None]:
    now = current()
    before = dict(now)

    def restore() -> None:
        if now == before:
            return
        for name in now.keys() - before.keys():
            del os.environb[name]
        for name, value in before.items():
            if now.get(name) != value:
                os.environb[name] = value

    return restore


SIGNALS = tuple(int(number) for number in signal.valid_signals())


def _signals() -> Callable[[], None]:
    """Only the main thread may set handlers, so only there can there be anything to undo."""
    if threading.current_thread() is not threading.main_thread():
        return lambda: None
    before = _handlers()
    alarmed = signal.getitimer(signal.ITIMER_REAL) != (0.0, 0.0)

    def restore() -> None:
        if not alarmed:
            signal.setitimer(signal.ITIMER_REAL, 0)
        now = _handlers()
        if now == before:
            return
        for number, handler, other in zip(SIGNALS, before, now, strict=True):
            if handler is not None and other is not handler:
                signal.signal(number, handler)

    return restore


def _handlers() -> tuple[Any, ...]:
    """Of all signals. `signal.getsignal` gives each a name, which takes most of its time."""
    return tuple(map(_signal.getsignal, SIGNALS))


def _switches() -> Callable[[], None]:
    level, depth, collecting = logging.root.manager.disable, sys.getrecursionlimit(), gc.isenabled()
    streams = sys.stdout, sys.stderr

    def restore() -> None:
        sys.stdout, sys.stderr = streams
        if logging.root.manager.disable != level:
            logging.disable(level)
        sys.setrecursionlimit(depth)
        (gc.enable if collecting else gc.disable)()

    return restore


def _torch() -> Callable[[], None]:
    torch: Any = sys.modules.get("torch")
    if torch is None:
        return lambda: None
    kind, gradients = torch.get_default_dtype(), torch.is_grad_enabled()

    def restore() -> None:
        torch.set_default_dtype(kind)
        torch.set_grad_enabled(gradients)

    return restore


def _scikit_learn() -> Callable[[], None]:
    """Its settings are a thread's own, and a new thread has those that it is imported with."""
    loaded: Any = sys.modules.get("sklearn")
    before = loaded.get_config() if loaded is not None else None

    def restore() -> None:
        now: Any = sys.modules.get("sklearn")
        if now is None:
            return
        found = before
        if found is None:
            with ThreadPoolExecutor(1) as thread:
                found = thread.submit(now.get_config).result()
        if now.get_config() != found:
            now.set_config(**found)

    return restore
