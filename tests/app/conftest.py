from __future__ import annotations

import os
from pathlib import Path

import pytest

from sweeper import mlflow_store


@pytest.fixture(scope="module", autouse=True)
def tables_at_once(template: Path):
    """A database that is new to this process is a copy: MLflow's migrations take two seconds."""
    content = template.read_bytes()

    def made(path: Path) -> None:
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        if not os.fstat(descriptor).st_size:
            os.write(descriptor, content)
        os.close(descriptor)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(mlflow_store, "_make_sure_of", made)
        yield
