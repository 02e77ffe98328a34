"""What is changed in Ray while one of our own starts, and that it is as before afterwards."""

from __future__ import annotations

import contextlib

from ray._private.node import Node
from ray._private.state import GlobalState

from sweeper.execution.lightly import NOT_STARTED, lightly


class Stopped(Exception):
    """A start that failed."""


def now() -> list:
    return [*(getattr(Node, name) for name in NOT_STARTED), GlobalState.get_node]


def test_ray_has_what_is_changed():
    assert all(hasattr(Node, name) for name in NOT_STARTED)
    assert hasattr(GlobalState, "node_table")


def test_ray_is_as_it_was_also_after_a_start_that_failed():
    before = now()
    with contextlib.suppress(Stopped), lightly():
        assert not set(before) & set(now())
        raise Stopped
    assert now() == before


def test_a_ray_without_these_servants_starts_as_it_does(monkeypatch):
    monkeypatch.delattr(Node, "start_monitor")
    with lightly():
        assert not hasattr(Node, "start_monitor")
    assert not hasattr(Node, "start_monitor")


def test_a_node_is_asked_for_once_it_is_there(monkeypatch):
    tables = iter([[], [{"NodeID": "n", "Alive": False}], [{"NodeID": "n", "Alive": True}]])
    asked = []
    monkeypatch.setattr(GlobalState, "node_table", lambda state: next(tables))
    monkeypatch.setattr(GlobalState, "get_node", lambda state, node: asked.append(list(tables)))
    with lightly():
        GlobalState().get_node("n")
    assert asked == [[]]
