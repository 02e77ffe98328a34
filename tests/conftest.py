"""What several kinds of tests need."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import hypothesis
import pytest

import postgres as server
from sweeper.mlflow_store import Store, connect


def pytest_configure():
    """Who starts the tests in the background has them ignore these; sweeper would too."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    # how long one example takes says how busy the machine is, not whether it holds
    hypothesis.settings.register_profile("sweeper", deadline=None)
    hypothesis.settings.load_profile("sweeper")


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL server, one for all tests of a process."""
    with server.running() as started:
        yield started


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MLflow database with its tables: making one takes seconds, copying it nothing."""
    path = tmp_path_factory.mktemp("template") / "mlflow.db"
    connect(f"sqlite:///{path}")
    return path


@pytest.fixture
def store(template: Path, tmp_path: Path) -> Store:
    path = tmp_path / "mlflow.db"
    shutil.copy(template, path)
    return Store(f"sqlite:///{path}", (tmp_path / "artifacts").as_uri())
