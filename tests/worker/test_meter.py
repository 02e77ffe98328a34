"""What a fold run took, measured around it."""

from __future__ import annotations

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
    return {"loss": 0.5}

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
def usage(make_job, user_module, do):
    name = user_module(SPINS)

    def of(function):
        outcome = do(make_job(train=f"{name}:{function}", metrics=("loss",))).outcome
        return outcome.usage

    return of


@pytest.mark.parametrize("function", ["ended", "living", "broken"])
def test_a_busy_child_is_counted_whether_it_has_ended_or_not(usage, function):
    import psutil

    found = usage(function)
    for child in psutil.Process().children():
        child.kill()
        child.wait()
    assert found.cpu >= 0.39
    assert usage("idle").cpu < 0.3


def test_the_peak_is_that_of_the_run_and_not_of_the_one_before(usage):
    before = usage("idle").memory
    big = usage("big").memory
    assert before > 0
    assert big >= before + 200_000_000
    if resets():
        assert usage("idle").memory < big - 150_000_000


def resets() -> bool:
    """Whether this kernel begins a process's peak anew when it is asked to."""
    import os

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
