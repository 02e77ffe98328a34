"""Roles, targets, features: what becomes of the columns, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.data.conftest import NONE, people

from sweeper.core.specs import DataSpec, HoldoutKind, HoldoutSpec
from sweeper.data import load
from sweeper.ports import Dataset

Loads = Callable[..., Dataset]
Problems = Callable[..., dict[str, str]]


def test_columns_with_a_role_are_never_features(loaded: Loads) -> None:
    frame = people().assign(pid=np.arange(200) * 3, fold=np.arange(200) % 4)
    data = loaded(
        frame,
        target="rich",
        drop=("income",),
        groups="house",
        weights="w",
        id="pid",
        split_by="fold",
    )
    assert [(c.name, c.kind) for c in data.columns] == [
        ("age", "numeric"),
        ("city", "categorical"),
        ("since", "date"),
    ]
    assert data.train.weights.dtype == "float64"
    assert set(data.train.folds) == {0, 1, 2, 3}
    assert len(data.train.groups) == len(data.train.y) == len(data.train.X)


def test_every_unknown_column_is_told_at_once_with_the_nearest_name(
    loaded: Loads, problems: Problems
) -> None:
    found = problems(loaded, people(), target="rihc", groups="hous", drop=("nothing",), time="age")
    assert found["data.target"] == "no column 'rihc' in t.parquet; nearest: 'rich'"
    assert found["data.groups"].endswith("nearest: 'house'")
    assert "there are: 'age', 'city'" in found["data.drop"]
    assert len(found) == 3


def test_a_column_has_one_role(loaded: Loads, problems: Problems) -> None:
    found = problems(loaded, people(), target="rich", groups="house", drop=("rich",), id="house")
    assert found == {
        "data.id": "column 'house' is already data.groups; a column has one role",
        "data.drop": "column 'rich' is already data.target; a column has one role",
    }


def test_one_column_may_say_both_the_holdout_and_the_folds(loaded: Loads) -> None:
    frame = people().assign(part=["a", "b", "c", "test"] * 50)
    held = HoldoutSpec(HoldoutKind.COLUMN, column="part", value="test")
    data = loaded(frame, target="rich", holdout=held, split_by="part")
    assert set(data.train.folds) == {"a", "b", "c"}
    assert data.digest.holdout_rows == 50


def test_a_metric_wants_a_target(loaded: Loads, problems: Problems) -> None:
    assert "which column" in problems(loaded, people(), "regression")["data.target"]
    assert loaded(people()).task == "none"


@pytest.mark.parametrize(
    ("target", "task", "classes", "positive"),
    [
        (["yes", "no"] * 20, "classification", ("no", "yes"), None),
        ([" b", "a ", "b"] * 10, "classification", ("a", "b"), None),
        ([True, False] * 20, "classification", (False, True), True),
        ([0, 1] * 20, "classification", (0, 1), 1),
        ([0.0, 1.0] * 20, "classification", (0, 1), 1),
        ([-1, 1] * 20, "classification", (-1, 1), 1),
        ([1, 2] * 20, "classification", (1, 2), None),
        ([1, 2, 3] * 20, "classification", (1, 2, 3), None),
        (list(range(60)), "regression", (), None),
        ([0.5, 1.0, 1.5] * 20, "regression", (), None),
        ([1, 2, 3, 4] * 5, "regression", (), None),
    ],
)
def test_the_target_makes_the_task_and_keeps_its_labels(
    target: list[Any], task: str, classes: tuple[Any, ...], positive: Any, loaded: Loads
) -> None:
    frame = pd.DataFrame({"x": np.random.default_rng(0).normal(size=len(target)), "y": target})
    data = loaded(frame, target="y", holdout=NONE)
    assert (data.task, data.classes, data.positive) == (task, classes, positive)
    assert [type(c) for c in data.classes] == [type(c) for c in classes]
    forms = {str: "object", bool: "bool", int: "int64", float: "float64"}
    assert data.train.y.dtype == forms[type(classes[0]) if classes else float]
    if classes:
        assert set(data.train.y.tolist()) == set(classes)


def test_the_hint_of_the_metric_goes_before_the_guess(loaded: Loads) -> None:
    frame = pd.DataFrame({"x": np.arange(60.0) * 1.5, "y": [1, 2, 3] * 20})
    assert loaded(frame, "regression", target="y").train.y.dtype == "float64"
    frame["y"] = list(range(30)) * 2
    assert len(loaded(frame, "classification", target="y").classes) == 30


def with_target(y: list[Any]) -> pd.DataFrame:
    return pd.DataFrame({"x": np.arange(len(y)) * 1.5, "y": y})


@pytest.mark.parametrize(
    ("y", "task", "words"),
    [
        (["a", None, "b", "NA"] * 5, None, "10 of 20 rows"),
        ([1.5, None, np.inf, 2.0] * 5, "regression", "10 of 20 rows"),
        (["a"] * 20, None, "one class"),
        ([2.5] * 20, "regression", "one value"),
        ([0.5, 1.5, 2.5, 3.5] * 5, "classification", "holds fractions, 4 different"),
        (["low", "high"] * 10, "regression", "of kind categorical"),
        ([f"u{i}" for i in range(20)], None, "20 classes in 20 rows"),
    ],
)
def test_targets_that_cannot_be_learnt_are_refused(
    y: list[Any], task: str | None, words: str, loaded: Loads, problems: Problems
) -> None:
    assert words in problems(loaded, with_target(y), task, target="y")["data.target"]


def test_the_positive_class_is_found_as_written_or_refused(
    loaded: Loads, problems: Problems
) -> None:
    assert loaded(people(), target="rich", positive="no").positive == "no"
    ones = with_target([0, 1] * 20)
    assert loaded(ones, target="y", positive="1").positive == 1
    truths = with_target([True, False] * 20)
    assert loaded(truths, target="y", positive="true").positive is True
    wrong = problems(loaded, people(), target="rich", positive="yess")["data.positive"]
    assert wrong == "no class 'yess' among 'no', 'yes'; nearest: 'yes'"
    many = with_target([0, 1, 2] * 20)
    assert "3 classes" in problems(loaded, many, target="y", positive=1)["data.positive"]


@pytest.mark.parametrize("weight", [-1.0, np.nan, np.inf])
def test_weights_are_finite_and_not_negative(
    weight: float, loaded: Loads, problems: Problems
) -> None:
    frame = people()
    frame.loc[3, "w"] = weight
    assert (
        "weights are 0 or more"
        in problems(loaded, frame, target="rich", weights="w")["data.weights"]
    )


def test_groups_and_times_must_be_there_in_every_row(loaded: Loads, problems: Problems) -> None:
    frame = people()
    frame["house"] = frame["house"].astype("Float64")
    frame.loc[[2, 3], "house"] = None
    frame["when"] = ["soon"] * 5 + ["2024-01"] * 195
    found = problems(loaded, frame, target="rich", groups="house", time="when")
    assert found["data.groups"].startswith("2 of 200 rows")
    assert found["data.time"].startswith("5 values of 'when'")


def test_useless_columns_are_dropped_and_said(loaded: Loads) -> None:
    frame = people().assign(
        same=1, void=None, code=[f"c{i}" for i in range(200)], half=[1.0, None] * 100
    )
    data = loaded(frame, target="rich")
    assert data.digest.notes == (
        "dropped 'same': the same value in all training rows",
        "dropped 'void': empty in all training rows",
        "dropped 'code': text that is different in every row, so it only identifies it",
    )
    assert "half" in data.train.X
    assert dict(data.digest.schema)["code"] == "categorical"


def test_no_feature_left_is_refused_with_the_reasons(loaded: Loads, problems: Problems) -> None:
    frame = pd.DataFrame({"same": [1] * 40, "y": [0, 1] * 20})
    assert "'same'" in problems(loaded, frame, target="y", holdout=NONE)["data.source"]


def test_a_column_that_counts_the_rows_is_kept_with_a_warning(loaded: Loads) -> None:
    data = loaded(people().assign(no=np.arange(1, 201)), target="rich")
    assert "no" in data.train.X
    assert data.warnings == (
        "'no' only counts the rows; unless that means something, say data.drop: [no]",
    )


def test_duplicates_are_kept_dropped_or_refused(loaded: Loads, problems: Problems) -> None:
    frame = pd.concat([people(), people().head(30)], ignore_index=True)
    kept = loaded(frame, target="rich")
    assert len(kept.train.y) + len(kept.holdout.y) == 230
    assert kept.digest.notes == ("30 rows are copies of other rows: kept",)
    dropped = loaded(frame, target="rich", duplicates="drop")
    assert len(dropped.train.y) + len(dropped.holdout.y) == 200
    assert dropped.digest.rows == 230
    refused = problems(loaded, frame, target="rich", duplicates="error")
    assert refused["data.duplicates"].startswith("30 rows are copies")


def test_no_message_and_no_note_shows_a_row(loaded: Loads, problems: Problems) -> None:
    frame = people().assign(secret=["hush"] * 199 + [None])
    frame.loc[0, "rich"] = None
    told = str(problems(loaded, frame, target="rich"))
    assert "hush" not in told
    assert "Bern" not in told


def test_estimators_get_plain_columns(folder: Path) -> None:
    data = load(DataSpec("people.csv", target="rich"), None, folder)
    assert {str(dtype) for dtype in data.train.X.dtypes} == {
        "int64",
        "float64",
        "object",
        "datetime64[us]",
    }
    assert data.train.y.dtype == object
    assert data.train.X.index.tolist() == list(range(len(data.train.y)))


def test_raw_rows_keep_every_column_and_bundled_tables_are_arrays(tmp_path):
    spec = DataSpec(source="sklearn:digits")
    usual = load(spec, None, tmp_path)
    raw = load(spec, None, tmp_path, raw=True)
    assert usual.train.X.shape[1] == 61
    assert isinstance(raw.train.X, np.ndarray)
    assert raw.train.X.shape[1] == raw.holdout.X.shape[1] == len(raw.columns) == 64
    assert (raw.digest.sha256, raw.digest.holdout) == (usual.digest.sha256, usual.digest.holdout)


def test_raw_rows_of_a_file_stay_a_table(tmp_path):
    rows = "".join(f"{i / 7},1,{i % 2}\n" for i in range(40))
    (tmp_path / "t.csv").write_text("a,same,y\n" + rows)
    raw = load(DataSpec(source="t.csv", target="y", holdout=NONE), None, tmp_path, raw=True)
    assert list(raw.train.X.columns) == ["a", "same"]
