"""The Python API: the same facts as the command line."""

from __future__ import annotations

import hashlib
import types

import pytest

import sweeper
from sweeper import api
from sweeper.core.records import Artifact, SweepState
from sweeper.ports import JournalDamaged


class Model:
    def predict(self, X):
        return [1 for _ in X]


def with_model(app, story, content: bytes):
    path = app.where / "income" / "artifacts" / "model.pkl"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    story.state.artifacts["model"] = Artifact("artifacts/model.pkl", digest, len(content))
    app.states["income"] = story.state
    return path


def test_open_gives_trials_best_and_status(app, story) -> None:
    story.complete(1, 0.8).complete(0, 0.9).failed(2)
    app.states["income"] = story.state
    sweep = sweeper.open("income")
    assert sweep.name == "income"
    assert sweep.directory == app.where / "income"
    assert sweep.state is SweepState.INTERRUPTED
    assert [trial.number for trial in sweep.trials] == [0, 1, 2]
    assert sweep.best.number == 0
    assert sweep.status()["trials"]["failed"] == 1


def test_open_of_an_unknown_sweep_names_the_nearest(app, story) -> None:
    app.states["income"] = story.state
    with pytest.raises(api.UnknownName, match="Did you mean income"):
        sweeper.open("incomes")


def test_launch_returns_the_sweep_as_it_ended(app, story, tmp_path) -> None:
    def launch(config, **keywords):
        app.asked = keywords
        directory = app.where / "income"
        return types.SimpleNamespace(state=story.state, exit_code=0, directory=directory)

    app.launch = launch
    story.complete(0, 0.9).finished()
    sweep = sweeper.launch("c.yaml", overrides=["seed=1"], directory=tmp_path, inline=True)
    assert sweep.state == "finished"
    assert app.asked["root"] == tmp_path
    assert app.asked["overrides"] == ["seed=1"]
    assert app.asked["inline"] is True


def test_the_model_is_read_back(app, story) -> None:
    from sweeper.worker import models

    with_model(app, story.complete(0, 0.9), models.dump(Model()))
    assert sweeper.open("income").model().predict([0, 0]) == [1, 1]


def test_a_model_file_that_the_sweep_did_not_write_is_not_opened(app, story) -> None:
    path = with_model(app, story.complete(0, 0.9), b"model")
    path.write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    with pytest.raises(JournalDamaged, match="not the file that the sweep wrote"):
        sweeper.open("income").model()
    path.unlink()
    with pytest.raises(JournalDamaged, match="gone"):
        sweeper.open("income").model()


def test_a_sweep_without_a_model_says_so(app, story) -> None:
    app.states["income"] = story.state
    with pytest.raises(api.UnknownName, match="no model yet"):
        sweeper.open("income").model()


def test_the_package_has_no_other_attributes() -> None:
    with pytest.raises(AttributeError, match="lanch"):
        _ = sweeper.lanch
