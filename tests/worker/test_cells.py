"""Cells of the table are taken out of what a run says; other words stay."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sweeper.ports import Rows
from sweeper.worker.cells import without_cells

TABLE = Rows(
    pd.DataFrame(
        {
            "who": pd.Series(["Ada Lovelace", "O'Brien", "Doe, John", "Bo"], dtype=object),
            "pay": [123456.75, 88.0, 5.0, 1e9],
            "code": [912345, 1, 2, 3],
        }
    ),
    groups=np.array(["house-17", "house-18", "house-19", "house-20"], dtype=object),
)


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("no such key: 'Ada Lovelace'", "no such key: '<not shown>'"),
        ("0  Ada Lovelace  123456.75", "0  <not shown>  <not shown>"),
        ("at O'Brien.", "at <not shown>."),
        ("name='Doe, John', pay=np.float64(123456.75)", "name='<not shown>', pay=np.float64(<not shown>)"),
        ("id 912345 of house-17", "id <not shown> of <not shown>"),
        ("Ada\nLovelace", "Ada\nLovelace"),
        ("Bo has 88.0, unlike 12345.5 and Adam", "Bo has 88.0, unlike 12345.5 and Adam"),
        ("", ""),
    ],
)  # fmt: skip
def test_cells_are_taken_out_where_they_stand_as_they_are(said, left):
    assert without_cells(said, TABLE) == left


def test_numbers_of_an_array_and_of_a_regression_s_target_are_cells():
    rows = Rows(np.array([[1.5, 271828.5]]), np.array([314159.25]))
    assert without_cells("271828.5 and 314159.25", rows, None) == "<not shown> and <not shown>"


def test_a_data_set_that_is_no_table_is_not_looked_through():
    assert without_cells("271828.5", Rows([[271828.5]])) == "271828.5"
