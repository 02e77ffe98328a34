"""How a Ray of our own starts: without what nobody asks it for, and without a pause."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable, Iterator
from typing import Any

NOT_STARTED = ("start_monitor", "start_log_monitor", "start_api_server")
"""Ray's servants for its autoscaler, for its workers' output on a terminal, and for its dashboard:
Python processes of a second of CPU each."""

LOOK = 0.02
"""Seconds between two looks at whether the node is there."""

PATIENCE = 30.0
"""Seconds after which the question is Ray's own again."""


@contextlib.contextmanager
def lightly() -> Iterator[None]:
    """While this lasts, Ray starts without those servants, and goes on as soon as its node is
    there, for which it would look once a second. What a Ray does not have stays as it is."""
    from ray._private.node import Node
    from ray._private.state import GlobalState

    with contextlib.ExitStack() as left:
        for name in NOT_STARTED:
            left.enter_context(_changed(Node, name, lambda start: lambda node, **options: None))
        left.enter_context(_changed(GlobalState, "get_node", _awaited))
        yield


@contextlib.contextmanager
def _changed(owner: Any, name: str, change: Callable[[Any], Any]) -> Iterator[None]:
    before = getattr(owner, name, None)
    if before is None:
        yield
        return
    setattr(owner, name, change(before))
    try:
        yield
    finally:
        setattr(owner, name, before)


def _awaited(get_node: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
    @functools.wraps(get_node)
    def soon(state: Any, node_id: str) -> Any:
        end = time.monotonic() + PATIENCE
        while not _there(state, node_id) and time.monotonic() < end:
            time.sleep(LOOK)
        return get_node(state, node_id)

    return soon


def _there(state: Any, node_id: str) -> bool:
    return any(node["NodeID"] == node_id and node["Alive"] for node in state.node_table())
