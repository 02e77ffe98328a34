"""The supervisor of a submitted sweep: `python -m sweeper.app supervise NAME --dir D -- launch …`.

Ray runs a job once. So the job is this small process, which starts the controller, starts it
again when it was killed, and keeps a desk where people elsewhere ask for the sweep.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO

from sweeper.app.directory import Directory, controller_log
from sweeper.app.filesystem import filesystem
from sweeper.app.launching import RESUMABLE
from sweeper.app.queries import holder
from sweeper.core.events import Event, RequestTaken, SweepLaunched
from sweeper.execution import cluster, desk
from sweeper.journal import places
from sweeper.ports import SweeperError

AT_WORK = "the controller is at work"
"""Printed by the job when it is so; who submitted it waits for this."""

QUICK = 60.0
"""Seconds that a controller must live for its death not to count as a quick one."""

DEATHS = 6
"""So many quick deaths in a row end the job."""

FIRST, LONGEST = 1.0, 60.0
"""Seconds before a controller is started again: doubled with each quick death."""

LOOK = 0.2


@dataclass(frozen=True, slots=True)
class Verdict:
    """What follows from a controller's end: the job's exit code, or None: start another."""

    code: int | None
    why: str = ""


def verdict(code: int, signalled: bool, stopped: bool) -> Verdict:
    """`code`: the controller's, negative for a signal. `signalled`: the job itself was asked to
    end. `stopped`: somebody asked for the sweep's end; that is an end in order, for nobody to
    try again."""
    if code == RESUMABLE and stopped:
        return Verdict(0, "stopped on request; submit it again to go on")
    if signalled:
        return Verdict(RESUMABLE, "the job was ended; submit it again to go on")
    if code < 0:
        return Verdict(None, f"killed by {signal.Signals(-code).name}")
    if code == RESUMABLE:
        return Verdict(None, "interrupted")
    return Verdict(code)


def supervise(argv: Sequence[str]) -> int:
    """The job's exit code: the controller's, 0 for a sweep that somebody stopped."""
    parser = argparse.ArgumentParser(prog="python -m sweeper.app supervise")
    parser.add_argument("name")
    parser.add_argument("--dir", type=Path, required=True)
    own, words = list(argv), []
    if "--" in own:
        at = own.index("--")
        own, words = own[:at], own[at + 1 :]
    given = parser.parse_args(own)
    root = given.dir.resolve()
    _say(f"sweep {given.name}: on this machine, {filesystem(root / given.name).words}")
    command = ["-m", "sweeper", "--dir", str(root)]
    try:
        return _Supervisor(given.name, root, command).run([*words, "--as", given.name])
    except SweeperError as error:
        _say(str(error))
        return error.exit_code


class _Supervisor:
    def __init__(self, name: str, root: Path, command: list[str]) -> None:
        self._name, self._command = name, command
        self._directory = Directory(root / name)
        self._controller: subprocess.Popen[bytes] | None = None
        self._signalled = False

    def run(self, words: list[str]) -> int:
        self._directory.make()
        cluster.join(os.environ.get("RAY_ADDRESS") or "auto", {})
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._pass_on)
        kept = desk.open_desk(self._name, self._command)
        quick = 0
        while True:
            started = time.monotonic()
            found = self._judge(self._serve(words))
            if found.why:
                _say(f"sweep {self._name}: {found.why}")
            if found.code is not None:
                del kept
                return found.code
            quick = quick + 1 if time.monotonic() - started < QUICK else 0
            if quick >= DEATHS:
                _say(f"sweep {self._name}: {quick} controllers died within {QUICK:.0f} s each")
                return RESUMABLE
            self._pause(min(FIRST * 2 ** max(quick - 1, 0), LONGEST))
            if self._signalled:
                return RESUMABLE

    def _serve(self, words: list[str]) -> int:
        """One controller, from its start to its end; its exit code."""
        controller = subprocess.Popen(
            [sys.executable, *self._command, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONPATH": cluster.import_path()},
        )
        self._controller = controller
        pump = threading.Thread(target=self._copy, args=(controller.stdout,), daemon=True)
        pump.start()
        told = False
        while (code := controller.poll()) is None:
            if not told and self._is_at_work(controller.pid):
                told = True
                _say(f"sweep {self._name}: {AT_WORK}: process {controller.pid}")
            time.sleep(LOOK)
        pump.join(timeout=5)  # a grandchild may hold the pipe open
        return code

    def _is_at_work(self, process: int) -> bool:
        """Whether this very process holds the sweep; another one may."""
        with contextlib.suppress(SweeperError):  # a journal's server that is away for a moment
            name = holder(self._directory.path) or ""
            return name.startswith(f"process {process} on {socket.gethostname()},")
        return False

    def _judge(self, code: int) -> Verdict:
        stopped = code == RESUMABLE and stopped_on_request(self._directory.path)
        return verdict(code, self._signalled, stopped)

    def _copy(self, source: IO[bytes] | None) -> None:
        """What the controller prints goes to the job's log, and stays beside the journal."""
        path = controller_log(self._directory.path)
        flags = os.O_CREAT | os.O_APPEND | os.O_WRONLY
        with os.fdopen(os.open(path, flags, 0o600), "wb", buffering=0) as log:
            for line in source or ():
                log.write(line)
                sys.stdout.buffer.write(line)
                sys.stdout.buffer.flush()

    def _pass_on(self, number: int, frame: FrameType | None) -> None:
        self._signalled = True
        if self._controller is not None and self._controller.poll() is None:
            self._controller.send_signal(number)

    def _pause(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self._signalled:
            time.sleep(LOOK)


def stopped_on_request(directory: Path) -> bool:
    """Whether the last launch of this sweep ended because somebody asked for it."""
    asked = False
    for event in places.at(directory).read():
        asked = _asks(event) or (asked and not isinstance(event, SweepLaunched))
    return asked


def _asks(event: Event) -> bool:
    return isinstance(event, RequestTaken) and event.what.startswith("stop") and not event.refused


def _say(text: str) -> None:
    print(text, flush=True)
