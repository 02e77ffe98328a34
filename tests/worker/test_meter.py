"""What a fold run took, measured around it."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest

from sweeper.core.records import Success
from sweeper.worker import meter

SPINS = """
import subprocess
import sys

SPIN = "import time\\nwhile time.process_time() < 0.4: pass"

def ended(trial):
    subprocess.run([sys.executable, "-c", SPIN], check=True)
    return {"loss": 0.5}

def living(trial):
    spin = SPIN + "\\nprint(flush=True)\\ntime.sleep(60)"
    global child
    child = subprocess.Popen([sys.executable, "-c", spin], stdout=subprocess.PIPE)
    child.stdout.readline()
    return {"loss": child.pid}

def idle(trial):
    return {"loss": 0.5}

def big(trial):
    import numpy
    numpy.ones(30_000_000)
    return {"loss": 0.5}

def broken(trial):
    subprocess.run([sys.executable, "-c", SPIN], check=True)
    raise ValueError("no")
"""


@pytest.fixture
def outcome(make_job, user_module, do):
    name = user_module(SPINS)

    def of(function):
        return do(make_job(train=f"{name}:{function}", metrics=("loss",))).outcome

    return of


@pytest.mark.parametrize("function", ["ended", "broken"])
def test_a_busy_child_that_has_ended_is_counted(outcome, function):
    assert outcome(function).usage.cpu >= 0.39
    assert outcome("idle").usage.cpu < 0.3


def test_a_busy_child_that_lives_on_is_counted_by_the_run_that_it_was_busy_in(outcome):
    found = outcome("living")
    try:
        assert found.usage.cpu >= 0.39
        assert outcome("idle").usage.cpu < 0.3
    finally:
        child = int(found.scores["loss"])
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_the_peak_is_that_of_the_run_and_not_of_the_one_before(outcome):
    before = outcome("idle").usage.memory
    big = outcome("big").usage.memory
    assert before > 0
    assert big >= before + 200_000_000
    if resets():
        assert outcome("idle").usage.memory < big - 150_000_000


def resets() -> bool:
    """Whether this kernel begins a process's peak anew when it is asked to."""
    try:
        os.close(os.open(meter.RESET, os.O_WRONLY))
    except OSError:
        return False
    return True


def test_a_model_is_measured_too_and_where_the_kernel_tells_no_peak(
    make_job, candidate, do, monkeypatch
):
    monkeypatch.setattr(meter, "STATUS", "/nowhere")
    monkeypatch.setattr(meter, "RESET", "/nowhere")
    model = candidate("sklearn.linear_model:LogisticRegression")
    X = np.random.default_rng(0).normal(size=(60, 4))
    outcome = do(make_job(X, np.arange(60) % 3, model=model)).outcome
    assert isinstance(outcome, Success)
    assert outcome.usage.cpu > 0
    assert outcome.usage.memory > 10_000_000
