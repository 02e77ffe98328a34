"""What `doctor --address` says of each way in which a connection fails, and what a launch does."""

from __future__ import annotations

import dataclasses
import json
import secrets
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.head import Head, free_ports, own_address, started

pytest.importorskip("grpc", reason="Ray's client server needs ray[default]")

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

CONFIG = """
name: small
data: {source: "sklearn:iris", target: target}
metric: accuracy
model: {estimator: sklearn.tree.DecisionTreeClassifier}
"""


@pytest.fixture(scope="module")
def head() -> Iterator[Head]:
    with started(dashboard=False, cpus=0) as found:
        yield found


@pytest.fixture(scope="module")
def open_head() -> Iterator[Head]:
    with started(token=False, dashboard=False) as found:
        yield found


@pytest.fixture
def config(tmp_path) -> Path:
    (tmp_path / "small.yaml").write_text(CONFIG)
    return tmp_path


def wrong(head: Head, address: str, folder: Path) -> dict[str, str]:
    """The checks that are wrong, by name: what was found, and how to mend it."""
    said = head.sweeper("doctor", "--address", address, "--json", cwd=folder)
    assert said.returncode == 1, said.stdout + said.stderr
    checks = json.loads(said.stdout)["checks"]
    return {c["name"]: f"{c['found']} {c['mend']}" for c in checks if not c["ok"]}


def with_settings(head: Head, **settings: str) -> Head:
    return dataclasses.replace(head, environment={**head.environment, **settings})


def test_where_nothing_listens_that_is_said(head, tmp_path):
    (port,) = free_ports(1)
    found = wrong(head, f"{own_address()}:{port}", tmp_path)
    assert list(found) == ["reachable"]
    assert "nothing listens" in found["reachable"]


def test_what_listens_and_is_no_ray_is_told_from_ray(head, tmp_path):
    with socket.create_server((own_address(), 0)) as server:
        stop = threading.Event()
        thread = threading.Thread(target=_hang_up, args=(server, stop))
        thread.start()
        found = wrong(head, f"{own_address()}:{server.getsockname()[1]}", tmp_path)
        stop.set()
        thread.join()
    assert list(found) == ["ray"]
    assert "is no Ray head that answers" in found["ray"]


def _hang_up(server: socket.socket, stop: threading.Event) -> None:
    server.settimeout(0.2)
    while not stop.is_set():
        try:
            server.accept()[0].close()
        except TimeoutError:
            continue


def test_a_missing_token_is_said_before_anything_is_sent(head, config):
    bare = with_settings(head, RAY_AUTH_TOKEN="", RAY_AUTH_TOKEN_PATH=str(config / "none"))
    found = wrong(bare, head.address, config)
    assert list(found) == ["token"]
    assert "ray get-auth-token --generate" in found["token"]
    said = bare.sweeper("launch", "small.yaml", "--address", head.address, cwd=config)
    assert said.returncode == 2
    assert "nothing was sent" in said.stderr


def test_a_wrong_token_is_told_from_a_dead_head(head, tmp_path):
    other = with_settings(head, RAY_AUTH_TOKEN=secrets.token_hex(32))
    found = wrong(other, head.address, tmp_path)
    assert list(found) == ["ray"]
    assert "wants another token than ours" in found["ray"]


def test_a_cluster_without_cpus_is_one_without_room(head, tmp_path):
    found = wrong(head, head.address, tmp_path)
    assert list(found) == ["room"]
    assert "1 nodes with 0 CPUs" in found["room"]


def test_a_folder_too_big_to_travel_is_said(head, tmp_path):
    with (tmp_path / "big.bin").open("wb") as stream:
        for _ in range(600):
            stream.write(secrets.token_bytes(1 << 20))
    found = wrong(head, head.address, tmp_path)
    assert list(found) == ["join"]
    assert "cannot travel to the cluster" in found["join"]


def test_a_cluster_that_asks_for_no_token_is_wrong_and_no_launch_goes_there(open_head, config):
    found = wrong(open_head, open_head.address, config)
    assert "asks nobody for a token" in found["access"]
    said = open_head.sweeper("launch", "small.yaml", "--address", open_head.address, cwd=config)
    assert said.returncode == 2
    assert "whoever reaches it runs what he likes" in said.stderr
