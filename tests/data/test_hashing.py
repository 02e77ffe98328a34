"""`data.hash`: what becomes of the values, and which columns it is refused for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from tests.data.conftest import NONE, people

from sweeper.data.hashing import KEY, hash_columns
from sweeper.ports import Dataset

Loads = Callable[..., Dataset]
Problems = Callable[..., dict[str, str]]


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, "a long secret")


def hashed(values: list[object]) -> list[object]:
    return hash_columns(pd.DataFrame({"a": values}), ["a"])["a"].tolist()


def test_values_become_digests_and_equal_ones_stay_equal() -> None:
    first, second, again = hashed(["Ada", "Bob", " Ada "])
    assert first == again != second
    assert isinstance(first, str)
    assert len(first) == 32


def test_what_is_missing_stays_missing() -> None:
    found = hash_columns(pd.DataFrame({"a": ["x", None, "?", "NA", np.nan]}), ["a"])["a"]
    assert found.isna().tolist() == [False, True, True, True, True]


def test_a_number_counts_however_it_is_written() -> None:
    assert len(set(hashed([7, "7", 7.0, "7.0", "07"]))) == 1
    assert hashed([7.5]) == hashed(["7.50"])
    assert len(set(hashed([2**60, 2**60 + 1]))) == 2


def test_another_key_and_another_column_give_other_digests(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    frame = pd.DataFrame({"a": ["x"], "b": ["x"]})
    one = hash_columns(frame, ["a", "b"])
    assert one["a"][0] != one["b"][0]
    monkeypatch.setenv(KEY, "another")
    assert hash_columns(frame, ["a"])["a"][0] != one["a"][0]


def test_other_columns_stay_and_the_given_frame_too() -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": [3, 4]})
    assert hash_columns(frame, ["a"])["b"].tolist() == [3, 4]
    assert frame["a"].tolist() == [1, 2]


def test_a_hashed_column_is_a_category_everywhere(loaded: Loads) -> None:
    data = loaded(people(), target="rich", hash=("age", "house"), groups="house", holdout=NONE)
    kinds = {column.name: column.kind for column in data.columns}
    assert kinds["age"] == "categorical"
    assert set(map(len, data.train.X["age"])) == {32}
    assert set(map(len, data.train.groups)) == {32}
    assert dict(data.digest.schema)["age"] == "categorical"
    assert not [text for text in data.warnings if "hash" in text]


def test_without_a_key_it_is_warned_of(loaded: Loads, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY)
    told = loaded(people(), target="rich", hash=("city",), holdout=NONE).warnings
    assert any(KEY in text for text in told)


def test_columns_that_cannot_be_hashed_are_told(loaded: Loads, problems: Problems) -> None:
    found = problems(loaded, people(), target="rich", hash=("cty",))
    assert found == {"data.hash": "no column 'cty' in t.parquet; nearest: 'city'"}
    for role in ("target", "time", "weights"):
        named = {"target": "rich"} | {role: "w"}
        found = problems(loaded, people(), hash=("w",), **named)
        assert f"column 'w' is data.{role}" in found["data.hash"]
    found = problems(loaded, people(), target="rich", hash=("age",), drop=("age",))
    assert "dropped anyway" in found["data.hash"]
