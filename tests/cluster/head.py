"""A head started as people start one: `ray start`, with ports, a place and a token of its own."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SOURCES = Path(__file__).parents[2] / "src"

PATIENCE = 240.0


@dataclass(frozen=True)
class Head:
    """`host`: this machine as others see it. `environment`: with the token."""

    host: str
    port: int
    dashboard: int
    environment: dict[str, str]

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.dashboard}"

    def sweeper(self, *words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        """A command of ours, with the cluster's token."""
        return subprocess.run(
            [sys.executable, "-m", "sweeper", *words],
            env=self.environment,
            cwd=cwd,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )


def own_address() -> str:
    """An address of this machine that is not loopback; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        asked.connect(("192.0.2.1", 9))
        return str(asked.getsockname()[0])


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as held:
        found = [held.enter_context(socket.create_server(("", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in found]


@contextlib.contextmanager
def started(token: bool = True, dashboard: bool = True, cpus: int = 2) -> Iterator[Head]:
    """Such a head, until the block is left. Without `token` it is open to everybody."""
    place = Path(tempfile.mkdtemp(prefix="rh-", dir="/tmp"))  # sockets have short paths
    gcs, http, client, agent, metrics = free_ports(5)
    here = {
        **{k: v for k, v in os.environ.items() if not k.startswith("RAY_")},
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(SOURCES),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
    }
    options = {
        "port": gcs,
        "dashboard-host": "0.0.0.0",
        "dashboard-port": http,
        "include-dashboard": str(dashboard).lower(),
        "ray-client-server-port": client,
        "dashboard-agent-listen-port": agent,
        "metrics-export-port": metrics,
        "min-worker-port": 0,
        "max-worker-port": 0,
        "num-cpus": cpus,
        "temp-dir": place,
        "node-ip-address": own_address(),
        "disable-usage-stats": None,
    }
    words = [f"--{k}" if v is None else f"--{k}={v}" for k, v in options.items()]
    with (place / "said").open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block", *words],
            env={**here, "RAY_AUTH_MODE": "token" if token else "disabled"},
            stdout=said,
            stderr=said,
        )
    head = Head(own_address(), gcs, http, {**here, "RAY_AUTH_MODE": "token"})
    try:
        for port in (gcs, http) if dashboard else (gcs,):
            _wait(head.host, port, process, place / "said")
        yield head
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(place, ignore_errors=True)


def _wait(host: str, port: int, process: subprocess.Popen[bytes], said: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AssertionError(said.read_text())
        with contextlib.suppress(OSError):
            socket.create_connection((host, port), timeout=1).close()
            return
        time.sleep(0.2)
    raise AssertionError(f"nothing listens at {host}:{port}: {said.read_text()}")
