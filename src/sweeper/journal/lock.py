"""One controller a sweep: an advisory lock on a file that names its holder.

The kernel drops the lock when the holder dies, however it dies, so a dead holder never
blocks and a reused process number never does either. The name in the file is for people.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from datetime import UTC, datetime
from pathlib import Path

from sweeper.ports import JournalUnwritable, SweepHeld

NAMING = 0.1
"""Seconds until whoever comes second looks again: the first may be a reader that only looks
who holds the sweep, and else it has written its name by then."""


class Lock:
    """Held from construction to `release`; SweepHeld when another process has it."""

    def __init__(self, path: Path) -> None:
        """JournalUnwritable where the disk does not let it write its name."""
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise unwritable(path, error) from error
        try:
            self._take(path)
        except BaseException:
            os.close(self._file)
            raise

    def _take(self, path: Path) -> None:
        for last in (False, True):
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if last:
                    raise held_by(_name(path)) from None
                time.sleep(NAMING)
        try:
            name = signature().encode()
            os.pwrite(self._file, name, 0)
            os.ftruncate(self._file, len(name))
        except OSError as error:
            raise unwritable(path, error) from error

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


def signature() -> str:
    """This process, as a lock or a lease names it."""
    since = datetime.now(UTC).isoformat(timespec="seconds")
    return json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": since})


def named(text: str) -> str:
    """A signature in words."""
    try:
        who = json.loads(text)
        return f"process {who['pid']} on {who['host']}, since {who['since']}"
    except (ValueError, KeyError):
        return "a process that has not said its name yet"


def held_by(name: str) -> SweepHeld:
    """The error for whoever comes second."""
    return SweepHeld(
        f"another controller holds this sweep: {name}. "
        "It goes on there; stop it first to launch here"
    )


def unwritable(path: Path, error: OSError) -> JournalUnwritable:
    """The error for a disk that does not take what must be written."""
    return JournalUnwritable(
        f"{path} cannot be written: {error.strerror}. Everything acknowledged so far is safe; "
        f"make room or give the right to write, and launch again to go on"
    )


def _name(path: Path) -> str:
    return named(path.read_text())
