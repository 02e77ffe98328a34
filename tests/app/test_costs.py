"""What a launch costs, and budgets of it, with every part real and folds in this process."""

from __future__ import annotations

import pytest

from sweeper import api, app
from sweeper.cli.main import main
from sweeper.core.records import Success, SweepState
from sweeper.ports import ConfigError

TRAIN = """
import subprocess
import sys

SPIN = "import time\\nwhile time.process_time() < 0.1: pass"

def train(trial):
    if trial.params["child"]:
        subprocess.run([sys.executable, "-c", SPIN], check=True)
    return {"loss": trial.params["x"]}
"""

CONFIG = """
name: costly
train: costly_train:train
parameters: {x: {min: 0.0, max: 1.0}, child: true}
metric: {name: loss, goal: minimize}
search: {sampler: random, pruner: none}
resources: {cpus: 2}
prices: {cpu_hour: 3600, currency: EUR}
budget: {money: 2}
refit: false
register: none
tracking: none
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "costly_train.py").write_text(TRAIN)
    (tmp_path / "costly.yaml").write_text(CONFIG)
    return tmp_path


def launch(folder, *overrides):
    return app.launch(
        folder / "costly.yaml",
        overrides=overrides,
        root=folder / "sweeps",
        inline=True,
        notice=lambda text: None,
    )


def test_a_launch_ends_when_its_money_is_spent_and_goes_on_with_more(folder, capsys):
    state = launch(folder).state
    assert state.status is SweepState.FINISHED
    assert "the budget of 2 EUR is spent" in state.spent
    begun = len(state.trials)
    outcomes = [r.outcome for t in state.trials.values() for r in t.runs if r.outcome]
    assert begun >= 2
    assert all(o.usage.cpu > 0.05 and o.usage.memory > 0 for o in outcomes)
    assert isinstance(outcomes[0], Success)

    sweep = api.open("costly", folder / "sweeps")
    cost = sweep.status()["cost"]
    assert cost["budgets"]["money"]["spent"] >= 2
    assert cost["total"]["money"] == pytest.approx(cost["total"]["reserved_cpu_s"], rel=1e-3)
    assert sweep.edit("budget.money=4").what == "edit budget.money 2 → 4"
    again = app.resume(folder / "sweeps" / "costly", inline=True).state
    assert len(again.trials) > begun
    for words in (["show", "costly"], ["show", "costly", "0"], ["status", "costly"]):
        assert main([*words, "--dir", str(folder / "sweeps")]) == 0
    told = capsys.readouterr().out
    assert "of 4 EUR" in told
    assert "CPU used" in told


def test_an_edit_to_money_without_prices_is_refused(folder):
    launch(folder, "-prices", "-budget.money", "budget.trials=1")
    with pytest.raises(ConfigError, match="without prices nobody knows"):
        api.open("costly", folder / "sweeps").edit("budget.money=4")
