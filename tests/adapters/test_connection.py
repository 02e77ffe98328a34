"""A Ray of our own starts beside other work, and ends on the thread that started it."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path

import pytest

from sweeper.execution import cluster
from sweeper.execution.cluster import ClusterError
from sweeper.execution.connection import Connection


class FakeRay:
    """Stands in for the calls that start and end one: what is tested is when, and where."""

    def __init__(self, monkeypatch, error=None):
        self.calls = []
        self.starting, self.may_start = threading.Event(), threading.Event()
        self.error = error
        monkeypatch.delenv("RAY_ADDRESS", raising=False)
        for name in ("start", "join", "disconnect"):
            monkeypatch.setattr(cluster, name, getattr(self, name))

    def start(self):
        self.starting.set()
        self.may_start.wait()
        self.calls.append(("start", threading.get_ident()))
        if self.error:
            raise self.error

    def join(self, address, env):
        self.calls.append(("join", address))

    def disconnect(self):
        self.calls.append(("end", threading.get_ident()))

    @property
    def names(self):
        return [name for name, _ in self.calls]


def test_it_starts_while_something_else_is_done_and_opening_waits_for_it(monkeypatch):
    ray = FakeRay(monkeypatch)
    connection = Connection()
    connection.begin()
    assert ray.calls == []  # it is at it, and did not keep us
    ray.may_start.set()
    assert connection.open(Path()) is True
    assert ray.names == ["start"]
    connection.close()


def test_the_thread_that_started_it_stays_and_ends_it_once(monkeypatch):
    ray = FakeRay(monkeypatch)
    ray.may_start.set()
    connection = Connection()
    connection.open(Path())
    connection.begin()
    connection.close()
    connection.close()
    (_, started), (_, ended) = ray.calls
    assert ray.names == ["start", "end"]
    assert started == ended != threading.get_ident()


def test_one_that_never_began_has_nothing_to_end(monkeypatch):
    ray = FakeRay(monkeypatch)
    Connection().close()
    assert ray.calls == []


def test_what_kept_it_from_starting_is_said_where_it_is_needed(monkeypatch):
    ray = FakeRay(monkeypatch, ClusterError("no room for Ray"))
    ray.may_start.set()
    connection = Connection()
    connection.begin()
    with pytest.raises(ClusterError, match="no room for Ray"):
        connection.open(Path())
    connection.close()
    assert ray.names == ["start"]  # there may be one of the user's, which is left alone


def test_a_cluster_is_joined_when_it_is_needed_and_not_before(monkeypatch):
    ray = FakeRay(monkeypatch)
    connection = Connection("10.0.0.1:6379")
    connection.begin()
    assert ray.calls == []
    assert connection.open(Path()) is False
    connection.close()
    connection.close()
    assert ray.names == ["join", "end"]


def given_up(ray, error):
    """A connection that was left for this reason while its Ray was starting."""
    connection = Connection()
    with contextlib.suppress(type(error)), connection:
        connection.begin()
        assert ray.starting.wait(10)
        raise error
    return connection


def test_who_finds_something_wrong_meanwhile_does_not_wait_for_ray(monkeypatch):
    ray = FakeRay(monkeypatch)
    connection = given_up(ray, ValueError("wrong"))
    assert ray.calls == []  # it is still at it
    assert not connection._thread.daemon  # and Python waits for it
    ray.may_start.set()
    assert connection._ended.wait(10)
    assert ray.names == ["start", "end"]


def test_who_presses_ctrl_c_meanwhile_waits(monkeypatch):
    ray = FakeRay(monkeypatch)
    ray.may_start.set()
    given_up(ray, KeyboardInterrupt())
    assert ray.names == ["start", "end"]


@pytest.mark.parametrize(("address", "how"), [(None, "start"), ("10.0.0.1:6379", "join")])
def test_the_next_launch_waits_for_the_end_of_one_that_was_given_up(monkeypatch, address, how):
    ray = FakeRay(monkeypatch)
    given_up(ray, ValueError("wrong"))
    threading.Timer(0.05, ray.may_start.set).start()
    with Connection(address) as connection:
        connection.open(Path())
    assert ray.names == ["start", "end", how, "end"]


def test_who_interrupts_the_end_leaves_it_to_the_thread(monkeypatch):
    ray = FakeRay(monkeypatch)
    connection = Connection()
    connection.begin()

    def interrupted():
        raise KeyboardInterrupt

    ended = connection._ended.wait
    monkeypatch.setattr(connection._ended, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        connection.close()
    assert not connection._thread.daemon  # Python waits for it
    ray.may_start.set()
    assert ended(10)
    assert ray.names == ["start", "end"]
