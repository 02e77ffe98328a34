"""One controller a sweep: an advisory lock on a file that names its holder.

The kernel drops the lock when the holder dies, however it dies, so a dead holder never
blocks and a reused process number never does either. The name in the file is for people.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
from datetime import UTC, datetime
from pathlib import Path

from sweeper.ports import SweepHeld


class Lock:
    """Held from construction to `release`; SweepHeld when another process has it."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._file)
            raise SweepHeld(
                f"another controller holds this sweep: {_name(path)}. "
                f"It goes on there; stop it first to launch here"
            ) from None
        me = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "since": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, json.dumps(me).encode(), 0)

    def release(self) -> None:
        os.close(self._file)


def holder(path: Path) -> str | None:
    """Who holds the lock, in words; None when nobody does."""
    if not path.exists():
        return None
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _name(path)
    finally:
        os.close(file)
    return None


def _name(path: Path) -> str:
    try:
        who = json.loads(path.read_text())
        return f"process {who['pid']} on {who['host']}, since {who['since']}"
    except (ValueError, KeyError):
        return "a process that has not said its name yet"
