"""Fold runs that take several workers, and those that take several places."""

from __future__ import annotations

import dataclasses
import random

import pytest

from sweeper.core import commands as c
from sweeper.core import stimuli
from sweeper.core.records import HOLDOUT, FailureKind, Node, RunState, SweepState, TrialState
from sweeper.core.scheduling import slot_count
from sweeper.core.space import Dimension, Object, Space, Values
from sweeper.core.specs import Candidate, ModelSpec, Resources
from world import World, failure, spec


def gang(workers: int, most: int | None = None, trials: int = 6, **changes) -> World:
    """A sweep whose fold runs are gangs, before it knows of any node."""
    sweep = dataclasses.replace(
        spec(trials=trials, pruner="none", **changes), resources=Resources(workers=workers, most=most)
    )
    return World(sweep, slots=0)


def nodes(world: World, **slots: int) -> None:
    there = tuple(Node(name, count) for name, count in slots.items())
    world.feed(stimuli.CapacityChanged(world.t, there))


def running(world: World) -> list[tuple[str, ...]]:
    """The nodes of each fold run under way."""
    return sorted(slot.nodes for slot in world.now().slots)


def ask_all(world: World) -> None:
    while any(isinstance(command, c.Ask) for command in world.waiting):
        index = next(i for i, each in enumerate(world.waiting) if isinstance(each, c.Ask))
        world.answer(index)


def test_a_sweep_of_gangs_runs_to_its_end_and_its_holdout_run_is_one_worker():
    world = gang(3)
    nodes(world, a=4, b=2)
    assert slot_count(world.now()) == 2
    state = world.run()
    assert state.status is SweepState.FINISHED
    runs = [run for trial in state.trials.values() for run in trial.runs]
    assert {len(run.slot.nodes) for run in runs if run.key.fold != HOLDOUT} == {3}
    assert [len(run.slot.nodes) for run in runs if run.key.fold == HOLDOUT] == [1]


def test_gangs_fill_all_places_across_nodes():
    world = gang(2, trials=9)
    nodes(world, a=3, b=2, c=1)
    ask_all(world)
    assert running(world) == [("a", "a"), ("a", "c"), ("b", "b")]


def test_a_gang_wider_than_the_cluster_waits_for_more_nodes():
    world = gang(4)
    nodes(world, a=3)
    ask_all(world)
    assert running(world) == []
    nodes(world, a=3, b=1)
    ask_all(world)
    assert running(world) == [("a", "a", "a", "b")]


def test_an_elastic_gang_takes_what_is_free_and_is_narrower_after_a_node_is_lost():
    world = gang(2, most=8, trials=1)
    world.score = lambda trial, fold: 0.5
    nodes(world, a=4, b=4)
    ask_all(world)
    widths = [len(each) for each in running(world)]
    assert sum(widths) == 8
    assert min(widths) == 2
    key = next(iter(world.now().slots.values()))[0]
    lost = failure(FailureKind.LOST, charged=False)
    nodes(world, a=2)
    world.feed(stimuli.RunEnded(world.t, key, lost))
    state = world.run()
    again = [run for run in state.trials[0].runs if run.key.fold == key.fold][-1]
    assert again.state is RunState.SUCCEEDED
    assert again.slot.nodes == ("a", "a")


def two_sizes() -> World:
    """Every other trial takes three places, the rest one."""
    sizes = ModelSpec(
        (Candidate("small", Object("m.Small", ())), Candidate("big", Object("m.Big", ()), places=3)),
        dimension="model",
    )
    sweep = dataclasses.replace(
        spec(trials=12, pruner="none", concurrency=6, refit=False, register=False),
        model=sizes,
        space=Space((Dimension("model", Values(("small", "big"))),)),
    )
    return World(sweep, slots=0, folds=2)


def suggest(world: World) -> None:
    """Answer all asks: trial 0 is small, then big and small by turns."""
    while asked := [each.trial for each in world.waiting if isinstance(each, c.Ask)]:
        world.waiting = type(world.waiting)(
            each for each in world.waiting if not isinstance(each, c.Ask)
        )
        for trial in asked:
            params = {"model": "big" if trial % 2 else "small"}
            world.feed(stimuli.Suggested(world.t, trial, params, 0.0))


@pytest.mark.parametrize("seed", range(5))
def test_a_big_run_is_not_starved_by_small_ones(seed):
    world, rng = two_sizes(), random.Random(seed)
    nodes(world, a=3, b=2)
    begun: list[int] = []
    while not world.finished:
        suggest(world)
        taken = dict.fromkeys("ab", 0)
        for slot in world.now().slots:
            taken[slot.node] += slot.size
        assert taken["a"] <= 3
        assert taken["b"] <= 2
        begun += [key.trial for keys in world.now().slots.values() for key in keys]
        if world.waiting:
            world.answer(rng.randrange(len(world.waiting)))
    state = world.now()
    assert {trial.state for trial in state.trials.values()} == {TrialState.COMPLETE}
    first = begun.index(1)  # the first big trial
    assert len({trial for trial in begun[:first] if trial > 1}) <= 5


def test_small_work_fills_what_does_not_drain_for_a_big_run():
    world = two_sizes()
    nodes(world, a=3, b=2)
    suggest(world)
    where = {slot.node: [key.trial for key in keys] for slot, keys in world.now().slots.items()}
    assert set(where) == {"a", "b"}
    assert sum(slot.size for slot in world.now().slots) >= 4
