"""A sweep handed over to a cluster: its controller killed, asked for by address, stopped, gone on with."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cluster.head import Head, started
from sweeper import app
from sweeper.app.queries import read
from sweeper.app.supervising import stopped_on_request
from sweeper.core.events import SweepLaunched
from sweeper.core.records import SweepState
from sweeper.journal import places

pytest.importorskip("aiohttp", reason="Ray's jobs need ray[default]")
pytestmark = [pytest.mark.cluster, pytest.mark.slow]

CONFIG = """
name: handed
seed: 3
train: slow:train
cv: none
metric: {name: score, goal: maximize}
parameters: {x: {min: 0.0, max: 1.0}}
search: {sampler: random, pruner: none}
budget: {trials: 100000}
refit: false
register: none
"""
CODE = """
import time

def train(trial):
    print("trained by", trial.params["x"], flush=True)
    time.sleep(0.5)
    return {"score": trial.params["x"]}
"""


@pytest.fixture(scope="module")
def head() -> Iterator[Head]:
    with started() as found:
        yield found


def until(condition: Callable[[], Any], seconds: float = 240.0) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return found


def launches(directory: Path) -> list[SweepLaunched]:
    return [e for e in places.at(directory).read() if isinstance(e, SweepLaunched)]


def ended(directory: Path) -> int:
    state = read(directory)
    return len(state.trials) - len(state.running)


def test_a_submitted_sweep_survives_its_controller_and_answers_by_address(head, tmp_path):
    (tmp_path / "slow.py").write_text(CODE)
    (tmp_path / "handed.yaml").write_text(CONFIG)
    root = tmp_path / "elsewhere"
    directory = root / "handed"
    submit = ("launch", "handed.yaml", "--submit", "--address", head.url, "--dir", str(root))

    said = head.sweeper(*submit, cwd=tmp_path)
    assert said.returncode == 0, said.stdout + said.stderr
    assert "its own disk" in said.stderr or "lies" in said.stderr
    follower = subprocess.Popen(
        [sys.executable, "-m", "sweeper", "logs", "handed", "-f", "--address", head.url],
        env=head.environment,
        stdout=subprocess.PIPE,
        text=True,
    )

    until(lambda: ended(directory) >= 3)
    os.kill(launches(directory)[0].pid, signal.SIGKILL)
    until(lambda: len(launches(directory)) == 2)

    status = head.sweeper("status", "handed", "--json", "--address", head.address)
    assert json.loads(status.stdout)["state"] == "running", status.stderr
    again = head.sweeper(*submit, cwd=tmp_path)
    assert again.returncode == 5, again.stdout + again.stderr

    stopped = head.sweeper("stop", "handed", "--address", head.url)
    assert stopped.returncode == 0, stopped.stderr
    followed, _ = follower.communicate(timeout=60)
    assert "trial" in followed
    assert read(directory).status is SweepState.INTERRUPTED
    assert stopped_on_request(directory)
    log = head.sweeper("logs", "handed", "0", "--address", head.address)
    assert "trained by" in log.stdout

    total = len(read(directory).trials) + 5
    budget = ("--set", f"budget.trials={total}")
    said = head.sweeper(*submit, *budget, "--json", cwd=tmp_path)
    assert json.loads(said.stdout)["exit_code"] is None, said.stderr
    until(lambda: read(directory).status is SweepState.FINISHED)
    state = read(directory)
    assert sorted(state.trials) == list(range(total))
    assert all(len(t.scores) == 1 for t in state.trials.values())
    assert len(launches(directory)) == 3
    checks = app.doctor(root, "handed")
    assert [c for c in checks if not c.ok and c.name != "mlflow"] == []
    late = head.sweeper("status", "handed", "--json", "--address", head.url)
    assert json.loads(late.stdout)["state"] == "finished"
    unknown = head.sweeper("status", "other", "--address", head.address)
    assert unknown.returncode == 1
    assert "no sweep called other was submitted" in unknown.stderr
