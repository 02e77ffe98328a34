from __future__ import annotations

import json
import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from app.registered import make
from sweeper import app
from sweeper.ports import SweeperError


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return make(tmp_path_factory.mktemp("verified"))


def failed(root):
    return {check.name: check.found for check in app.verify(root, "trees") if check.ok is False}


def test_a_version_as_it_was_registered_verifies(root):
    checks = app.verify(root, "trees", "champion")
    assert [(check.name, check.ok) for check in checks] == [
        ("files", True),
        ("tags", True),
        ("journal", True),
        ("data", True),
    ]


def artifacts(root):
    (lineage,) = (root / "artifacts").rglob("lineage.json")
    folder = lineage.parents[1]
    return folder, sorted(path for path in folder.rglob("*") if path.is_file())


def flip(path: Path) -> bytes:
    """Changes one bit in the middle of a file; what it was."""
    before = path.read_bytes()
    changed = bytearray(before)
    changed[len(changed) // 2] ^= 1
    path.write_bytes(changed)
    return before


def test_one_bit_changed_in_any_file_is_found_and_the_file_named(root):
    folder, files = artifacts(root)
    assert len(files) >= 10
    for path in files:
        before = flip(path)
        try:
            assert path.relative_to(folder).as_posix() in failed(root)["files"]
            with pytest.raises(SweeperError, match=r"nothing of it is used|Nothing it says"):
                app.reproduce(root, "trees", inline=True)
        finally:
            path.write_bytes(before)
    assert failed(root) == {}


def test_a_file_too_many_or_too_few_is_found(root):
    folder, _ = artifacts(root)
    stranger = folder / "code.py"
    stranger.write_text("evil = True\n")
    assert "code.py was not there when it was registered" in failed(root)["files"]
    stranger.unlink()
    model = folder / "model.pkl"
    aside = model.rename(root / "aside")
    assert "model.pkl is gone" in failed(root)["files"]
    aside.rename(model)


@pytest.mark.parametrize(
    "tag", ["model_sha256", "manifest_sha256", "data_sha256", "holdout_sha256", "metric", "metrics"]
)
def test_a_changed_tag_is_found_and_named(root, tmp_path, tag):
    copy = tmp_path / "mlflow.db"
    shutil.copy(root / "mlflow.db", copy)
    with sqlite3.connect(copy) as database:
        database.execute(
            "update model_version_tags set value = 'x' where key = ?", [f"sweeper.{tag}"]
        )
    checks = app.verify(root, "trees", uri=f"sqlite:///{copy}")
    wrong = [check.found for check in checks if check.ok is False]
    assert any(tag.removesuffix("_sha256") in found for found in wrong)


def test_a_journal_that_is_not_the_one_it_came_from_is_found(root):
    journal = root / "trees" / "journal.jsonl"
    before = flip(journal)
    assert "journal" in failed(root)
    journal.write_bytes(before)


def test_what_came_after_in_the_journal_does_not_matter(root):
    journal = root / "trees" / "journal.jsonl"
    lengths = journal.read_bytes().count(b"\n")
    (document,) = (root / "artifacts").rglob("lineage.json")
    assert json.loads(document.read_text())["journal"]["events"] >= lengths - 2
    assert failed(root) == {}


def test_changed_data_is_found_and_data_out_of_reach_is_said(root):
    data = root.parent / "table.csv"
    before = data.read_text()
    data.write_text(before.replace("6,", "5,", 1))
    assert "the digest of the data was" in failed(root)["data"]
    data.unlink()
    (check,) = (check for check in app.verify(root, "trees") if check.name == "data")
    assert check.ok is None
    assert "no file 'table.csv'" in check.found
    data.write_text(before)


def test_a_registry_alone_verifies_what_it_has(root, tmp_path):
    for name in ("mlflow.db", "artifacts"):
        os.symlink(root / name, tmp_path / name)
    checks = {check.name: check.ok for check in app.verify(tmp_path, "trees")}
    assert checks == {"files": True, "tags": True, "journal": None, "data": True}
