"""Asking a cluster that can grow for a node that a fold run fits on."""

from __future__ import annotations

import json
from typing import Any

from sweeper.execution.cluster import ClusterError, fits, impossible

_STATUS = "__autoscaling_status"


def ask_if_needed(need: dict[str, float], workers: int) -> str:
    """Whether a fold run has to wait for a bigger node, or for more nodes, in words; empty when
    it fits already.

    The cluster's autoscaler is asked for such a node. ClusterError when there is none that
    could bring one.
    """
    problem = impossible(need, workers)
    if not problem:
        return ""
    if not _can_grow(need):
        raise ClusterError(f"{problem}: lower `resources:`")
    from ray.autoscaler.sdk import request_resources

    request_resources(bundles=[need] * workers)
    return f"waiting for the cluster to grow: {problem}"


def withdraw() -> None:
    """Ask for nothing any more: a request stands until somebody makes another."""
    from ray.autoscaler.sdk import request_resources

    request_resources(bundles=[])


def _can_grow(need: dict[str, float]) -> bool:
    """Whether an autoscaler is at work, and as far as it says, one of its nodes would do."""
    from ray._private.state import state

    config: Any = state.get_cluster_config()
    if config is not None and config.node_group_configs:
        kinds = (dict(group.resources) for group in config.node_group_configs if group.max_count)
        return any(fits(need, kind) for kind in kinds)
    return _has_types()


def _has_types() -> bool:
    """Ray runs an autoscaler everywhere. One that can add nodes knows their types; the other
    calls each node a type of its own."""
    from ray.experimental.internal_kv import _internal_kv_get

    status = json.loads(_internal_kv_get(_STATUS) or b"{}")
    report = status.get("autoscaler_report") or {}
    types = report.get("node_type_mapping") or {}
    return any(kind != f"node_{node}" for node, kind in types.items())
