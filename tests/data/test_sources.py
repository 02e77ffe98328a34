"""Every form of source is read as it stands; what cannot be read is said in one line."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sweeper.core.specs import DataSpec, HoldoutKind, HoldoutSpec
from sweeper.data import load
from sweeper.data.lazy import Subset
from sweeper.data.sources import read
from sweeper.ports import InvalidSpec

NONE = HoldoutSpec(HoldoutKind.NONE)


def complaint(source: str, folder: Path) -> str:
    with pytest.raises(InvalidSpec) as told:
        read(source, folder)
    (problem,) = told.value.problems
    assert problem.path == "data.source"
    return problem.message


def columns(source: str, folder: Path) -> dict[str, list[object]]:
    return {n: list(v) for n, v in read(source, folder).frame.items()}


def test_csv_with_any_usual_delimiter_and_compression(tmp_path: Path) -> None:
    expected = {"a": [1, 2], "b c": ["x", "y"]}
    (tmp_path / "comma.csv").write_text('a,"b c"\n1,x\n2,y\n')
    (tmp_path / "semi.csv").write_text("a;b c\n1;x\n2;y\n")
    (tmp_path / "tab.tsv").write_text("a\tb c\n1\tx\n2\ty\n")
    (tmp_path / "bom.csv").write_bytes(b"\xef\xbb\xbfa, b c\r\n1, x\r\n2, y\r\n")
    (tmp_path / "zip.csv.gz").write_bytes(gzip.compress(b"a,b c\n1,x\n2,y\n"))
    for name in ("comma.csv", "semi.csv", "tab.tsv", "bom.csv", "zip.csv.gz"):
        assert columns(name, tmp_path) == expected


def test_a_saved_index_is_dropped_and_said(tmp_path: Path) -> None:
    pd.DataFrame({"a": [5, 6], "b": [7, 8]}).to_csv(tmp_path / "t.csv")
    source = read("t.csv", tmp_path)
    assert list(source.frame) == ["a", "b"]
    assert source.notes == ("dropped the unnamed first column: a saved index",)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("cells.csv", b"a,b\n1,2\n1,2,3\n", "malformed"),
        ("empty.csv", b"", "empty"),
        ("blank.csv", b"\n\n", "empty"),
        ("header.csv", b"a,b\n", "no rows"),
        ("twice.csv", b"a,a\n1,2\n", "more than one column is called 'a'"),
        ("latin.csv", b"a,b\n1,\xe9\xe9\n", "not UTF-8"),
        ("quote.csv", b'a,b\n1,"2\n3,4\n', "malformed"),
        ("bad.parquet", b"not parquet", "damaged"),
        ("bad.npz", b"not a zip", "damaged"),
        ("bad.csv.gz", b"not a gzip", "damaged"),
        ("cut.csv.gz", gzip.compress(b"a,b\n" + b"1,2\n" * 9999, mtime=0)[:40], "cut off"),
        ("table.xlsx", b"", "cannot tell what 'table.xlsx' is"),
    ],
)
def test_files_that_cannot_be_read_are_named_with_the_reason(
    name: str, content: bytes, words: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    message = complaint(name, tmp_path)
    assert words in message
    assert name in message or "column" in message
    assert "\n" not in message


def test_a_missing_file_says_where_it_was_looked_for_and_what_is_near(tmp_path: Path) -> None:
    (tmp_path / "income.csv").write_text("a\n1\n")
    message = complaint("incme.csv", tmp_path)
    assert message == (
        f"no file 'incme.csv'; looked for {tmp_path / 'incme.csv'}; nearest: 'income.csv'"
    )
    (tmp_path / "dir.csv").mkdir()
    assert "is a folder" in complaint("dir.csv", tmp_path)
    assert "looked for" in complaint("no/such/folder.csv", tmp_path)


@pytest.mark.parametrize("name", ["breast_cancer", "iris", "wine", "digits", "diabetes"])
def test_tables_of_scikit_learn_load_by_name(name: str, tmp_path: Path) -> None:
    data = load(DataSpec(f"sklearn:{name}"), None, tmp_path)
    assert data.task == ("regression" if name == "diabetes" else "classification")
    assert len(data.train.y) + len(data.holdout.y) == data.digest.rows
    assert list(data.train.X) == [column.name for column in data.columns]


def test_tables_scikit_learn_does_not_bring_are_refused(tmp_path: Path) -> None:
    assert "nearest: 'iris'" in complaint("sklearn:iriss", tmp_path)
    assert "three targets" in complaint("sklearn:linnerud", tmp_path)


def test_npz_with_a_block_keeps_its_shape_and_type(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(60, 4, 4)).astype("float32")
    np.savez(tmp_path / "t.npz", X=X, y=np.arange(60) % 3, who=np.arange(60) // 2)
    data = load(DataSpec("t.npz", groups="who"), None, tmp_path)
    assert data.train.X.shape[1:] == (4, 4)
    assert data.train.X.dtype == "float32"
    assert data.classes == (0, 1, 2)
    assert not set(data.train.groups) & set(data.holdout.groups)


def test_npz_without_a_block_is_a_table_and_never_unpickled(tmp_path: Path) -> None:
    np.savez(tmp_path / "t.npz", a=np.arange(3.0), b=np.array(["x", "y", "z"]))
    assert columns("t.npz", tmp_path) == {"a": [0, 1, 2], "b": ["x", "y", "z"]}
    np.savez(tmp_path / "o.npz", a=np.array([{}, []], dtype=object))
    assert "damaged" in complaint("o.npz", tmp_path)
    np.savez(tmp_path / "l.npz", X=np.ones((3, 2)), y=np.ones(2))
    assert "'y' differ" in complaint("l.npz", tmp_path)


OWN = """
import numpy as np, pandas as pd

def frame(): return pd.DataFrame({"a": [1.0, 2.0], "t": ["x", "y"]})
def pair(): return np.ones((4, 2)), np.arange(4.0)
def named_pair(): return pd.DataFrame({"a": [1, 2]}), pd.Series([3, 4], name="goal")
def arrays(): return {"X": np.ones((4, 2)), "y": np.arange(4)}
def mixed(): return np.array([["a", 1.5], ["b", 2.5]], dtype=object), np.arange(2)
def nothing(): return 7
def broken(): raise RuntimeError("no luck")
def items(): return Images()

class Images:
    def __init__(self):
        self.targets = [i % 2 for i in range(40)]
        self.owner = [i // 2 for i in range(40)]
        self.reads = 0
    def __len__(self): return 40
    def __getitem__(self, i):
        self.reads += 1
        return np.full((2, 2), i), self.targets[i]
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    (tmp_path / "own_source.py").write_text(OWN)
    return tmp_path


def test_a_function_beside_the_config_may_return_tables_and_arrays(own: Path) -> None:
    assert columns("own_source:frame", own) == {"a": [1.0, 2.0], "t": ["x", "y"]}
    assert read("own_source:pair", own).block.shape == (4, 2)
    assert read("own_source:named_pair", own).target == "goal"
    assert read("own_source:arrays", own).target == "y"
    assert columns("own_source:mixed", own) == {"x0": ["a", "b"], "x1": [1.5, 2.5], "y": [0, 1]}


def test_what_is_wrong_with_a_function_is_said_in_a_line(own: Path) -> None:
    assert "returned int" in complaint("own_source:nothing", own)
    assert "nearest: 'frame'" in complaint("own_source:fram", own)
    broken = complaint("own_source:broken", own)
    assert "RuntimeError: no luck" in broken
    assert "own_source.py:10" in broken
    assert "ModuleNotFoundError" in complaint("no_such_module_here:frame", own)


def test_another_folder_with_a_module_of_the_same_name_is_its_own(tmp_path: Path) -> None:
    for name, value in (("one", 1), ("two", 2)):
        (tmp_path / name).mkdir()
        text = f"import pandas as pd\ndef f(): return pd.DataFrame({{'a': [{value}]}})\n"
        (tmp_path / name / "same_name.py").write_text(text)
    for name, value in (("one", 1), ("two", 2), ("one", 1)):
        assert columns("same_name:f", tmp_path / name) == {"a": [value]}


def test_an_indexable_data_set_stays_lazy_and_keeps_its_groups_apart(own: Path) -> None:
    data = load(DataSpec("own_source:items", groups="owner"), None, own)
    assert isinstance(data.train.X, Subset)
    assert data.train.X.dataset.reads == 40  # once each, for the fingerprint
    assert len(data.train.X) == len(data.train.y) == 32
    assert (data.train.X[0][0] == data.train.X.indices[0]).all()
    assert not set(data.train.groups) & set(data.holdout.groups)
    assert data.digest.sha256 == load(DataSpec("own_source:items"), None, own).digest.sha256
