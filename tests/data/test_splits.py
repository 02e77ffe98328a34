"""Folds: drawn once from the seed, whole groups, time in order, and nothing on both sides."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.data.conftest import NONE, people

from sweeper.core.specs import CvKind, CvSpec
from sweeper.data import split
from sweeper.data.splitters import names
from sweeper.ports import Dataset, Splits

Loads = Callable[..., Dataset]
Problems = Callable[..., dict[str, str]]
HERE = Path(__file__).parent


def draw(data: Dataset, seed: int = 7, where: Path = HERE, **cv: Any) -> Splits:
    return split(CvSpec(**cv), data, seed, where)


def by_name(
    data: Dataset, splitter: str, repeats: int = 1, where: Path = HERE, **given: Any
) -> Splits:
    cv = CvSpec(CvKind.SPLITTER, splitter=splitter, arguments=tuple(given.items()), repeats=repeats)
    return split(cv, data, 7, where)


@pytest.fixture
def plain(loaded: Loads) -> Dataset:
    return loaded(people(), target="rich", drop=("house", "since"), holdout=NONE)


@pytest.fixture
def rich(loaded: Loads) -> Dataset:
    return loaded(people(), target="rich", groups="house", holdout=NONE)


@pytest.fixture
def timed(loaded: Loads) -> Dataset:
    frame = people().sample(frac=1, random_state=1)
    return loaded(frame, target="income", time="since", holdout=NONE)


def test_five_folds_are_shuffled_seeded_and_stratified(plain: Dataset) -> None:
    first, again, other = draw(plain), draw(plain), draw(plain, seed=8)
    assert first.digest == again.digest != other.digest
    assert first.digest.sizes == (40,) * 5
    shares = [np.mean(plain.train.y[valid] == "yes") for _, valid in first.folds]
    assert max(shares) - min(shares) < 0.03
    assert sorted(np.concatenate([valid for _, valid in first.folds])) == list(range(200))
    assert all(part.dtype == "int64" for fold in first.folds for part in fold)


def test_a_regression_gets_plain_shuffled_folds(loaded: Loads) -> None:
    data = loaded(people(), target="income", holdout=NONE)
    (train, valid), *_ = draw(data, n_splits=4).folds
    assert (len(train), len(valid)) == (150, 50)
    assert valid.tolist() != list(range(50))


def test_repeats_are_other_shuffles_of_the_same_rows(plain: Dataset) -> None:
    splits = draw(plain, n_splits=3, repeats=2)
    assert splits.digest.folds == 6
    assert splits.folds[0][1].tolist() != splits.folds[3][1].tolist()
    assert [f[1].tolist() for f in draw(plain, n_splits=3).folds] == [
        f[1].tolist() for f in splits.folds[:3]
    ]


@pytest.mark.parametrize("target", ["rich", "income"])
def test_groups_are_never_parted(target: str, loaded: Loads) -> None:
    data = loaded(people(), target=target, groups="house", holdout=NONE)
    for cv in ({}, {"kind": CvKind.NONE}):
        for train, valid in draw(data, **cv).folds:
            assert not set(data.train.groups[train]) & set(data.train.groups[valid])


def test_time_goes_forward_and_rows_of_one_time_stay_together(timed: Dataset) -> None:
    for cv in ({}, {"kind": CvKind.NONE}):
        for train, valid in draw(timed, **cv).folds:
            assert timed.train.time[train].max() < timed.train.time[valid].min()


def test_without_folds_a_fifth_of_the_rows_validates(plain: Dataset, timed: Dataset) -> None:
    for data in (plain, timed):
        splits = draw(data, kind=CvKind.NONE)
        assert splits.digest.folds == 1
        assert splits.digest.sizes == (40,)
        assert len(splits.folds[0][0]) == 160


def test_ordered_folds_need_times_to_order_by(loaded: Loads, problems: Problems) -> None:
    frame = people().assign(since=pd.Timestamp("2024-01-01"))
    once = loaded(frame, target="rich", time="since", holdout=NONE)
    assert "1 different times" in problems(draw, once)["cv"]
    assert "no last ones" in problems(draw, once, kind=CvKind.NONE)["cv"]
    assert "cannot be repeated" in problems(draw, once, repeats=2)["cv.repeats"]


def test_time_and_groups_together_are_ordered_with_a_warning(loaded: Loads) -> None:
    data = loaded(people(), target="rich", groups="house", time="since")
    assert "ordered by data.time" in draw(data).warnings[0]
    assert "groups have rows on both sides" in data.warnings[0]


ARGUMENTS: dict[str, dict[str, Any]] = {"LeavePOut": {"p": 1}, "LeavePGroupsOut": {"n_groups": 1}}


@pytest.mark.parametrize("name", sorted(set(names()) - {"PredefinedSplit"}))
def test_every_splitter_of_scikit_learn_splits_by_its_name(name: str, rich: Dataset) -> None:
    splits = by_name(rich, name, **ARGUMENTS.get(name, {}))
    assert splits.digest.folds > 1
    assert by_name(rich, name, **ARGUMENTS.get(name, {})).digest == splits.digest
    if "Group" in name:
        for train, valid in splits.folds:
            assert not set(rich.train.groups[train]) & set(rich.train.groups[valid])


def test_the_seed_reaches_splitters_that_shuffle_and_no_others(plain: Dataset) -> None:
    def digests(name: str, **given: Any) -> set[str]:
        cv = CvSpec(CvKind.SPLITTER, splitter=name, arguments=tuple(given.items()))
        return {split(cv, plain, seed, HERE).digest.sha256 for seed in (1, 2)}

    assert len(digests("KFold")) == 1
    assert len(digests("KFold", shuffle=True)) == 2
    assert len(digests("ShuffleSplit")) == 2
    assert len(digests("ShuffleSplit", random_state=3)) == 1


def test_repeats_of_a_splitter_need_a_shuffle(plain: Dataset, problems: Problems) -> None:
    assert by_name(plain, "KFold", repeats=2, shuffle=True).digest.folds == 10
    assert "same folds every time" in problems(by_name, plain, "KFold", repeats=2)["cv.repeats"]


def test_time_ordered_splitters_see_rows_in_time_order(timed: Dataset) -> None:
    for train, valid in by_name(timed, "TimeSeriesSplit", n_splits=3, gap=2).folds:
        assert timed.train.time[train].max() < timed.train.time[valid].min()


def test_wrong_splitters_and_arguments_are_named(plain: Dataset, problems: Problems) -> None:
    wrong = problems(by_name, plain, "StratifiedKfold")["cv.splitter"]
    assert "nearest: 'StratifiedKFold'" in wrong
    found = problems(by_name, plain, "KFold", n_split=3, shufle=True)
    assert found["cv.n_split"] == "KFold has no argument 'n_split'; nearest: 'n_splits'"
    assert "nearest: 'shuffle'" in found["cv.shufle"]
    assert "split_by" in problems(by_name, plain, "PredefinedSplit")["cv.splitter"]
    assert "data.groups" in problems(by_name, plain, "GroupKFold")["cv.splitter"]
    for given in ({"n_splits": 1}, {"n_splits": 999}, {"n_splits": "many"}):
        assert "cannot split" in problems(by_name, plain, "KFold", **given)["cv.splitter"]
    assert "19900 folds" in problems(by_name, plain, "LeavePOut", p=2)["cv.splitter"]


def test_too_little_data_for_the_folds_is_said(loaded: Loads, problems: Problems) -> None:
    few = loaded(people(), target="rich", groups="city", holdout=NONE)
    assert problems(draw, few)["cv"] == "5 folds, but data.groups has 3 groups in training"
    tiny = loaded(people(4), target="income", holdout=NONE)
    assert problems(draw, tiny)["cv"] == "5 folds, but there are 4 training rows"
    assert draw(tiny, kind=CvKind.NONE).digest.sizes == (1,)


def test_a_fold_without_a_class_is_a_warning(loaded: Loads) -> None:
    frame = people().assign(rich=["rare"] * 3 + ["often"] * 197)
    (warning,) = draw(loaded(frame, target="rich", holdout=NONE)).warnings
    assert warning.startswith("2 of 5 folds have no validation row of some class ('rare')")


def test_each_value_of_a_column_validates_once(loaded: Loads) -> None:
    part = ["a", "b", None, "-1"] * 50
    data = loaded(people().assign(part=part), target="rich", split_by="part", holdout=NONE)
    first, second = draw(data, kind=CvKind.COLUMN, column="part").folds
    assert first[1].tolist() == list(range(0, 200, 4))
    assert second[1].tolist() == list(range(1, 200, 4))
    assert len(first[0]) == 150


def test_a_column_of_one_value_makes_no_folds(loaded: Loads, problems: Problems) -> None:
    data = loaded(people().assign(part="a"), target="rich", split_by="part", holdout=NONE)
    told = problems(draw, data, kind=CvKind.COLUMN, column="part")["cv.split_by"]
    assert "1 value" in told


OWN = """
import numpy as np

class Halves:
    def __init__(self, flip=False): self.flip = flip
    def split(self, X, y=None, groups=None):
        first = np.arange(len(X)) < len(X) // 2
        yield (~first, first) if self.flip else (first, ~first)

class Overlap:
    def split(self, X, y=None, groups=None): yield [0, 1, 2], [2, 3]

class Empty:
    def split(self, X, y=None, groups=None): yield [0, 1], []

class Outside:
    def split(self, X, y=None, groups=None): yield [0, 1], [9999]

class Odd:
    def split(self, X, y=None, groups=None): yield 3

class Nothing:
    def split(self, X, y=None, groups=None): return iter(())

class Breaks:
    def split(self, X, y=None, groups=None): raise KeyError("when")
"""


def test_your_own_class_sees_the_rows_and_its_arguments(plain: Dataset, tmp_path: Path) -> None:
    (tmp_path / "own_splitter.py").write_text(OWN)
    ((train, valid),) = by_name(plain, "own_splitter:Halves", where=tmp_path, flip=True).folds
    assert valid.tolist() == list(range(100))
    assert train.tolist() == list(range(100, 200))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Overlap", "1 rows are in both training and validation"),
        ("Empty", "no validation rows"),
        ("Outside", "outside 0 … 199"),
        ("Odd", "not a pair"),
        ("Nothing", "no fold at all"),
        ("Breaks", "KeyError"),
        ("Halfs", "nearest: 'Halves'"),
    ],
)
def test_folds_that_are_none_are_refused(
    name: str, words: str, plain: Dataset, tmp_path: Path, problems: Problems
) -> None:
    (tmp_path / "own_splitter.py").write_text(OWN)
    found = problems(by_name, plain, f"own_splitter:{name}", where=tmp_path)
    assert words in str(found)


def test_your_own_class_gets_rows_in_time_order(timed: Dataset, tmp_path: Path) -> None:
    (tmp_path / "own_splitter.py").write_text(OWN)
    ((train, valid),) = by_name(timed, "own_splitter:Halves", where=tmp_path).folds
    assert timed.train.time[train].max() <= timed.train.time[valid].min()


def test_arrays_and_data_without_a_target_split_too(tmp_path: Path, loaded: Loads) -> None:
    data = loaded(pd.DataFrame({"x": np.arange(50) * 1.5}), holdout=NONE)
    assert draw(data).digest.sizes == (10,) * 5
