"""Launching, resuming and changing sweeps, with every part real and folds in this process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sweeper import app
from sweeper.core.events import FoldSucceeded, SettingsChanged
from sweeper.core.invariants import violations
from sweeper.core.records import RunKey, SweepState, TrialState
from sweeper.journal.file import read
from sweeper.journal.lock import Lock
from sweeper.ports import ConfigError, SweepHeld

CONFIG = """
name: tree
seed: 3
data: {source: "sklearn:iris", target: target, holdout: none}
cv: 3
metric: accuracy
model:
  estimator: sklearn.tree.DecisionTreeClassifier
  parameters: {max_depth: {min: 1, max: 8}, min_samples_leaf: {min: 1, max: 20}}
search: {sampler: tpe, pruner: none, concurrency: 1}
budget: {trials: 4}
register: none
tracking: none
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "tree.yaml").write_text(CONFIG)
    return tmp_path


def launch(folder: Path, *overrides: str, **options):
    notices: list[str] = []
    outcome = app.launch(
        folder / "tree.yaml",
        overrides=overrides,
        root=folder / "sweeps",
        inline=True,
        notice=notices.append,
        **options,
    )
    return outcome, notices


def events(folder: Path, name: str = "tree"):
    return list(read(folder / "sweeps" / name / "journal.jsonl"))


def test_a_sweep_runs_to_its_end(folder):
    outcome, _ = launch(folder, "data.holdout=0.2")
    assert outcome.exit_code == 0
    assert outcome.state.status is SweepState.FINISHED
    assert len(outcome.state.trials) == 4
    assert violations(outcome.state) == []
    report = outcome.state.holdout
    assert set(report["metrics"]["accuracy"]) >= {"value", "low", "high"}
    assert (outcome.directory / "report" / "confusion_matrix.png").read_bytes()[:4] == b"\x89PNG"


def test_launching_a_finished_sweep_again_does_nothing(folder):
    launch(folder)
    before = events(folder)
    outcome, notices = launch(folder)
    assert outcome.exit_code == 0
    assert events(folder) == before
    assert any("finished" in line for line in notices)


def test_a_raised_budget_goes_on_with_the_same_numbers(folder):
    launch(folder)
    folds = [e.run for e in events(folder) if isinstance(e, FoldSucceeded) and e.run.fold >= 0]
    outcome, notices = launch(folder, "budget.trials=6")
    assert sorted(outcome.state.trials) == list(range(6))
    again = [e.run for e in events(folder) if isinstance(e, FoldSucceeded) and e.run.fold >= 0]
    assert again[: len(folds)] == folds
    assert len(again) == 6 * 3
    assert any("budget.trials: 4 → 6" in line for line in notices)
    (edit,) = [e for e in events(folder) if isinstance(e, SettingsChanged)]
    assert edit.changes == (("budget.trials", 4, 6),)


def test_the_models_of_folds_are_there_also_when_the_search_went_on(folder):
    launch(folder, "refit=false")
    outcome, _ = launch(folder, "refit=false", "budget.trials=6")
    assert outcome.exit_code == 0, outcome.state.reason
    assert outcome.state.status is SweepState.FINISHED
    of_best = [role for role in outcome.state.artifacts if role.startswith("model-")]
    assert len(of_best) == 6 * 3


def test_a_budget_raised_in_two_steps_suggests_what_one_sweep_would_have(folder):
    launch(folder)
    grown, _ = launch(folder, "budget.trials=8")
    whole, _ = launch(folder, "budget.trials=8", name="whole")
    assert [t.params for t in grown.state.trials.values()] == [
        t.params for t in whole.state.trials.values()
    ]


@pytest.mark.parametrize(
    ("override", "named"),
    [
        ("metric=f1_macro", "metric.name: accuracy → f1_macro"),
        ("cv=4", "cv"),
        ("seed=4", "seed: 3 → 4"),
        (
            "model.parameters.max_depth={min: 1, max: 8, log: true}",
            "space.max_depth: 1 to 8, integers →",
        ),
        ("data.holdout=0.3", "data"),
        ("search.sampler=random", "sampler: tpe → random"),
    ],
)
def test_what_may_not_change_is_refused_by_name_and_nothing_is_written(folder, override, named):
    launch(folder)
    before = events(folder)
    with pytest.raises(ConfigError, match=named) as caught:
        launch(folder, override)
    assert "--as NAME" in str(caught.value)
    assert events(folder) == before


def test_changed_data_is_refused(folder):
    table = "a,b,y\n" + "".join(f"{i},{i % 7},{i % 2}\n" for i in range(60))
    (folder / "table.csv").write_text(table)
    data = ("data.source=table.csv", "data.target=y")
    launch(folder, *data)
    (folder / "table.csv").write_text(table.replace("5,5,1", "5,6,1"))
    with pytest.raises(ConfigError, match="data of sweep tree changed"):
        launch(folder, *data)


def test_a_bad_config_writes_nothing(folder):
    with pytest.raises(ConfigError):
        launch(folder, "metric=acuracy", "data.target=nothing")
    assert not (folder / "sweeps").exists()


def test_problems_of_config_and_data_come_together(folder):
    with pytest.raises(ConfigError) as caught:
        launch(folder, "search.sampler=tpa", "data.drop=[nope]")
    assert "tpa" in str(caught.value)
    assert "nope" in str(caught.value)


def test_a_held_sweep_is_refused_and_its_holder_named(folder):
    launch(folder)
    lock = Lock(folder / "sweeps" / "tree" / "lock")
    try:
        with pytest.raises(SweepHeld, match=f"process {os.getpid()}"):
            launch(folder, "budget.trials=9")
    finally:
        lock.release()


def test_no_successful_trial_is_exit_code_4(folder):
    (folder / "mine.py").write_text(
        "def train(trial):\n    raise ValueError('no ' + 'x' * trial.params['n'])\n"
    )
    (folder / "tree.yaml").write_text(
        "name: tree\ndata: {source: 'sklearn:iris', target: target, holdout: none}\ntrain: mine:train\n"
        "parameters: {n: {min: 1, max: 50}}\nmetric: accuracy\nbudget: {trials: 2}\n"
        "tracking: none\nregister: none\n"
    )
    outcome, _ = launch(folder)
    assert outcome.exit_code == 4
    assert all(t.state is TrialState.FAILED for t in outcome.state.trials.values())
    log = app.log_path(outcome.directory, RunKey(0, 0, 1)).read_text()
    assert "ValueError: no x" in log


def test_a_sweep_without_parameters_is_one_training_run(folder):
    (folder / "tree.yaml").write_text(
        "name: tree\ndata: {source: 'sklearn:iris', target: target, holdout: none}\ncv: 3\nmetric: accuracy\n"
        "model: sklearn.tree.DecisionTreeClassifier\nregister: none\ntracking: none\n"
    )
    outcome, _ = launch(folder)
    assert outcome.exit_code == 0
    assert len(outcome.state.trials) == 1


def test_secrets_in_a_tracking_url_are_not_written_down(folder, monkeypatch):
    monkeypatch.setattr("sweeper.app.launching.CATCH_UP", 0.5)  # nobody answers at that URL
    launch(folder, "tracking={uri: 'http://user:hunter2@127.0.0.1:1'}")
    for path in (folder / "sweeps").rglob("*"):
        if path.is_file():
            assert b"hunter2" not in path.read_bytes(), path


def test_files_are_for_their_owner_only(folder):
    outcome, _ = launch(folder)
    for path in [outcome.directory, *outcome.directory.rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_second_launch_registers_one_version_and_keeps_its_lineage(folder):
    options = ("register={model: tree}", f"tracking=sqlite:///{folder}/sweeps/mlflow.db")
    outcome, _ = launch(folder, *options)
    launch(folder, *options)
    registry = app.registry(folder / "sweeps")
    (version,) = registry.versions("tree")
    assert version.aliases == ("champion",)
    lineage = registry.lineage(registry.show("tree", "@champion"))
    assert lineage["trial"]["params"] == outcome.state.best.params
    assert lineage["data"]["sha256"] == outcome.state.data.sha256
    assert lineage["splits"]["sha256"] == outcome.state.splits.sha256
    assert len(lineage["trial"]["folds"]) == 3


def test_a_function_that_brings_its_own_data_is_searched_without_scikit_learn(tmp_path):
    """Whoever uses torch alone does not wait for it, at the start or in a worker."""
    (tmp_path / "own.yaml").write_text(
        "name: own\ntrain: own_code:train\nmetric: {name: loss, goal: minimize}\n"
        "parameters: {x: {min: 0.0, max: 1.0}}\nsearch: {sampler: random}\nbudget: {trials: 2}\n"
        "refit: false\nregister: none\ntracking: none\n"
    )
    (tmp_path / "own_code.py").write_text(
        "def train(trial):\n    return {'loss': trial.params['x']}\n"
    )
    code = (
        "import sys; from pathlib import Path; from sweeper import app;"
        "assert app.launch(Path('own.yaml'), root=Path('sweeps'), inline=True).exit_code == 0;"
        "print(*sorted({'sklearn', 'scipy', 'pandas'} & sys.modules.keys()))"
    )
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2] / "src")}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr


def test_another_process_makes_the_same_sweep_with_the_same_seed(folder):
    """What the sampler suggests and what folds score does not depend on the process."""
    code = (
        "import sys, json; from pathlib import Path; from sweeper import app;"
        "o = app.launch(Path(sys.argv[1]), root=Path(sys.argv[2]), inline=True);"
        "print(json.dumps([[t.params, t.value] for t in o.state.trials.values()]))"
    )
    source = str(Path(__file__).resolve().parents[2] / "src")
    env = {**os.environ, "PYTHONHASHSEED": "1", "PYTHONPATH": source}
    command = [sys.executable, "-c", code, str(folder / "tree.yaml"), str(folder / "other")]
    out = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    here, _ = launch(folder)
    assert json.loads(out.stdout) == [[t.params, t.value] for t in here.state.trials.values()]


def test_every_look_at_a_holdout_is_counted_over_all_sweeps_of_the_root(folder):
    first, _ = launch(folder, "data.holdout=0.2")
    second, _ = launch(folder, "data.holdout=0.2", "seed=4", name="again")
    other, _ = launch(folder, "data.holdout=0.3", name="other")
    assert first.state.data.holdout == second.state.data.holdout != other.state.data.holdout
    assert [o.state.look for o in (first, second, other)] == [1, 2, 1]
