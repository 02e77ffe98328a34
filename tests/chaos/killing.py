"""SIGKILL the controller at random moments, launch again, and check what came of it.

python tests/chaos/killing.py [--kills 10] [--trials 40] [--concurrency 1] [--seed 0]
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import sweeper
from sweeper.core.events import FoldsDispatched, FoldSucceeded
from sweeper.core.evolve import replay
from sweeper.core.invariants import violations
from sweeper.core.records import State, SweepState
from sweeper.journal.file import read

CONFIG = """
name: {name}
seed: 5
data: {{source: "sklearn:digits", target: target}}
metric: accuracy
model:
  estimator: sklearn.svm.SVC
  parameters:
    C: {{min: 0.01, max: 100, log: true}}
    gamma: {{min: 1e-5, max: 0.1, log: true}}
search: {{sampler: tpe, pruner: racing, concurrency: {concurrency}}}
budget: {{trials: {trials}}}
"""


def launch(folder: Path, name: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "sweeper", "launch", f"{name}.yaml"]
    log = (folder / f"{name}.log").open("ab")
    source = str(Path(sweeper.__file__).resolve().parents[1])
    env = {**os.environ, "PYTHONPATH": source}
    return subprocess.Popen(command, cwd=folder, env=env, stdout=log, stderr=log)


def configure(folder: Path, name: str, trials: int, concurrency: str) -> None:
    text = CONFIG.format(name=name, trials=trials, concurrency=concurrency)
    (folder / f"{name}.yaml").write_text(text)


def kill_at_random(folder: Path, name: str, kills: int, rng: random.Random) -> int:
    """Launch and kill `kills` times, then let it finish; how many kills hit a running sweep."""
    hits = 0
    journal = folder / "sweeps" / name / "journal.jsonl"
    for _ in range(kills):
        process = launch(folder, name)
        size = journal.stat().st_size if journal.exists() else 0
        while process.poll() is None and (not journal.exists() or journal.stat().st_size <= size):
            time.sleep(0.01)  # until this launch has written its first record
        deadline = time.monotonic() + rng.uniform(0, 4)
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        hits += process.poll() is None
        process.kill()
        process.wait()
    assert launch(folder, name).wait() == 0, (folder / f"{name}.log").read_text()[-3000:]
    return hits


def check(folder: Path, name: str, trials: int) -> State:
    """What must hold afterwards; AssertionError says what does not."""
    events = list(read(folder / "sweeps" / name / "journal.jsonl"))
    state = replay(events)
    assert state.status is SweepState.FINISHED, state.status
    assert violations(state) == []
    assert sorted(state.trials) == list(range(trials))
    acknowledged: set[tuple[int, int]] = set()
    for event in events:
        if isinstance(event, FoldSucceeded) and event.run.fold >= 0:
            acknowledged.add((event.run.trial, event.run.fold))
        if isinstance(event, FoldsDispatched):
            again = {(key.trial, key.fold) for key in event.runs} & acknowledged
            assert not again, f"acknowledged folds ran again: {again}"
    assert state.registered is not None
    assert state.registered.version == 1
    return state


def check_tracking(folder: Path, name: str, trials: int) -> None:
    """MLflow has one child run for each trial, and none left running."""
    from sweeper.mlflow_store import connect

    client = connect(f"sqlite:///{folder / 'sweeps' / 'mlflow.db'}")
    experiment = client.get_experiment_by_name(name)
    runs = client.search_runs([experiment.experiment_id], max_results=5 * trials)
    children = [run for run in runs if "mlflow.parentRunId" in run.data.tags]
    assert len(children) == trials, len(children)
    assert len(runs) == trials + 1
    assert {run.info.status for run in runs} <= {"FINISHED", "FAILED", "KILLED"}
    assert {int(run.data.tags["sweeper.trial"]) for run in children} == set(range(trials))


def torture(folder: Path, kills: int, trials: int, concurrency: str, seed: int) -> str:
    """The whole thing; a line that says what was seen."""
    rng = random.Random(seed)
    configure(folder, "killed", trials, concurrency)
    hits = kill_at_random(folder, "killed", kills, rng)
    state = check(folder, "killed", trials)
    check_tracking(folder, "killed", trials)
    said = f"{hits} of {kills} kills hit, {trials} trials, no acknowledged fold ran again"
    if concurrency == "1":
        configure(folder, "whole", trials, concurrency)
        assert launch(folder, "whole").wait() == 0
        whole = check(folder, "whole", trials)
        ours = [(t.params, t.state, t.value) for t in state.trials.values()]
        theirs = [(t.params, t.state, t.value) for t in whole.trials.values()]
        assert ours == theirs, "the interrupted sweep is another than the uninterrupted one"
        said += ", parameters and values equal to the uninterrupted sweep's"
    return said


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--concurrency", default="1")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(torture(Path(folder), asked.kills, asked.trials, asked.concurrency, asked.seed))


if __name__ == "__main__":
    main()
