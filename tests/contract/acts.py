"""What fold runs do in the executors' tests: a `run` in place of the worker's."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from sweeper.core.records import Failure, FailureKind, Success
from sweeper.ports import Channel, Job, Order, RunResult
from sweeper.worker.capture import captured


def act(job: Job, order: Order, channel: Channel) -> RunResult:
    """Do what the order's parameter `do` says."""
    with captured(bool(channel.log), channel.log):
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


def _litter(order, channel):
    """Children that nothing ties to this process, then what `then` says."""
    pids = [
        subprocess.Popen(["sleep", "300"], start_new_session=True).pid,
        int(subprocess.check_output(["sh", "-c", "setsid sleep 300 >/dev/null & echo $!"])),
        _daemon(),
    ]
    Path(order.params["pids"]).write_text("\n".join(map(str, pids)))
    if order.params["then"] in ("hang", "exit", "kill"):
        time.sleep(0.6)  # the agent sees them
    return _ACTS[order.params["then"]](order, channel)


def _daemon() -> int:
    """Forked twice, a session of its own, and no other program."""
    read, write = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.write(write, str(os.getpid()).encode())
            time.sleep(300)
        os._exit(0)
    return int(os.read(read, 20))


def _hog(order, channel):
    """Memory, 40 MB a step, kept."""
    kept = []
    while True:
        kept.append(bytearray(os.urandom(1) * (40 * 2**20)))
        time.sleep(0.02)


def _talk(order, channel):
    print("the first line", flush=True)
    while not Path(order.params["until"]).exists():
        time.sleep(0.01)
    return _ACTS[order.params["then"]](order, channel)


class Unsendable:
    def __reduce__(self):
        raise TypeError("not for the road")


def _unsendable(order, channel):
    return RunResult(Success({"m": 0.0}, 0.0, report={"x": Unsendable()}))


def _one_rank(order, channel):
    """The gang's rank `who` does `what`, the others do `else`."""
    own = order.rank is not None and str(order.rank.rank) == order.params["who"]
    return _ACTS[order.params["what" if own else "else"]](order, channel)


def _whoami(order, channel):
    """The process, as its score; rank 0 answers."""
    ranks = 1 if order.rank is None else order.rank.world_size
    return RunResult(Success({"m": float(os.getpid()), "ranks": float(ranks)}, 0.0))


def _sleep(order, channel):
    """Long enough for others to be at work too."""
    time.sleep(4)
    return RunResult(Success({"m": 0.0}, 4.0))


_ACTS = {
    "one_rank": _one_rank,
    "whoami": _whoami,
    "sleep": _sleep,
    "litter": _litter,
    "hog": _hog,
    "talk": _talk,
    "unsendable": _unsendable,
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
