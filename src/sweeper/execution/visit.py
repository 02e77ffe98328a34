"""A tiny task on every node of a cluster: which answer, and what they have."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Callable, Iterable, Iterator
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
    return [_visit(node, answer, error) for node, answer, error in _asked(here)]


def everywhere(function: Callable[[], str]) -> list[tuple[str, str]]:
    """Call it on every node: each one's host, and what it answered, or why it did not."""
    return [(_host(node), error or answer) for node, answer, error in _asked(function)]


def _asked(function: Callable[[], Any]) -> Iterator[tuple[dict[str, Any], Any, str]]:
    """Each node, what the function gave there, and why it gave nothing."""
    import ray

    nodes = cluster.alive()
    task: Any = ray.remote(max_retries=0)(_called)
    sent = [task.options(**cluster.placed(n["NodeID"], {})).remote(function) for n in nodes]
    ray.wait(sent, num_returns=len(sent), timeout=SECONDS)
    for node, reference in zip(nodes, sent, strict=True):
        try:
            yield node, ray.get(reference, timeout=0), ""
        except ray.exceptions.GetTimeoutError:
            yield node, None, f"no answer within {SECONDS:.0f} s"
        except ray.exceptions.RayError as error:
            yield node, None, cluster.said(error)


def _called(function: Callable[[], Any]) -> Any:
    return function()


def _visit(node: dict[str, Any], answer: Any, error: str) -> Visit:
    resources = {k: float(v) for k, v in node["Resources"].items() if ":" not in k}
    if error:
        return Visit(_host(node), resources, error=error)
    python, packages = answer
    return Visit(_host(node), resources, python, packages)


def _host(node: dict[str, Any]) -> str:
    return f"{node['NodeManagerHostname']} ({node['NodeManagerAddress']})"


def _versions(names: Iterable[str]) -> Iterable[tuple[str, str]]:
    for name in names:
        try:
            yield name, importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
