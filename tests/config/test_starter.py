"""What `sweeper init` writes must launch as it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from sweeper import config
from sweeper.config.starter import quoted, starter
from sweeper.ports import Column


@dataclass(frozen=True)
class Suggested:
    column: str
    role: str
    reason: str


@dataclass(frozen=True)
class Facts:
    file: str
    rows: int
    target: str
    task: str
    classes: tuple = ()
    columns: tuple = (Column("age", "numeric", "float64"), Column("job", "categorical", "object"))
    suggestions: tuple = ()
    notes: tuple = ()


def written(tmp_path: Path, facts: Facts):
    path = tmp_path / "my data.yaml"
    path.write_text(starter(path, facts), encoding="utf-8")
    return config.read(path)


def test_a_binary_target_gets_a_positive_class_and_roc_auc(tmp_path):
    facts = Facts(
        str(tmp_path / "d.csv"), 100, "income", "classification", (("<=50K", 70), (">50K", 30))
    )
    loaded = written(tmp_path, facts)
    assert loaded.problems == ()
    assert loaded.warnings == ()
    assert loaded.spec.name == "my_data"
    assert loaded.spec.data.source == "d.csv"
    assert loaded.spec.data.positive == ">50K"
    assert loaded.spec.metric.name == "roc_auc"
    assert [c.name for c in loaded.spec.model.candidates] == ["logistic", "boosting"]


def test_a_rare_class_gets_average_precision(tmp_path):
    loaded = written(tmp_path, Facts("d.csv", 100, "y", "classification", ((0, 96), (1, 4))))
    assert loaded.problems == ()
    assert loaded.spec.metric.name == "average_precision"
    assert loaded.spec.data.positive == 1
    assert loaded.spec.cv.n_splits == 3


def test_several_classes_have_no_positive_one(tmp_path):
    classes = (("a", 30), ("b", 30), ("010", 30))
    loaded = written(tmp_path, Facts("d.csv", 90, "y", "classification", classes))
    assert loaded.problems == ()
    assert loaded.spec.data.positive is None
    assert loaded.spec.metric.name == "balanced_accuracy"


def test_a_regression_gets_ridge_and_boosting(tmp_path):
    loaded = written(tmp_path, Facts("d.parquet", 90, "price", "regression"))
    assert loaded.problems == ()
    assert loaded.task == "regression"
    assert [c.name for c in loaded.spec.model.candidates] == ["ridge", "boosting"]


def test_columns_that_are_no_features_are_dropped_or_suggested(tmp_path):
    facts = Facts(
        "d.csv", 90, "a: b #c", "regression",
        suggestions=(Suggested("010", "drop", "x"), Suggested("day", "time", "a date\nof it")),
        notes=("dropped the unnamed first column",),
    )  # fmt: skip
    loaded = written(tmp_path, facts)
    assert loaded.problems == ()
    assert loaded.spec.data.target == "a: b #c"
    assert loaded.spec.data.drop == ("010",)
    assert loaded.spec.data.time is None
    assert "# time: day" in loaded.text


@pytest.mark.parametrize(
    "value", ["yes", "010", "1e3", "null", "", "a b", "é", "-x", "x", 5, True, 0.5, 'q"']
)
def test_a_quoted_value_reads_back_as_itself(value, read, svc):
    assert read(svc, f"data.positive={quoted(value)}").data.positive == value


def test_a_comment_never_runs_into_a_long_value(tmp_path):
    column = "a_column_with_a_name_longer_than_most"
    loaded = written(tmp_path, Facts("d.csv", 90, column, "regression"))
    assert loaded.spec.data.target == column
