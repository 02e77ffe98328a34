"""Which rows are the holdout depends on what rows say and on nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.data.conftest import people

from sweeper.core.specs import DataSpec, HoldoutKind, HoldoutSpec
from sweeper.data import load
from sweeper.data.holdout import by_time, by_units
from sweeper.ports import Dataset

Loads = Callable[..., Dataset]
Problems = Callable[..., dict[str, str]]


def incomes(data: Dataset) -> set[float]:
    return set(data.holdout.X["income"])


def test_shuffled_rows_have_the_same_holdout_and_digest(loaded: Loads) -> None:
    frame = people()
    first = loaded(frame, target="rich")
    second = loaded(frame.sample(frac=1, random_state=3), target="rich")
    assert incomes(first) == incomes(second)
    assert first.digest.holdout == second.digest.holdout
    assert first.digest.sha256 != second.digest.sha256


def test_sweeps_with_other_features_share_the_holdout(loaded: Loads) -> None:
    frame = people()
    first = loaded(frame, target="rich")
    second = loaded(frame, target="rich", drop=("city",), weights="w")
    assert incomes(first) == incomes(second)
    assert first.digest.holdout == second.digest.holdout


def test_a_new_row_number_does_not_move_rows(loaded: Loads) -> None:
    frame = people()
    first = loaded(frame.assign(row=np.arange(200)), target="rich")
    second = loaded(frame.assign(row=np.arange(200)[::-1]), target="rich")
    assert incomes(first) == incomes(second)


def test_appended_rows_move_only_few_others(loaded: Loads) -> None:
    before = incomes(loaded(people(400), target="rich"))
    more = pd.concat([people(400), people(20, seed=9)], ignore_index=True)
    after = incomes(loaded(more, target="rich"))
    assert len(before - after) <= 4


def test_every_class_gives_its_share(loaded: Loads) -> None:
    frame = people().assign(rich=["rare"] * 10 + ["often"] * 190)
    held = pd.Series(loaded(frame, target="rich").holdout.y).value_counts()
    assert held.to_dict() == {"often": 38, "rare": 2}


def test_copies_of_a_row_stay_on_one_side(loaded: Loads) -> None:
    frame = pd.concat([people()] * 3, ignore_index=True).assign(row=np.arange(600))
    data = loaded(frame, target="rich", drop=("row",))
    assert not set(data.train.X["income"]) & incomes(data)
    assert len(data.holdout.y) == 120


def test_groups_and_ids_stay_on_one_side(loaded: Loads) -> None:
    data = loaded(people(), target="rich", groups="house")
    assert not set(data.train.groups) & set(data.holdout.groups)
    assert 25 <= len(data.holdout.y) <= 55
    by_id = loaded(people(), target="rich", id="house")
    assert incomes(by_id) == incomes(data)


def test_ids_make_the_holdout_independent_of_content(loaded: Loads) -> None:
    frame = people().assign(pid=[f"p{i}" for i in range(200)])
    first = loaded(frame, target="rich", id="pid")
    second = loaded(frame.assign(age=frame["age"] + 1), target="rich", id="pid")
    assert incomes(first) == incomes(second)
    assert first.digest.holdout != second.digest.holdout


def test_with_time_it_is_the_last_rows_and_no_time_is_parted(loaded: Loads) -> None:
    data = loaded(people(201), target="income", time="since")
    assert data.train.time.max() < data.holdout.time.min()
    assert len(data.holdout.y) in (39, 40, 41)


@given(
    st.lists(st.integers(0, 30), min_size=4, max_size=60).filter(lambda u: len(set(u)) > 3),
    st.floats(0.05, 0.6),
    st.randoms(),
)
def test_units_are_whole_and_neither_side_is_empty_in_any_order(
    units: list[int], fraction: float, random: object
) -> None:
    strata = np.array([u % 3 for u in units])
    hashes = np.array(units, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mask = by_units(hashes, strata, fraction)
    held, kept = set(hashes[mask].tolist()), set(hashes[~mask].tolist())
    assert held
    assert kept
    assert not held & kept
    order = list(range(len(units)))
    random.shuffle(order)  # type: ignore[attr-defined]
    assert (by_units(hashes[order], strata[order], fraction) == mask[order]).all()


def test_a_class_is_never_emptied_for_the_holdout(loaded: Loads, problems: Problems) -> None:
    frame = pd.DataFrame({"x": [1.5, 2.5] * 20, "y": ["a", "b"] * 20})
    assert "no row can be held back" in problems(loaded, frame, target="y")["data.holdout"]
    large = by_units(np.repeat(np.arange(3, dtype=np.uint64), 10), np.zeros(30, dtype=int), 0.1)
    assert large.sum() == 10


def test_a_unit_too_large_is_passed_over() -> None:
    units = np.array([1] * 90 + [2] * 4 + [3] * 6, dtype=np.uint64)
    mask = by_units(units, np.zeros(100, dtype=int), 0.1)
    assert set(units[mask].tolist()) <= {2, 3}


def test_the_cut_in_time_is_the_nearest_between_two_times() -> None:
    assert by_time(np.array([1, 1, 1, 2, 3, 3]), 0.2).tolist() == [False] * 4 + [True] * 2
    assert by_time(np.array([2, 1]), 0.01).tolist() == [True, False]


def test_a_file_is_the_holdout_with_the_types_of_both(folder: Path) -> None:
    people(50, seed=5).to_parquet(folder / "test.parquet")
    held = HoldoutSpec(HoldoutKind.FILE, path="test.parquet")
    data = load(DataSpec("people.csv", target="rich", holdout=held), None, folder)
    assert (len(data.train.y), len(data.holdout.y)) == (200, 50)
    assert data.holdout.X.dtypes.equals(data.train.X.dtypes)
    assert data.warnings == ()


def test_copies_between_training_and_a_holdout_file_are_counted(folder: Path) -> None:
    people().head(7).to_csv(folder / "test.csv", index=False)
    held = HoldoutSpec(HoldoutKind.FILE, path="test.csv")
    data = load(DataSpec("people.csv", target="rich", holdout=held), None, folder)
    assert data.warnings[0].startswith("7 training rows are copies of holdout rows")


def test_a_holdout_file_must_be_there_and_have_the_columns(
    folder: Path, problems: Problems
) -> None:
    def told(path: str) -> str:
        held = HoldoutSpec(HoldoutKind.FILE, path=path)
        spec = DataSpec("people.csv", target="rich", holdout=held)
        return problems(load, spec, None, folder)["data.holdout"]

    people().drop(columns=["age", "city"]).to_csv(folder / "less.csv", index=False)
    people().assign(age="old").to_csv(folder / "words.csv", index=False)
    assert "lacks columns of people.csv: 'age', 'city'" in told("less.csv")
    assert "column 'age' is numbers in people.csv" in told("words.csv")
    assert "no file 'none.csv'" in told("none.csv")


@pytest.mark.parametrize("value", ["1", 1, 1.0])
def test_a_column_says_which_rows_whatever_the_form_of_its_value(
    value: object, loaded: Loads
) -> None:
    held = HoldoutSpec(HoldoutKind.COLUMN, column="part", value=value)
    data = loaded(people().assign(part=[0, 1] * 100), target="rich", holdout=held)
    assert len(data.holdout.y) == 100
    assert "part" not in data.train.X


def test_a_column_without_the_value_is_refused(loaded: Loads, problems: Problems) -> None:
    held = HoldoutSpec(HoldoutKind.COLUMN, column="city", value="Paris")
    told = problems(loaded, people(), target="rich", holdout=held)["data.holdout"]
    assert told == "no row has 'Paris' in 'city'; there are: 'Bern', 'Oslo', 'Rome'"


def test_without_a_holdout_all_rows_train(loaded: Loads) -> None:
    data = loaded(people(), target="rich", holdout=HoldoutSpec(HoldoutKind.NONE))
    assert data.holdout is None
    assert len(data.train.y) == 200
    assert (data.digest.holdout, data.digest.holdout_rows) == ("", 0)


def test_a_class_that_misses_on_one_side_is_said(loaded: Loads) -> None:
    frame = people().assign(rich=["rare"] * 2 + ["often"] * 198)
    data = loaded(frame, target="rich")
    assert data.warnings == ("no row of class 'rare' in the holdout",)
