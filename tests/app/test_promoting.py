from __future__ import annotations

import shutil

import pytest

from app.registered import make
from sweeper import app
from sweeper.app.versions.contest import Incomparable
from sweeper.ports import SweeperError


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A poor first version, then a good one, then another poor one; the alias stays at the first."""
    folder = tmp_path_factory.mktemp("promoted")
    stay = ("register.model=trees", "register.when=never")
    make(folder, "model.parameters.max_depth=1", "budget.trials=1")
    make(folder, *stay, "model.parameters.max_depth=8", "budget.trials=1", name="good")
    return make(folder, *stay, "model.parameters.max_depth=1", "budget.trials=1", name="poor")


@pytest.fixture
def root(made, tmp_path):
    """A registry of its own for each test, as promotions leave their mark."""
    shutil.copy(made / "mlflow.db", tmp_path / "mlflow.db")
    for path in made.iterdir():
        if path.name != "mlflow.db":
            (tmp_path / path.name).symlink_to(path)
    return tmp_path


def holder(root):
    return app.registry(root).holder("trees", "champion").version


def test_a_better_version_takes_the_alias_and_the_numbers_are_kept(root):
    found = app.promote(root, "trees", "2")
    assert (found.moved, found.previous, holder(root)) == (True, 1, 2)
    assert found.versus["low"] > 0
    assert "better by" in found.verdict
    last = app.registry(root).history("trees", "champion")[-1]
    assert (last.version, last.previous, last.how) == (2, 1, "promoted")
    assert last.why == found.verdict
    assert f"look {last.look}" in found.verdict


def test_one_that_is_not_shown_to_be_better_is_refused_on_record(root):
    found = app.promote(root, "trees", "3")
    assert (found.moved, holder(root)) == (False, 1)
    assert "does not show that it is better" in found.verdict
    assert app.registry(root).history("trees", "champion")[-1].how == "refused"


def test_every_comparison_is_a_look_at_the_holdout(root):
    first, second = (app.promote(root, "trees", "3").look for _ in range(2))
    assert second == first + 1


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ({"margin": 0.9}, "by more than 0.9"),
        ({"predict_ms": 1e-6}, "ms to predict a row, more than"),
        ({"model_bytes": 10}, "bytes, more than 10"),
    ],
)
def test_the_gate_names_what_it_does_not_let_through(root, limit, said):
    found = app.promote(root, "trees", "2", limits=limit)
    assert not found.moved
    assert said in found.verdict


def test_force_moves_it_with_a_reason(root):
    found = app.promote(root, "trees", "3", force=True, why="the other one is being looked into")
    assert (found.moved, found.versus, holder(root)) == (True, None, 3)
    assert app.registry(root).history("trees", "champion")[-1].why == found.verdict


def test_rollback_goes_back_step_by_step(root):
    app.promote(root, "trees", "2", force=True)
    app.promote(root, "trees", "3", force=True)
    assert app.rollback(root, "trees", why="it was worse").version == 2
    assert app.rollback(root, "trees").version == 1
    assert holder(root) == 1
    with pytest.raises(SweeperError, match="no other version before 1"):
        app.rollback(root, "trees")


def test_versions_without_a_holdout_in_common_are_not_compared(root):
    data = root.joinpath("trees").resolve().parents[1] / "table.csv"
    before = data.read_text()
    data.write_text(before.replace("6,", "5,"))
    try:
        with pytest.raises(Incomparable, match="is not what its data gives today"):
            app.promote(root, "trees", "2")
    finally:
        data.write_text(before)
    assert holder(root) == 1


def test_two_versions_are_compared_by_metrics_parameters_data_and_class(root):
    found = app.compare(root, ("trees", "2"), ("trees", "champion"))
    assert found.metrics["holdout_accuracy"][0] > found.metrics["holdout_accuracy"][1]
    assert found.data["data"][0] == found.data["data"][1]
    assert found.surroundings == ()
    assert set(found.versus["disagreements"]) == {"no", "yes"}
    for told in found.versus["disagreements"].values():
        assert told["new_right"] + told["old_right"] == told["differ"] <= told["rows"]
