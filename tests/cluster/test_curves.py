"""An asha sweep on a real cluster: reports reach the controller, and stops the runs."""

from __future__ import annotations

from collections import Counter

import pytest

from sweeper import app
from sweeper.core.invariants import violations
from sweeper.core.records import RunState, SweepState, TrialState

STEPS = 40

TRAIN = f"""
import pathlib, time

def train(trial):
    x = trial.params["x"]
    with pathlib.Path(__file__).with_name("steps").open("a") as file:
        trial.resume()
        for step in trial.epochs({STEPS}):
            time.sleep(0.03)
            if trial.rank == 0:
                print(x, step, file=file, flush=True)
            trial.checkpoint(step)
            trial.report(step, score=x * (step + 1) / {STEPS}, loss=-x)
"""

CONFIG = """
name: curves
seed: 5
train: curves_train:train
resources: {workers: WORKERS}
parameters: {x: {values: [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1]}}
metric: {name: score, goal: maximize}
search: {sampler: grid, pruner: {name: asha, max_steps: 9, reduction: 2}, concurrency: 2}
budget: {trials: 9}
register: none
refit: false
tracking: none
"""


@pytest.mark.cluster
@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_trials_set_aside_stop_early_go_on_from_their_checkpoints_and_the_best_finish(
    tmp_path, workers
):
    (tmp_path / "curves_train.py").write_text(TRAIN)
    (tmp_path / "curves.yaml").write_text(CONFIG.replace("WORKERS", str(workers)))
    outcome = app.launch(tmp_path / "curves.yaml", root=tmp_path / "sweeps")
    state = outcome.state
    assert state.status is SweepState.FINISHED
    assert violations(state) == []
    assert state.best.params["x"] == 0.9
    lines = (tmp_path / "steps").read_text().splitlines()
    assert len(set(lines)) == len(lines)  # no step of a trial twice: it goes on where it was
    steps = Counter(float(line.split()[0]) for line in lines)
    stopped = [t for t in state.trials.values() if t.state is TrialState.PRUNED]
    assert len(stopped) >= 4
    for trial in stopped:
        assert {run.state for run in trial.runs} == {RunState.CANCELLED}
        assert steps[trial.params["x"]] < STEPS / 2
    assert any(trial.revived for trial in state.trials.values())  # the third, at the latest
    for trial in state.trials.values():
        assert list(trial.curve.values()) == pytest.approx(
            [trial.params["x"] * (rung.step + 1) / STEPS for rung in trial.curve]
        )
