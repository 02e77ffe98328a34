"""One controller a sweep."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from sweeper.journal.lock import Lock, holder
from sweeper.ports import SweepHeld

HOLD = """
import sys, time
from pathlib import Path
from sweeper.journal.lock import Lock
lock = Lock(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "lock"


@pytest.fixture
def other(path):
    """Another process that holds the lock."""
    command = [sys.executable, "-c", HOLD, str(path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


def test_the_second_is_refused_and_told_who_holds_it(path, other):
    with pytest.raises(SweepHeld, match=f"process {other.pid} on") as caught:
        Lock(path)
    assert caught.value.exit_code == 5


def test_a_killed_holder_is_taken_over_at_once(path, other):
    os.kill(other.pid, signal.SIGKILL)
    other.wait()
    began = time.monotonic()
    Lock(path).release()
    assert time.monotonic() - began < 5


def test_a_reader_sees_the_holder_and_does_not_disturb(path, other):
    assert f"process {other.pid}" in holder(path)
    other.kill()
    other.wait()
    assert holder(path) is None
    Lock(path).release()


def test_nobody_holds_a_lock_that_was_released(path):
    assert holder(path) is None
    lock = Lock(path)
    lock.release()
    assert holder(path) is None


def test_somebody_who_only_looks_keeps_nobody_from_taking_the_lock(tmp_path):
    path = tmp_path / "lock"
    Lock(path).release()
    looking = os.open(path, os.O_RDONLY)
    fcntl.flock(looking, fcntl.LOCK_SH)
    threading.Timer(0.02, os.close, (looking,)).start()
    Lock(path).release()
