"""The follower in a process of its own: MLflow's work costs the controller nothing.

The two sides share only the child's standard input, whose end tells the child that its
controller has finished or is dead, and the journal on disk.
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from sweeper.mlflow_store import StoreReplaced
from sweeper.ports import SweeperError
from sweeper.tracking.follower import GRACE, Records, Reflecting, follow

LOCK = "tracking.lock"

_NICE = 19


class TrackerProcess:
    """The controller's side. `argv` must end up in `serve`; its output goes to `log_path`.

    `environment` is added to its own."""

    def __init__(
        self, argv: Sequence[str], log_path: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self._argv = list(argv)
        self._environment = dict(environment or {})
        self._log_path = log_path
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the child. In a session of its own: Ctrl-C is for the controller."""
        self._process = self._spawn()

    def _spawn(self) -> subprocess.Popen[bytes]:
        log = os.open(self._log_path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
        try:
            return subprocess.Popen(
                self._argv,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, **self._environment, "MLFLOW_DISABLE_TELEMETRY": "true"},
            )
        finally:
            os.close(log)

    def finish(self, seconds: float) -> bool:
        """Let the child catch up; True when it has, False when it needs more than `seconds`.

        A child that is late goes on without us, within its own bound; one that died before
        its time is started once more.
        """
        process = self._process
        if process is None or process.poll() is not None:
            process = self._process = self._spawn()
        if process.stdin is not None:
            process.stdin.close()
        try:
            return process.wait(seconds) == 0
        except subprocess.TimeoutExpired:
            return False


def serve(
    read: Callable[[int], Records], mirror_factory: Callable[[], Reflecting], directory: Path
) -> int:
    """The child's side: follow until standard input ends; the exit status, 0 when caught up.

    One child at a time follows the sweep in `directory`: the next controller's waits until
    this one has caught up.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _give_way()
    gone = threading.Event()
    threading.Thread(target=_watch, args=(gone,), daemon=True).start()
    lock = os.open(directory / LOCK, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        if not _acquire(lock, gone):
            return 1
        caught_up = follow(
            read,
            mirror_factory,
            gone.is_set,
            pause=lambda seconds: _pause(gone, seconds),
            clock=time.monotonic,
            report=_report,
        )
        return 0 if caught_up else 1
    except StoreReplaced as replaced:
        _report(str(replaced))
        os.execv(sys.executable, sys.orig_argv)  # from the beginning, as a new process
    finally:
        os.close(lock)


def _give_way() -> None:
    """Let the sweep's own processes have the processor first. Linux weighs the niceness of a
    session against others, where it groups by sessions (man 7 sched, autogroups), and this one
    has a session of its own."""
    os.nice(_NICE)
    if os.getsid(0) == os.getpid():
        with suppress(OSError):  # a kernel that knows no such groups
            Path("/proc/self/autogroup").write_text(str(_NICE))


def at_work(directory: Path) -> bool:
    """Whether a child follows the sweep in `directory`."""
    path = directory / LOCK
    if not path.exists():
        return False
    lock = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


@contextmanager
def alone(directory: Path) -> Iterator[None]:
    """Keeps children out meanwhile; SweeperError when one follows the sweep now."""
    lock = os.open(directory / LOCK, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SweeperError(
                "tracking is at work on this sweep just now, and brings MLflow up to date itself"
            ) from None
        yield
    finally:
        os.close(lock)


def _watch(gone: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    gone.set()


def _pause(gone: threading.Event, seconds: float) -> None:
    """Wait; wake up when the controller goes, unless it has gone already."""
    if gone.is_set():
        time.sleep(seconds)
    else:
        gone.wait(seconds)


def _acquire(lock: int, gone: threading.Event) -> bool:
    """Wait for an earlier child, which ends within its grace. False: it did not."""
    deadline = None
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if gone.is_set() and deadline is None:
                deadline = time.monotonic() + GRACE
            if deadline is not None and time.monotonic() > deadline:
                _report("an earlier follower of this sweep is still at work")
                return False
            _pause(gone, 0.2)


def _report(line: str) -> None:
    stamp = time.strftime("%Y-%m-%d %H:%M:%S")
    print(f"{stamp} tracking: {line}", file=sys.stderr, flush=True)
