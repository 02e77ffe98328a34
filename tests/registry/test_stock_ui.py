"""MLflow's own server, where the whole of mlflow is installed, lists what we list."""

from __future__ import annotations

import importlib.util
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator

import pytest
from mlflow.tracking import MlflowClient

from registry.test_registry import registration  # noqa: F401  (a fixture)
from sweeper.mlflow_store import Store
from sweeper.ports import Registration
from sweeper.registry.mlflow_registry import MlflowRegistry

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("flask") is None, reason="needs the whole mlflow"),
]


@pytest.fixture
def server(store: Store) -> Iterator[str]:
    """The address of `mlflow ui` on the store."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "ui", "--port", str(port)]
    process = subprocess.Popen([*command, "--backend-store-uri", store.uri])
    address = f"http://127.0.0.1:{port}"
    try:
        _await(address)
        yield address
    finally:
        process.terminate()
        process.wait(30)


def _await(address: str) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            urllib.request.urlopen(f"{address}/health", timeout=5).read()
            return
        except OSError:
            assert time.monotonic() < deadline, "the server does not answer"
            time.sleep(0.2)


def test_the_ui_s_server_has_the_same_versions_aliases_and_tags(
    store: Store,
    server: str,
    registration: Callable[..., Registration],  # noqa: F811
) -> None:
    ours = MlflowRegistry(store.uri, store.artifacts, "income")
    ours.register(registration())
    ours.register(registration("two"))
    client = MlflowClient(server)
    (model,) = client.search_registered_models()
    theirs = {int(v.version): dict(v.tags) for v in client.search_model_versions("name = 'income'")}
    assert {v.version: v.tags for v in ours.versions("income")} == theirs
    held = {alias: int(version) for alias, version in model.aliases.items()}
    assert held == {alias: v.version for v in ours.versions("income") for alias in v.aliases}
