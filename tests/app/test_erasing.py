"""What came of some data is taken away, and nothing is left of it but a tombstone."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from contextlib import closing

import pytest

from app.registered import CONFIG, make, table
from sweeper import api, app
from sweeper.app import erasing, erasure, tombstone
from sweeper.cli.main import main
from sweeper.journal.lock import Lock
from sweeper.ports import ConfigError, SweeperError, SweepHeld


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Sweeps `trees` and `more` on one table, one model; `other` on another table, after them."""
    folder = tmp_path_factory.mktemp("erased")
    root = make(folder, "-tracking")
    make(folder, "-tracking", "register.model=trees", name="more")
    (folder / "else.csv").write_text(table().replace("6,", "8,"))
    (folder / "else.yaml").write_text(CONFIG.replace("table.csv", "else.csv"))
    app.launch(
        folder / "else.yaml",
        overrides=["register.model=trees"],
        name="other",
        root=root,
        inline=True,
        warm_start=["trees"],
    )
    return folder


@pytest.fixture
def root(built):
    """All of it as it was built. The database stays the same file: this process has it open."""
    root, kept = built / "sweeps", built.with_name(f"{built.name}-kept")
    if not kept.exists():
        shutil.copytree(root, kept)
    for path in root.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
    shutil.copytree(kept, root, ignore=shutil.ignore_patterns("mlflow.db*"), dirs_exist_ok=True)
    databases = (sqlite3.connect(place / "mlflow.db") for place in (kept, root))
    with closing(next(databases)) as then, closing(next(databases)) as now:
        then.backup(now)
    return root


def everything(root):
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


def quiet(text):
    pass


def test_a_plan_names_what_goes_and_what_stays(root):
    plan = erasure.of_data(root, str(root.parent / "table.csv"))
    assert [target.stone.sweep for target in plan.targets] == ["more", "trees"]
    assert {v for t in plan.targets for v in t.stone.versions} == {("trees", 1), ("trees", 2)}
    assert dict(plan.kept)["trees/3"].startswith("it came after trees/")


def test_all_of_it_goes_and_the_scan_finds_nothing(root):
    before = app.registry(root).show("trees", "1")
    plan = erasure.of_data(root, str(root.parent / "table.csv"))
    checks = erasing.erase(root, plan, notice=quiet)
    assert {check.name: check.ok for check in checks if check.name != "journals"} == {
        "directories": True,
        "checkpoints": True,
        "versions": True,
        "runs": True,
        "files": True,
    }, checks
    assert [p.name for p in (root / "trees").iterdir()] == ["erased.json"]
    needles = [plan.targets[0].stone.runs[0], before.tags["sweeper.model_sha256"]]
    for path, content in everything(root).items():
        if path.name != "erased.json":
            assert not any(needle.encode() in content for needle in needles), path
    assert [v.title for v in app.registry(root).versions()] == ["trees/3"]
    assert all(check.ok is not False for check in app.verify(root, "trees", "3"))


def test_what_was_erased_is_said_and_its_name_is_not_used_again(root):
    plan = erasure.of_data(root, str(root.parent / "table.csv"))
    erasing.erase(root, plan, notice=quiet)
    with pytest.raises(SweeperError, match=r"trees/1 was erased on .* by .*: its data has"):
        app.registry(root).show("trees", "1")
    with pytest.raises(ConfigError, match="a sweep called trees was erased"):
        make(root.parent)
    with pytest.raises(SweeperError, match="trees was erased on"):
        api.open("trees", root)
    assert tombstone.read(root / "trees").state == "erased"
    assert app.impact(root, sweep="other")


@pytest.mark.parametrize("step", ["erase_runs", "erase_version", "shrink"])
def test_cut_short_it_is_finished_by_the_next_one(root, monkeypatch, step):
    from sweeper.registry import erasing as registered

    data = str(root.parent / "table.csv")
    with monkeypatch.context() as patched:
        patched.setattr(registered, step, lambda *args: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            erasing.erase(root, erasure.of_data(root, data), notice=quiet)
    checks = erasing.erase(root, erasure.of_data(root, data), notice=quiet)
    assert all(check.ok for check in checks), checks
    assert {tombstone.read(root / name).state for name in ("trees", "more")} == {"erased"}


def test_a_sweep_that_is_held_is_refused_and_nothing_is_touched(root):
    before = everything(root / "more")
    held = Lock(root / "trees" / "lock")
    try:
        plan = erasure.of_data(root, str(root.parent / "table.csv"))
        with pytest.raises(SweepHeld):
            erasing.erase(root, plan, notice=quiet)
    finally:
        held.release()
    assert everything(root / "more") == before


def test_versions_go_also_when_their_sweep_is_not_here(root):
    digest = app.registry(root).lineage(app.registry(root).show("trees", "1"))["data"]["sha256"]
    shutil.rmtree(root / "trees")
    checks = erasing.erase(root, erasure.of_data(root, digest), notice=quiet)
    assert all(check.ok for check in checks), checks
    assert [v.title for v in app.registry(root).versions()] == ["trees/3"]


def test_only_what_is_older_than_its_retention_expires(root):
    app.launch(
        root.parent / "else.yaml",
        overrides=["register.model=trees", "retention=30d"],
        name="other",
        root=root,
        inline=True,
    )
    now = os.path.getmtime(root / "other" / "journal.jsonl")
    assert erasure.of_age(root, now=now + 29 * 86400).targets == ()
    plan = erasure.of_age(root, now=now + 31 * 86400)
    assert [target.stone.sweep for target in plan.targets] == ["other"]
    erasing.erase(root, plan, notice=quiet)
    assert [v.title for v in app.registry(root).versions()] == ["trees/2", "trees/1"]


def test_the_command_asks_or_wants_yes(root, capsys):
    data = str(root.parent / "table.csv")
    command = ["--dir", str(root), "erase", "--data", data]
    assert main([*command, "--dry-run", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["erased"] is False
    assert {name for each in told["sweeps"] for name in each["versions"]} == {"trees/1", "trees/2"}
    assert main(command) == 2
    assert (root / "trees" / "journal.jsonl").exists()
    assert main([*command, "--yes"]) == 0
    assert "ok     files" in capsys.readouterr().out
    assert main([*command, "--yes", "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["sweeps"] == []
    assert sorted(again["before"]) == ["more", "trees"]
    assert all(check["ok"] for check in again["checks"])
