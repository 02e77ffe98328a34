"""Looking at other processes: who carries a mark, and waiting for what must come."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

MARK = "CHAOS_MARK"
"""A variable of the environment that every process of a sweep inherits, double forks included."""


def marked(value: str) -> dict[int, str]:
    """The living processes, Ray's servers too, that carry this mark: number and command."""
    found = {}
    wanted = f"{MARK}={value}".encode()
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):  # it has ended meanwhile, or is another user's
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                words = (
                    (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                )
                found[int(folder.name)] = words.strip()
    return found


def wait_for(
    condition: Callable[[], object],
    seconds: float,
    what: str,
    process: subprocess.Popen[bytes] | None = None,
) -> float:
    """How long it took until the condition held; AssertionError when it does not in time."""
    began = time.monotonic()
    while not condition():
        took = time.monotonic() - began
        assert took < seconds, f"not within {seconds:g} s: {what}"
        assert process is None or process.poll() is None, f"the launch ended before: {what}"
        time.sleep(0.02)
    return time.monotonic() - began
