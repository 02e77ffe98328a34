"""What a column is, and what it looks like afterwards."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder

from sweeper.data.types import convert, convert_column
from sweeper.ports import InvalidSpec


def kind(values: object, **how: object) -> str:
    return convert_column(pd.Series(values, name="c", **how))[1]


def values(raw: object, **how: object) -> list[object]:
    converted = convert_column(pd.Series(raw, name="c", **how))[0]
    return [None if pd.isna(v) else v for v in converted]


def test_numbers_written_as_text_with_stray_spaces_are_numbers() -> None:
    assert values([" 1", "2 ", "?", "NA", ""]) == [1.0, 2.0, None, None, None]
    assert kind(["1e-3", " 2.5"]) == "numeric"


def test_whole_numbers_stay_integers_until_one_is_missing() -> None:
    assert convert_column(pd.Series([1, 2]))[0].dtype == "int64"
    assert convert_column(pd.Series([1, None], dtype="Int64"))[0].dtype == "float64"
    assert convert_column(pd.Series([1, 2], dtype="int16"))[0].dtype == "int64"


@pytest.mark.parametrize(
    "raw", [["yes", "No", None], ["TRUE", "false", "?"], [True, False, None], ["yes ", " no", ""]]
)
def test_truth_values_become_one_zero_and_missing(raw: list[object]) -> None:
    assert kind(raw) == "boolean"
    assert values(raw) == [1.0, 0.0, None]


def test_words_of_different_pairs_are_no_truth_values() -> None:
    assert kind(["yes", "false"]) == "categorical"


def test_iso_dates_are_dates_only_when_every_one_is() -> None:
    assert kind(["2024-01-31", "2024-02-01 10:30", None]) == "date"
    assert kind(["2024/01/31", "2024/02/01"]) == "date"
    assert kind(["2024-01-31", "soon"]) == "categorical"
    assert kind(["2024-13-31", "2024-01-01"]) == "categorical"
    assert kind(["31.01.2024", "01.02.2024"]) == "categorical"


def test_missing_dates_stay_dates_of_one_resolution() -> None:
    for raw in (["2024-01-31", None], [date(2024, 1, 31), None]):
        converted = convert_column(pd.Series(raw, dtype=object))[0]
        assert converted.dtype == "datetime64[us]"
        assert converted.isna().tolist() == [False, True]


def test_zoned_times_become_utc() -> None:
    zoned = pd.Series(pd.to_datetime(["2024-01-31T12:00:00+02:00"]))
    assert values(zoned) == [pd.Timestamp("2024-01-31T10:00:00")]
    assert values(["2024-01-31T12:00:00+02:00"]) == [pd.Timestamp("2024-01-31T10:00:00")]


def test_decimals_and_durations_are_numbers() -> None:
    assert values([Decimal("1.5"), None]) == [1.5, None]
    assert values(pd.to_timedelta(["1min", "2s"])) == [60.0, 2.0]


def test_what_pandas_calls_a_category_is_one_even_of_numbers() -> None:
    assert kind(pd.Categorical([1, 2, 1])) == "categorical"
    assert values(pd.Categorical([1, None, 2])) == ["1", None, "2"]


def test_free_text_needs_many_values_and_several_words() -> None:
    sentences = [f"the customer said word{i} again" for i in range(40)]
    assert kind(sentences) == "text"
    assert kind(sentences[:10] * 4) == "categorical"
    assert kind([f"code{i}" for i in range(40)]) == "categorical"


def test_mixed_values_are_text_of_one_kind() -> None:
    assert values([1, "a", None]) == ["1", "a", None]


def test_infinities_are_missing_and_counted() -> None:
    typed = convert(pd.DataFrame({"a": [1.0, np.inf, -np.inf]}))
    assert typed.frame["a"].isna().sum() == 2
    assert typed.notes == ("'a': 2 infinite values taken as missing",)


def test_text_different_in_every_row_is_an_identifier_but_free_text_is_not() -> None:
    frame = pd.DataFrame(
        {
            "code": [f"c{i}" for i in range(30)],
            "row": np.arange(30)[::-1] + 5,
            "words": [f"some words number {i}" for i in range(30)],
            "number": np.arange(30) * 2,
        }
    )
    assert convert(frame).identifiers == ("code", "row")
    assert convert(frame.head(19)).identifiers == ()


def test_nested_values_are_refused_by_name_without_showing_them() -> None:
    with pytest.raises(InvalidSpec, match="'c' holds lists") as told:
        convert(pd.DataFrame({"c": [["secret"], [2]], "d": [1, 2]}))
    assert "secret" not in str(told.value)


def test_scikit_learn_imputes_and_encodes_converted_text() -> None:
    frame = pd.DataFrame({"c": pd.Series(["x", None, "x", "y"], dtype="str")})
    converted = convert(frame).frame
    assert converted["c"].dtype == object
    filled = SimpleImputer(strategy="most_frequent").fit_transform(converted)
    assert filled[:, 0].tolist() == ["x", "x", "x", "y"]
    assert OneHotEncoder(sparse_output=False).fit_transform(converted).shape == (4, 3)
