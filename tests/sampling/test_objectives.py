"""Samplers of several objectives."""

from __future__ import annotations

import importlib.util

import pytest

from sweeper import sampling
from sweeper.core import pareto
from sweeper.core.records import HistoryEntry
from sweeper.core.space import Condition, Dimension, Range, Space, Values
from sweeper.core.specs import Goal

GOALS = (Goal.MAXIMIZE, Goal.MINIMIZE)
NUMERIC = Space((Dimension("x", Range(0.0, 1.0)), Dimension("y", Range(0.0, 1.0))))
CONDITIONAL = Space(
    (
        Dimension("kind", Values(("a", "b"))),
        Dimension("x", Range(0.0, 1.0), (Condition("kind", "a"),)),
        Dimension("y", Range(0.0, 1.0)),
    )
)
needs_torch = pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="no torch")
GP = [pytest.param("gp", space, marks=needs_torch) for space in (NUMERIC, CONDITIONAL)]
every_case = pytest.mark.parametrize(
    ("name", "space"),
    [(n, s) for n in ("tpe", "nsgaii", "random", "qmc") for s in (NUMERIC, CONDITIONAL)] + GP,
)


def judged(params):
    """To have much of `gain` costs much; `y` away from 0.3 only costs."""
    gain = params.get("x", 0.1)
    return gain, gain**2 + (params["y"] - 0.3) ** 2


def search(name, space, count, history=()):
    sampler = sampling.make(name, space, 7, GOALS)
    found = list(history)
    for number in range(len(found), count):
        params = sampler.suggest(number, found).params
        values = judged(params)
        found.append(HistoryEntry(number, params, values[0], values=values))
    return found


@every_case
def test_a_continued_search_suggests_what_an_uninterrupted_one_does(name, space):
    length = 16 if name == "gp" else 60
    straight = search(name, space, length)
    assert search(name, space, length, straight[: length - 9]) == straight


@every_case
def test_bad_and_running_trials_are_taken_and_the_space_is_kept(name, space):
    history = search(name, space, 14 if name == "gp" else 30)
    history[3] = HistoryEntry(3, history[3].params, None, bad=True)
    history[-1] = HistoryEntry(history[-1].number, history[-1].params, None, running=True)
    params = sampling.make(name, space, 7, GOALS).suggest(len(history), history).params
    assert space.contains(params)


def volume(history):
    """Of what the front covers, up to a gain of 0 and a cost of 2."""
    front = {}
    for entry in history:
        pareto.enter(front, entry.number, (entry.values[0], -entry.values[1]))
    covered, reached = 0.0, 0.0
    for gain, cost in sorted((g, -c) for g, c in front.values()):
        covered += (gain - reached) * (2 - cost)
        reached = gain
    return covered


@pytest.mark.parametrize("name", ["nsgaii", "tpe"])
def test_it_learns_the_front_better_than_chance(name):
    learnt = volume(search(name, NUMERIC, 150))
    assert learnt > volume(search("random", NUMERIC, 150))
