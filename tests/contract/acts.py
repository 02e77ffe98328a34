"""What fold runs do in the executors' tests: a `run` in place of the worker's."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time

from sweeper.core.records import Failure, FailureKind, Success
from sweeper.ports import Channel, Job, Order, RunResult


def act(job: Job, order: Order, channel: Channel) -> RunResult:
    """Do what the order's parameter `do` says."""
    return _ACTS[order.params["do"]](order, channel)


def _score(order, channel):
    score = float(order.key.fold)
    return RunResult(Success({"m": score}, 0.0), {"model": ("m.pkl", b"x")}, "a line")


def _fail(order, channel):
    return RunResult(Failure(FailureKind.ERROR, "ValueError", "went wrong", "p"))


def _exit(order, channel):
    os._exit(3)


def _kill(order, channel):
    os.kill(os.getpid(), signal.SIGKILL)


def _segfault(order, channel):
    ctypes.string_at(0)


def _raise(order, channel):
    raise RuntimeError("the worker itself is broken")


def _hang(order, channel):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        time.sleep(1)


def _report(order, channel):
    while not channel.report(1, {"m": 0.0}):
        time.sleep(0.01)
    return RunResult(Success({"m": 0.0}, 0.0))


def _leave(order, channel):
    sys.exit(4)


_ACTS = {
    "score": _score,
    "fail": _fail,
    "exit": _exit,
    "kill": _kill,
    "segfault": _segfault,
    "raise": _raise,
    "hang": _hang,
    "report": _report,
    "leave": _leave,
}
