from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sweeper.mlflow_store import Store, connect


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with its tables: making one takes seconds, copying it nothing."""
    path = tmp_path_factory.mktemp("template") / "mlflow.db"
    connect(f"sqlite:///{path}")
    return path


@pytest.fixture
def store(template: Path, tmp_path: Path) -> Store:
    path = tmp_path / "mlflow.db"
    shutil.copy(template, path)
    return Store(f"sqlite:///{path}", (tmp_path / "artifacts").as_uri())
