"""A tiny task on every node of a cluster: which answer, and what they have."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sweeper.execution import cluster

SECONDS = 60.0
"""How long nodes may take to answer: the first task of a node unpacks what came along."""

PACKAGES = ("ray", "numpy", "pandas", "scikit-learn", "scipy", "torch", "xgboost", "lightgbm")
"""Those that a fold's result depends on."""


@dataclass(frozen=True, slots=True)
class Visit:
    """What one node said. `error`: why it said nothing."""

    host: str
    resources: dict[str, float]
    python: str = ""
    packages: tuple[tuple[str, str], ...] = ()
    error: str = ""


def here() -> tuple[str, tuple[tuple[str, str], ...]]:
    """Python's version in this process, and those of the packages that it has."""
    return platform.python_version(), tuple(_versions(PACKAGES))


def visit_all() -> list[Visit]:
    """Every node of the cluster that this process has joined."""
    import ray

    nodes = [node for node in ray.nodes() if node["Alive"]]
    look: Any = ray.remote(max_retries=0)(here)
    sent = [look.options(**cluster.placed(node["NodeID"], {})).remote() for node in nodes]
    ray.wait(sent, num_returns=len(sent), timeout=SECONDS)
    return [_visit(node, answer) for node, answer in zip(nodes, sent, strict=True)]


def _visit(node: dict[str, Any], answer: Any) -> Visit:
    import ray

    host = f"{node['NodeManagerHostname']} ({node['NodeManagerAddress']})"
    resources = {k: float(v) for k, v in node["Resources"].items() if ":" not in k}
    try:
        python, packages = ray.get(answer, timeout=0)
    except ray.exceptions.GetTimeoutError:
        return Visit(host, resources, error=f"no answer within {SECONDS:.0f} s")
    except ray.exceptions.RayError as error:
        return Visit(host, resources, error=cluster.said(error))
    return Visit(host, resources, python, packages)


def _versions(names: Iterable[str]) -> Iterable[tuple[str, str]]:
    for name in names:
        try:
            yield name, importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
