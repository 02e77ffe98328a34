"""A sweep of several objectives, with every part real and folds in this process."""

from __future__ import annotations

import json

import pytest

from sweeper import app
from sweeper.cli.main import main
from sweeper.core.invariants import violations
from sweeper.core.records import SweepState
from sweeper.ports import ConfigError

CONFIG = """
name: tree
data: {source: "sklearn:iris", target: target}
cv: 3
metric: [accuracy, model_bytes]
model:
  estimator: sklearn.tree.DecisionTreeClassifier
  parameters: {max_depth: {min: 1, max: 8}}
search: {sampler: random, concurrency: 1}
budget: {trials: 6}
tracking: none
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "tree.yaml").write_text(CONFIG)
    return tmp_path


def launch(folder, *overrides, **options):
    return app.launch(
        folder / "tree.yaml",
        overrides=overrides,
        root=folder / "sweeps",
        inline=True,
        **options,
    )


def shown(folder, capsys, *words):
    assert main(["--dir", str(folder / "sweeps"), *words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_the_front_is_shown_and_the_best_point_within_the_limits_is_registered(folder, capsys):
    outcome = launch(folder)
    assert outcome.exit_code == 0
    assert violations(outcome.state) == []
    status = shown(folder, capsys, "status", "tree")
    trials = {t["number"]: t for t in shown(folder, capsys, "show", "tree")["trials"]}
    assert [objective["goal"] for objective in status["objectives"]] == ["maximize", "minimize"]
    assert status["front"] == [n for n, trial in trials.items() if trial["front"]]
    assert set(status["best"]["values"]) == {"accuracy", "model_bytes"}
    assert trials[status["best"]["trial"]]["value"] == max(t["value"] for t in trials.values())

    limit = min(trial["values"]["model_bytes"] for trial in trials.values()) + 100
    assert status["best"]["values"]["model_bytes"] > limit
    other = launch(folder, f"register.within={{model_bytes: {limit}}}", name="small")
    assert other.state.registered is not None
    best = other.state.best
    assert best is not None
    assert -other.state.front[best.number][1] <= limit


def test_no_point_within_the_limits_is_no_winner_until_the_limit_is_widened(folder):
    none = launch(folder, "register.within={model_bytes: 1}")
    assert none.exit_code == 4
    assert none.state.status is SweepState.FINISHED
    assert "none of 6 complete trials keeps within model_bytes 1" in none.state.reason
    some = launch(folder, "register.within={model_bytes: 1000000}")
    assert some.exit_code == 0
    assert len(some.state.trials) == 6
    assert some.state.registered is not None


def test_other_objectives_need_another_name(folder):
    launch(folder, "budget.trials=2")
    with pytest.raises(ConfigError, match="objectives"):
        launch(folder, "metric=[accuracy, fit_seconds]")
