"""A whole sweep with its journal on a server: killed, read, resumed elsewhere, followed by MLflow."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from journal.writer import environment
from sweeper import app, view
from sweeper.app.orders import Orders
from sweeper.core.events import FoldsDispatched, FoldSucceeded
from sweeper.core.evolve import replay
from sweeper.core.invariants import violations
from sweeper.core.records import Phase, SweepState
from sweeper.journal import places
from sweeper.journal.sql.server import LEASES, Server
from sweeper.ports import SweeperError, SweepHeld

CONFIG = """
name: {name}
seed: 3
data: {{source: "sklearn:iris", target: target}}
cv: 3
metric: accuracy
model:
  estimator: sklearn.ensemble.RandomForestClassifier
  parameters: {{n_estimators: {slow}, min_samples_leaf: {{min: 1, max: 20}}}}
search: {{sampler: random, pruner: none, concurrency: 1}}
budget: {{trials: {trials}}}
refit: {refit}
register: none
journal: "{journal}"
"""


@pytest.fixture
def config(tmp_path, postgres):
    """Writes a config whose sweep is called as the test's folder, and gives its path."""

    def write(trials: int = 3, refit: str = "true", slow: int = 1) -> Path:
        path = tmp_path / "sweep.yaml"
        secret = postgres.url.replace("sweeper@", "sweeper:hunter2@")  # trusted without it
        path.write_text(
            CONFIG.format(name=tmp_path.name, trials=trials, refit=refit, slow=slow, journal=secret)
        )
        return path

    return write


def launch(config: Path, root: Path, *overrides: str, **options):
    return app.launch(config, overrides=overrides, root=root, inline=True, **options)


def command(*words: object) -> list[str]:
    return [sys.executable, "-m", "sweeper", *map(str, words)]


def killed(config: Path, root: Path, after: int) -> None:
    """Launches in another process and kills it once so many folds have succeeded."""
    words = command("launch", config, "--inline", "--dir", root, "--set", "tracking=none")
    with (root.parent / "log").open("wb") as log:
        process = subprocess.Popen(words, env=environment(), stdout=log, stderr=log)
    directory = root / config.parent.name
    while not places.exists(directory):
        assert process.poll() is None, (root.parent / "log").read_text()
        time.sleep(0.02)
    place = places.at(directory)
    while sum(1 for _ in place.lines(b"FoldSucceeded")) < after:
        assert process.poll() is None, (root.parent / "log").read_text()
        time.sleep(0.1)
    process.kill()
    process.wait()


def test_a_killed_sweep_is_read_and_goes_on_from_an_empty_directory(config, tmp_path):
    path, here, there = config(trials=200, slow=60), tmp_path / "here", tmp_path / "there"
    name = tmp_path.name
    here.mkdir()
    killed(path, here, after=5)
    place = places.at(here / name)
    before = list(place.read())
    done = {event.run for event in before if isinstance(event, FoldSucceeded)}
    trials = len(replay(before).trials) + 2
    outcome = launch(path, there, f"budget.trials={trials}")
    assert outcome.exit_code == 0
    events = list(place.read())
    assert events[: len(before)] == before
    again = [
        run
        for event in events[len(before) :]
        if isinstance(event, FoldsDispatched)
        for run in event.runs
        if run.trial >= 0
    ]
    assert not {(r.trial, r.fold) for r in again} & {(r.trial, r.fold) for r in done}
    state = replay(events)
    assert violations(state) == []
    assert state.status is SweepState.FINISHED
    assert len(state.trials) == trials
    for directory in (here / name, there / name):
        status = view.status(app.read(directory), held=app.holder(directory) is not None, wall=0)
        assert status["state"] == "finished"
    followed_to_the_end(there, trials)
    kept_no_secret(tmp_path, place)


def followed_to_the_end(root: Path, trials: int) -> None:
    """MLflow has the whole sweep, also what another machine did."""
    with sqlite3.connect(root / "mlflow.db") as tables:
        (count,) = tables.execute("SELECT count(*) FROM runs WHERE status = 'FINISHED'").fetchone()
    assert count == trials + 1


def kept_no_secret(folder: Path, place: places.Place) -> None:
    """The password is in the user's config and in the owner's pointer, and nowhere else."""
    holding = {
        path.name
        for path in folder.rglob("*")
        if path.is_file() and b"hunter2" in path.read_bytes()
    }
    assert holding == {"sweep.yaml", places.POINTER}
    assert not list(place.lines(b"hunter2"))
    assert list(place.lines(b"sweeper:***@"))


@pytest.mark.parametrize(("refit", "phase"), [("true", Phase.HOLDOUT), ("false", Phase.SEARCH)])
def test_a_model_that_stayed_elsewhere_is_missed_at_the_start(
    config, tmp_path, monkeypatch, refit, phase
):
    path, (here, there) = config(refit=refit), (tmp_path / "here", tmp_path / "there")
    with monkeypatch.context() as patched:
        patched.setattr(Orders, "__call__", until_a_model_is_needed(Orders.__call__, phase))
        with pytest.raises(RuntimeError, match="the power went"):
            launch(path, here, "tracking=none")
    state = app.read(here / tmp_path.name)
    assert state.phase is phase
    with pytest.raises(SweeperError, match="copy the sweep's `checkpoints`"):
        launch(path, there, "tracking=none")
    (here / tmp_path.name / "checkpoints").rename(there / tmp_path.name / "checkpoints")
    assert launch(path, there, "tracking=none").exit_code == 0


def until_a_model_is_needed(order, phase):
    def call(self, state, key):
        if state.phase is phase and state.artifacts:
            raise RuntimeError("the power went")
        return order(self, state, key)

    return call


def test_a_controller_whose_sweep_was_taken_over_ends_and_says_so(config, tmp_path, postgres):
    path, server = config(trials=5000), Server(postgres.url)
    taken: list[int] = []

    def take_over(state):
        if len(state.trials) >= 3 and not taken:
            taken.append(len(state.trials))
            mine = sa.update(LEASES).where(LEASES.c.sweep == state.spec.name)
            with server.begin() as connection:
                connection.execute(mine.values(fence=LEASES.c.fence + 1))

    with pytest.raises(SweepHeld, match="lost the sweep") as caught:
        launch(path, tmp_path / "here", "tracking=none", observer=take_over)
    assert caught.value.exit_code == 5
    state = app.read(tmp_path / "here" / tmp_path.name)
    assert violations(state) == []
    assert 3 <= len(state.trials) < 500
    server.close()


def test_a_sweep_whose_server_is_away_hides_no_other_and_keeps_none_from_starting(config, tmp_path):
    path, root = config(trials=1), tmp_path / "here"
    launch(path, root, "tracking=none")
    away = root / "away"
    away.mkdir()
    url = "postgresql://me:hunter2@127.0.0.1:1/sweeps"
    (away / places.POINTER).write_text(json.dumps({"url": url, "sweep": "away"}))
    listed = subprocess.run(
        command("ls", "--dir", root, "--json"), env=environment(), capture_output=True, check=True
    )
    states = {each["name"]: each["state"] for each in json.loads(listed.stdout)["sweeps"]}
    assert states == {"away": "damaged", tmp_path.name: "finished"}
    told: list[str] = []
    path.write_text(path.read_text().replace(f"name: {tmp_path.name}", "name: second"))
    outcome = launch(path, root, "tracking=none", "journal=file", notice=told.append)
    assert outcome.exit_code == 0
    assert outcome.state.looks_elsewhere == 1
    (warning,) = [line for line in told if "looks at this holdout are not counted" in line]
    assert "sweep away" in warning
    assert "hunter2" not in warning
