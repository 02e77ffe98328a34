"""`python -m sweeper.execution.knock HOST:PORT`: what a cluster's head says to this process.

A process of its own, because Ray's client reads the token's settings once, goes on calling for
long, and may end the process that it is in.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

SECONDS = 30.0
"""How long a head may take to answer."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of a knock. `ray` is empty where nothing that we understand answered."""

    ray: str = ""
    python: str = ""
    dashboard: str = ""  # HOST:PORT
    said: str = ""  # the error, in Ray's words
    denied: bool = False  # it is Ray, and wants another token than ours

    @property
    def answered(self) -> bool:
        return bool(self.ray)


def knock(address: str, with_token: bool = True) -> Heard:
    """Ask the head at `address`, with this machine's token or with none."""
    environment = dict(os.environ)
    environment["RAY_AUTH_MODE"] = "token" if with_token else "disabled"
    environment |= {"RAY_BACKEND_LOG_LEVEL": "fatal", "RAY_py_gcs_connect_timeout_s": "3"}
    argv = [sys.executable, "-m", __name__, address]
    try:
        ended = subprocess.run(
            argv, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return Heard(said=f"no answer within {SECONDS:.0f} s")
    lines = ended.stdout.splitlines()
    if not lines:
        said = (ended.stderr.strip().splitlines() or [f"exit {ended.returncode}"])[-1]
        return Heard(said=said, denied=_is_denial(ended.stderr))
    return Heard(**json.loads(lines[-1]))


def _is_denial(text: str) -> bool:
    return "Unauthenticated" in text or "InvalidAuthToken" in text


def _ask(address: str) -> dict[str, Any]:
    from ray._common.usage.usage_lib import get_cluster_metadata
    from ray._private import ray_constants
    from ray._raylet import GcsClient  # type: ignore[attr-defined]

    try:
        client: Any = GcsClient(address=address)
        found = get_cluster_metadata(client)
        dashboard = client.internal_kv_get(
            ray_constants.DASHBOARD_ADDRESS.encode(),
            namespace=ray_constants.KV_NAMESPACE_DASHBOARD,
        )
    except Exception as error:  # Ray has a class for each layer, and some are plain RuntimeErrors
        text = f"{type(error).__name__}: {error}".strip()
        return {"said": text.splitlines()[0], "denied": _is_denial(text)}
    return {
        "ray": found["ray_version"],
        "python": found["python_version"],
        "dashboard": (dashboard or b"").decode(),
    }


if __name__ == "__main__":
    print(json.dumps(_ask(sys.argv[1])))
