"""Digests of content say the same for the same content, and only for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from sweeper.data.files import read_file
from sweeper.data.fingerprint import block_rows, content_digest, fingerprint, row_hashes
from sweeper.data.types import convert

NUMBERS = st.one_of(st.none(), st.integers(-5, 5), st.floats(-1e9, 1e9))
WORDS = st.one_of(st.none(), st.text("abc ", min_size=1, max_size=4))
ROWS = st.lists(st.tuples(NUMBERS, WORDS), min_size=1, max_size=8)


def table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "n": [1.5, np.nan, -0.0, 7.0],
            "i": [1, 2, 3, 4],
            "s": ["a", None, "b", "a"],
            "d": pd.to_datetime(["2024-01-01", "2024-01-02", None, "2024-01-04"]),
            "b": [True, False, True, True],
        }
    )


def typed(frame: pd.DataFrame) -> pd.DataFrame:
    return convert(frame).frame


def test_csv_and_parquet_of_the_same_table_have_the_same_fingerprint(tmp_path: Path) -> None:
    table().to_csv(tmp_path / "t.csv", index=False)
    table().to_parquet(tmp_path / "t.parquet")
    digests = {
        fingerprint(typed(read_file(name, tmp_path, "data.source")[0]))
        for name in ("t.csv", "t.parquet")
    }
    assert digests == {fingerprint(typed(table()))}


def test_any_changed_cell_changes_the_fingerprint_and_its_rows_hash() -> None:
    whole, hashes = fingerprint(typed(table())), row_hashes(typed(table()))
    changes = {"n": 1.5000001, "i": 9, "s": "c", "d": pd.Timestamp("2025-01-01"), "b": False}
    for name, new in changes.items():
        for row in (0, 3):
            frame = table()
            frame.loc[row, name] = new
            assert fingerprint(typed(frame)) != whole
            assert (row_hashes(typed(frame)) != hashes).tolist() == [r == row for r in range(4)]


def test_names_types_and_order_are_part_of_the_fingerprint() -> None:
    whole = fingerprint(typed(table()))
    assert fingerprint(typed(table().rename(columns={"n": "m"}))) != whole
    assert fingerprint(typed(table().astype({"i": "float64"}))) != whole
    assert fingerprint(typed(table().iloc[::-1])) != whole
    assert fingerprint(typed(table()[["i", "n", "s", "d", "b"]])) != whole


def test_cells_that_swap_columns_or_run_together_are_told_apart() -> None:
    one, two = (
        pd.DataFrame([row], columns=["a", "b"], dtype=object) for row in (["xy", "z"], ["x", "yz"])
    )
    assert fingerprint(one) != fingerprint(two)
    swapped = one.rename(columns={"a": "b", "b": "a"})[["a", "b"]]
    assert row_hashes(one)[0] != row_hashes(swapped)[0]


@given(ROWS, st.randoms())
def test_rows_as_a_set_have_one_digest_in_any_order(rows: list[object], random: object) -> None:
    frame = typed(pd.DataFrame(rows, columns=["n", "s"]))
    shuffled = list(range(len(rows)))
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert content_digest(frame) == content_digest(frame.iloc[shuffled][["s", "n"]])


def test_one_missing_value_elsewhere_leaves_the_hashes_of_whole_numbers() -> None:
    before = typed(pd.DataFrame({"i": [1, 2, 3]}))
    after = typed(pd.DataFrame({"i": [1, 2, 3, None]}))
    assert row_hashes(before).tolist() == row_hashes(after).tolist()[:3]
    assert content_digest(before) == content_digest(after.head(3))


def test_rows_of_arrays_are_told_apart_by_content() -> None:
    X = np.array([[[0.0, 1.0]], [[-0.0, 1.0]], [[0.0, 2.0]]], dtype="float32")
    first, second, third = block_rows(X)
    assert first == second != third


def test_fingerprints_agree_across_processes_with_different_hash_seeds(tmp_path: Path) -> None:
    program = (
        "import pandas as pd\n"
        "from sweeper.data.fingerprint import fingerprint, row_hashes\n"
        "f = pd.DataFrame({'s': ['a', 'b', None], 'n': [1.0, 2.0, 3.0]}, dtype=object)\n"
        "f['n'] = f['n'].astype(float)\n"
        "print(fingerprint(f), row_hashes(f).tolist())\n"
    )
    source = str(Path(__file__).parents[2] / "src")
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": source},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
    assert len(outputs.pop()) > 64


def test_the_fingerprint_of_a_known_table_never_changes() -> None:
    frame = typed(pd.DataFrame({"n": [1.5, None], "s": ["a", "ü"], "i": [1, 2]}))
    assert (fingerprint(frame), row_hashes(frame).tolist()) == KNOWN


KNOWN = (
    "e6def0bc3f1d2376a20378715029189fff7c66975385f66ed1194b346f10e715",
    [17075939078936430276, 16309793398328768790],
)
