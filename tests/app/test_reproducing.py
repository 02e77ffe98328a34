from __future__ import annotations

import json

import pytest
from mlflow.tracking import MlflowClient

from app.registered import make
from sweeper import app
from sweeper.app.versions.reproduction import compared
from sweeper.core.records import SweepState
from sweeper.ports import SweeperError


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return make(tmp_path_factory.mktemp("made"))


@pytest.mark.parametrize("part", list(app.Part))
def test_a_model_made_again_is_the_same_to_the_last_bit(root, part):
    found = app.reproduce(root, "trees", inline=True, part=part)
    assert (found.verdict, found.differences) == (app.Verdict.BIT_EXACT, ())
    assert sorted(found.folds) == ([] if part is app.Part.FINAL else [0, 1, 2])
    assert found.predictions_equal is (None if part is app.Part.FOLDS else True)
    assert not list(root.glob(".again-*"))


def test_the_verdict_is_kept_with_the_version(root):
    app.reproduce(root, "trees", inline=True, part=app.Part.FOLDS)
    client = MlflowClient(f"sqlite:///{root}/mlflow.db")
    kept = json.loads(client.get_model_version("trees", "1").tags["sweeper.reproduced"])
    assert (kept["verdict"], kept["part"]) == ("BIT-EXACT", "folds")


def test_other_data_is_the_first_difference_and_nothing_is_trained(root):
    data = root.parent / "table.csv"
    before = data.read_text()
    data.write_text(before.replace("6,", "5,", 1))
    found = app.reproduce(root, "trees", inline=True)
    data.write_text(before)
    assert found.verdict is app.Verdict.DIFFERENT
    assert found.differences[0].what == "the digest of the data"
    assert not found.folds


def test_data_that_has_moved_is_found_where_one_is_told(root, tmp_path):
    data = root.parent / "table.csv"
    moved = data.rename(tmp_path / "table.csv")
    with pytest.raises(SweeperError, match=r"no file 'table.csv'"):
        app.reproduce(root, "trees", inline=True)
    found = app.reproduce(root, "trees", inline=True, folder=tmp_path)
    moved.rename(data)
    assert found.verdict is app.Verdict.BIT_EXACT


@pytest.mark.parametrize(
    ("off", "verdict"),
    [(0.0, "BIT-EXACT"), (1e-9, "WITHIN TOLERANCE"), (0.01, "DIFFERENT")],
)
def test_the_verdict_follows_the_largest_difference(root, off, verdict):
    lineage = app.registry(root).lineage(app.registry(root).show("trees"))
    state = app.read(root / "trees")
    lineage["trial"]["folds"]["1"]["accuracy"] += off
    found = compared(lineage, state, 1e-4, (), folds_too=True)
    assert found.verdict == verdict
    assert [each.what for each in found.differences] == (["fold 1: accuracy"] if off else [])


def test_equal_scores_of_other_predictions_are_told_apart(root):
    lineage = app.registry(root).lineage(app.registry(root).show("trees"))
    state = app.read(root / "trees")
    lineage["holdout"]["predictions_sha256"] = "0" * 64
    found = compared(lineage, state, 1e-4, (), folds_too=True)
    assert (found.verdict, found.predictions_equal) == ("SCORES EQUAL", False)


def test_a_training_that_fails_now_is_a_difference(root):
    lineage = app.registry(root).lineage(app.registry(root).show("trees"))
    state = app.read(root / "trees")
    state.status, state.reason = SweepState.FAILED, "all failed"
    found = compared(lineage, state, 1e-4, (), folds_too=True)
    assert (found.verdict, found.differences[0].now) == ("DIFFERENT", "all failed")
