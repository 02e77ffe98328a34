"""What `init` can say of a file: the target, its classes, and columns that may be no feature."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from tests.data.conftest import people

from sweeper.data import describe

Problems = Callable[..., dict[str, str]]


def test_the_last_column_is_the_target_unless_one_is_called_so(folder: Path) -> None:
    found = describe(folder / "people.csv")
    assert (found.target, found.task, found.rows) == ("rich", "classification", 200)
    assert sum(count for _, count in found.classes) == 200
    assert [label for label, _ in found.classes] == ["no", "yes"]
    people().assign(target=people()["income"], last="x").to_csv(folder / "t.csv", index=False)
    assert describe(folder / "t.csv").target == "target"
    assert describe(folder / "t.csv").classes == ()


def test_a_named_target_is_taken_or_refused(folder: Path, problems: Problems) -> None:
    assert describe(folder / "people.csv", "income").task == "regression"
    told = problems(describe, folder / "people.csv", "incme")["data.target"]
    assert "nearest: 'income'" in told


def test_columns_that_may_be_no_features_are_named_with_a_role(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "row": np.arange(60),
            "code": [f"c{i}" for i in range(60)],
            "patient_id": np.arange(60) // 3,
            "visit": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(60), "D"),
            "split": ["train", "test", "train"] * 20,
            "sample_weight": 1 + np.arange(60) % 7 / 10,
            "same": 1,
            "x": np.random.default_rng(0).normal(size=60),
            "y": [0, 1] * 30,
        }
    )
    frame.to_parquet(tmp_path / "t.parquet")
    roles = {s.column: s.role for s in describe(tmp_path / "t.parquet").suggestions}
    assert roles == {
        "row": "drop",
        "code": "drop",
        "patient_id": "groups",
        "visit": "time",
        "split": "holdout",
        "sample_weight": "weights",
        "same": "drop",
    }


def test_missing_targets_do_not_stop_a_description(tmp_path: Path) -> None:
    pd.DataFrame({"x": range(9), "y": ["a", "b", None] * 3}).to_csv(tmp_path / "t.csv", index=False)
    assert describe(tmp_path / "t.csv").classes == (("a", 3), ("b", 3))
