"""Sweeps that share a cluster: what each may have, turn by turn."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import pytest

from sweeper.core.records import Node
from sweeper.execution.neighbours import STALE, TURN, Neighbours, limited


@dataclass
class Notes:
    """What all launches see."""

    there: dict[str, str] = field(default_factory=dict)

    def put(self, key, value):
        self.there[key] = value

    def read(self, prefix):
        return {k: v for k, v in self.there.items() if k.startswith(prefix)}

    def remove(self, key):
        self.there.pop(key, None)


class Shared:
    """A cluster of so many CPUs, seen by sweeps whose fold runs take `workers` of them."""

    def __init__(self, cpus, **workers):
        self.cpus, self.t, self.notes = cpus, 0.0, Notes()
        self.workers = workers
        self.held = dict.fromkeys(workers, 0)
        self.wants = dict.fromkeys(workers, True)
        self.sweeps = {name: self._sweep(name) for name in workers}
        self.allowed = {}
        self.dead = set()

    def _sweep(self, name):
        need = {"CPU": 1.0}
        return Neighbours(self.notes, name, need, self.workers[name], clock=lambda: self.t)

    def second(self, ends=True):
        """Each in turn looks, ends what it may not have, if its runs end, and takes what it may."""
        for name, sweep in self.sweeps.items():
            if name in self.dead:
                continue
            total = {"CPU": float(self.cpus)}
            self.allowed[name] = sweep.visit(self.held[name], total, self.wants[name])
            limit = self.cpus if self.allowed[name] is None else self.allowed[name]
            if not self.wants[name]:
                limit = 0
            width = self.workers[name]
            while ends and self.held[name] > limit:
                self.held[name] -= width
            while self.free >= width and self.held[name] + width <= limit:
                self.held[name] += width
        self.t += 1

    @property
    def free(self):
        return self.cpus - sum(self.held.values())

    def go(self, seconds, ends=True):
        for _ in range(seconds):
            self.second(ends)


def test_alone_on_a_cluster_a_sweep_has_all_of_it():
    shared = Shared(8, a=1)
    shared.go(3)
    assert shared.allowed["a"] is None
    assert shared.held["a"] == 8


def test_two_come_to_a_half_each_and_stay_there():
    shared = Shared(8, a=1, b=1)
    shared.held["a"] = 8
    shared.go(4)
    assert shared.held == {"a": 4, "b": 4}
    shared.go(30)
    assert shared.held == {"a": 4, "b": 4}


def test_a_share_that_nobody_wants_is_anybodys():
    shared = Shared(8, a=1, b=1)
    shared.go(4)
    shared.wants["b"] = False
    shared.go(4)
    assert shared.held == {"a": 8, "b": 0}
    shared.wants["b"] = True
    shared.go(4)
    assert shared.held == {"a": 4, "b": 4}


def test_nothing_is_taken_from_runs_that_do_not_end():
    shared = Shared(2, a=1, b=1)
    shared.held["a"] = 2
    shared.go(60, ends=False)
    assert shared.held == {"a": 2, "b": 0}
    shared.go(3)
    assert shared.held["b"] > 0


def test_gangs_that_take_all_of_it_take_turns():
    shared = Shared(4, a=4, b=3)
    seen = []
    for _ in range(100):
        shared.second()
        seen.append(tuple(shared.held.values()))
    assert (4, 0) in seen
    assert (0, 3) in seen
    turns = sum(1 for one, other in itertools.pairwise(seen) if one[0] and other[1])
    assert turns >= 3
    longest = max(len(run) for run in "".join("a" if a else "b" for a, _ in seen).split("b"))
    assert longest <= 2 * TURN


def test_who_was_killed_is_forgotten_after_a_while():
    shared = Shared(2, a=1, b=1)
    shared.held["a"] = 2
    shared.second(ends=False)  # b says that it is short
    shared.dead.add("b")
    shared.go(3)
    assert shared.allowed["a"] == 1
    shared.go(int(STALE) + 1)
    assert shared.allowed["a"] is None
    assert list(shared.notes.there) == ["launch:a"]


def test_who_leaves_is_gone_at_once():
    shared = Shared(2, a=1, b=1)
    shared.go(2)
    shared.sweeps["b"].leave()
    shared.dead.add("b")
    shared.held["b"] = 0
    shared.go(1)
    assert shared.held["a"] == 2


@pytest.mark.parametrize(
    ("allowed", "left"),
    [
        (None, {"n1": 2, "n2": 4}),
        (6, {"n1": 2, "n2": 4}),
        (5, {"n1": 1, "n2": 4}),
        (3, {"n2": 3}),
        (0, {}),
    ],
)
def test_what_may_be_had_is_kept_together(allowed, left):
    nodes = limited([Node("n1", 2), Node("n2", 4)], allowed)
    assert {node.name: node.slots for node in nodes} == left
