"""Small tables in a folder of their own, and the shortest way to load them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sweeper.core.specs import DataSpec, HoldoutKind, HoldoutSpec
from sweeper.data import load
from sweeper.ports import Dataset, InvalidSpec

NONE = HoldoutSpec(HoldoutKind.NONE)


def people(rows: int = 200, seed: int = 0) -> pd.DataFrame:
    """A table with every role and most kinds of columns."""
    random = np.random.default_rng(seed)
    age = random.integers(18, 80, rows)
    return pd.DataFrame(
        {
            "age": age,
            "city": random.choice(["Bern", "Oslo", "Rome"], rows),
            "income": random.normal(50, 9, rows),
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(rows) // 2, "D"),
            "house": random.integers(0, max(1, rows // 5), rows),
            "w": random.uniform(0.5, 2, rows),
            "rich": np.where(random.uniform(size=rows) < 0.25, "yes", "no"),
        }
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    people().to_csv(tmp_path / "people.csv", index=False)
    return tmp_path


@pytest.fixture
def loaded(tmp_path: Path) -> Callable[..., Dataset]:
    """Loads a frame by way of a Parquet file; keywords are those of DataSpec."""

    def loads(frame: pd.DataFrame, task: str | None = None, **spec: Any) -> Dataset:
        split_by = spec.pop("split_by", None)
        frame.to_parquet(tmp_path / "t.parquet")
        return load(DataSpec("t.parquet", **spec), task, tmp_path, split_by)

    return loads


@pytest.fixture
def problems() -> Callable[..., dict[str, str]]:
    """What a call complains of: path → message."""

    def found(function: Callable[..., Any], *arguments: Any, **named: Any) -> dict[str, str]:
        with pytest.raises(InvalidSpec) as told:
            function(*arguments, **named)
        return {problem.path: problem.message for problem in told.value.problems}

    return found
