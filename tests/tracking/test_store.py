from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from sweeper.core.specs import TrackingSpec
from sweeper.mlflow_store import (
    Store,
    StoreReplaced,
    check_in_place,
    connect,
    exists,
    experiment_id,
    masked,
    where,
)
from sweeper.ports import SweeperError


@pytest.fixture(autouse=True)
def _no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


def test_the_default_is_sqlite_beside_the_sweeps(tmp_path: Path) -> None:
    store = where(TrackingSpec(), tmp_path)
    assert store == (f"sqlite:///{tmp_path}/mlflow.db", f"file://{tmp_path}/artifacts")


def test_the_environment_comes_before_the_default_and_the_config_before_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://environment")
    assert where(TrackingSpec(), tmp_path) == ("http://environment", None)
    assert where(TrackingSpec(uri="http://config"), tmp_path) == ("http://config", None)


def test_a_file_store_is_refused_with_what_to_write_instead(tmp_path: Path) -> None:
    with pytest.raises(SweeperError, match="sqlite:///"):
        where(TrackingSpec(uri="./mlruns"), tmp_path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://me:pass@host/x", "https://***@host/x"),
        ("https://token@host/x", "https://***@host/x"),
        ("postgresql://u:p@ss@host/db failed", "postgresql://***@host/db failed"),
        ("https://h/x?a=1&api_token=abc&b=2", "https://h/x?a=1&api_token=***&b=2"),
        ("git@github.com:me/project.git", "git@github.com:me/project.git"),
        ("https://host/path", "https://host/path"),
    ],
)
def test_secrets_in_urls_are_masked(text: str, expected: str) -> None:
    assert masked(text) == expected


LOCKED = """
import sys
from sweeper import mlflow_store

alone = mlflow_store.alone

def looked(uri):
    before.update(sys.modules)
    return alone(uri)

before = {}
mlflow_store.alone = looked
mlflow_store.connect(sys.argv[1])
assert {"mlflow.store.tracking.sqlalchemy_store", "sqlalchemy.orm", "alembic"} <= before.keys()
"""


def test_nobody_waits_at_the_lock_for_what_another_process_imports(tmp_path: Path) -> None:
    command = [sys.executable, "-c", LOCKED, f"sqlite:///{tmp_path}/mlflow.db"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_new_database_is_for_its_owner_only_and_nothing_else_is_written(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = where(TrackingSpec(), tmp_path / "a b#c")
    assert not exists(store.uri)
    client = connect(store.uri)
    experiment_id(client, "iris", store.artifacts)
    file = tmp_path / "a b#c" / "mlflow.db"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(tmp_path.rglob("*")) == [file.parent, file]
    assert capfd.readouterr() == ("", "")


def test_a_deleted_experiment_says_how_to_restore_it(store: Store) -> None:
    client = connect(store.uri)
    client.delete_experiment(experiment_id(client, "iris", store.artifacts))
    with pytest.raises(SweeperError, match="experiments restore"):
        experiment_id(client, "iris", store.artifacts)


def test_a_database_that_was_deleted_while_in_use_is_noticed(tmp_path):
    """Else what is written goes to a file that nobody will ever read."""
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    connect(uri)
    check_in_place(uri)
    (tmp_path / "mlflow.db").unlink()
    with pytest.raises(StoreReplaced, match="launch again"):
        connect(uri)
