"""What fold runs took, what of it was of no use, and budgets of it."""

from __future__ import annotations

import dataclasses

import pytest

from sweeper.core import account, spending, stimuli
from sweeper.core import commands as c
from sweeper.core.codec import decode, encode
from sweeper.core.events import (
    BudgetSpent,
    CapacitySeen,
    FoldsDispatched,
    FoldSucceeded,
    SweepLaunched,
    TrialAsked,
    TrialSampled,
)
from sweeper.core.evolve import evolve
from sweeper.core.records import Node, RunKey, Success, SweepState, TrialState
from sweeper.core.rooms import Slot
from sweeper.core.specs import Budget, Prices, Resources
from sweeper.core.usage import Usage
from world import World, created, failure, learning, spec

PRICES = Prices(0.5, 3.0, "EUR")


def priced(**settings):
    """A sweep whose fold runs take 2 CPUs and a GPU each."""
    given = {"resources": Resources(cpus=2, gpus=1), "prices": PRICES, **settings}
    return dataclasses.replace(spec(trials=4, pruner="none"), **given)


def told(resources: Resources = Resources(), folds: int = 3):  # noqa: B008
    """A sweep with one trial at time 0, and a function that applies events to it."""
    sweep = dataclasses.replace(spec(trials=1), resources=resources)
    state = evolve(None, created(sweep, folds))

    def tell(*events):
        for event in events:
            evolve(state, event)

    tell(
        SweepLaunched(0.0, 1.7e9, "host", 1, {}),
        CapacitySeen(0.0, (Node("n", 4),)),
        TrialAsked(0.0, 0),
        TrialSampled(0.0, 0, {"x": 0.5}, "sampler", 0.0),
    )
    return state, tell


def test_a_run_alone_on_its_slot_holds_it_from_the_moment_it_is_sent():
    state, tell = told(Resources(cpus=2, gpus=0.5, workers=2))
    key, slot = RunKey(0, 0, 1), Slot("n", 0, ("n",))
    outcome = Success({"m": 1.0}, 6.0, usage=Usage(11.0, 512))
    tell(FoldsDispatched(10.0, slot, (key,)), FoldSucceeded(18.0, key, outcome))
    took = spending.of_run(state.trials[0].runs[0])
    assert (took.queue, took.wall, took.cpu) == (2.0, 6.0, 11.0)
    assert (took.reserved_cpu, took.reserved_gpu) == (8.0 * 2 * 2, 8.0 * 2 * 0.5)
    assert state.spending.memory == 512


def test_runs_of_a_batch_share_the_slots_time_by_what_each_took():
    state, tell = told()
    keys = tuple(RunKey(0, fold, 1) for fold in range(3))
    tell(FoldsDispatched(0.0, Slot("n", 0), keys))
    for key, seconds in zip(keys, (1.0, 2.0, 3.0), strict=True):
        tell(FoldSucceeded(7.0, key, Success({"m": 1.0}, seconds)))
    assert [run.held for run in state.trials[0].runs] == [1.0, 2.0, 4.0]
    assert state.spending.total.reserved_cpu == 7.0


def test_a_run_that_waits_behind_another_reserves_nothing():
    state, tell = told()
    first, second = RunKey(0, 0, 1), RunKey(0, 1, 1)
    tell(FoldsDispatched(0.0, Slot("n", 0), (first,)))
    tell(FoldsDispatched(1.0, Slot("n", 0), (second,)))
    tell(FoldSucceeded(5.0, first, Success({"m": 1.0}, 5.0)))
    tell(FoldSucceeded(8.0, second, Success({"m": 1.0}, 3.0)))
    runs = [spending.of_run(run) for run in state.trials[0].runs]
    assert [(took.queue, took.reserved_cpu) for took in runs] == [(0.0, 5.0), (4.0, 3.0)]


def test_what_runs_is_counted_until_now():
    state, tell = told(Resources(cpus=3))
    tell(FoldsDispatched(2.0, Slot("n", 0), (RunKey(0, 0, 1), RunKey(0, 1, 1))))
    assert spending.spent(state, 12.0).reserved_cpu == 30.0
    assert state.spending.total.reserved_cpu == 0.0


def test_an_attempt_that_is_made_again_is_repeated_and_what_a_failed_trial_took_is_failed():
    world = World(spec(trials=1, pruner="none"), slots=1, folds=1)
    world.answer()
    world.answer(outcome=failure())
    assert world.now().spending.repeated.runs == 1
    world.rest()
    while world.now().trials[0].state is TrialState.RUNNING:
        world.answer(outcome=failure())
    found = world.now().spending
    assert (found.repeated.runs, found.total.runs) == (1, len(world.now().trials[0].runs))
    assert found.failed.runs == found.total.runs - 1


def test_what_a_dead_controller_had_under_way_is_repeated():
    world = World(spec(trials=1, pruner="none"), slots=1)
    world.answer()
    world.launch()
    assert world.now().spending.repeated.runs >= 1


def test_a_pruned_trials_runs_are_pruned_until_it_comes_back():
    world = World(spec(trials=9, pruner="asha"), slots=2, curve=learning, steps=9)
    parts = set()
    while not world.finished:
        world.answer() if world.waiting else world.rest()
        parts.add(world.now().spending.pruned.runs > 0)
    assert parts == {True, False}
    cost = account.of_sweep(world.now(), world.t)
    assert sum(cost[part]["share"] for part in account.PARTS) == pytest.approx(1, abs=1e-3)
    assert sum(cost[part]["fold_runs"] for part in account.PARTS) == cost["total"]["fold_runs"]


def test_money_is_what_was_reserved_by_the_prices_in_force():
    world = World(priced(), slots=2)
    state = world.run()
    total = account.of_sweep(state, world.t)["total"]
    expected = (total["reserved_cpu_s"] * 0.5 + total["reserved_gpu_s"] * 3.0) / 3600
    assert total["money"] == pytest.approx(expected, abs=1e-5)
    assert total["reserved_cpu_s"] == 2 * total["reserved_gpu_s"] > 0


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        (Budget(500, cpu_hours=0.05), "the budget of 0.05 cpu hours is spent"),
        (Budget(500, gpu_hours=0.03), "the budget of 0.03 gpu hours is spent"),
        (Budget(500, money=0.1), "the budget of 0.1 EUR is spent"),
        (Budget(500, time=60.0), "the time budget of 60 s is spent"),
    ],
)
def test_a_budget_ends_the_search_and_leaves_some_for_the_refit(budget, words):
    world = World(priced(budget=budget))
    while not world.finished:
        world.feed(stimuli.ClockTicked(world.t))
        if world.waiting:
            world.answer()
    state = world.now()
    assert state.status is SweepState.FINISHED
    assert 0 < len(state.trials) < 500
    assert state.spent.startswith(words)
    assert "kept for the refit" in state.spent
    assert any(words in trial.reason for trial in state.trials.values())
    assert state.registered is not None


def test_a_larger_budget_goes_on_with_a_search_that_it_ended():
    world = World(priced(budget=Budget(20, cpu_hours=0.02), refit=False, register=None))
    while not world.finished:
        world.feed(stimuli.ClockTicked(world.t))
        if world.waiting:
            world.answer()
    begun = len(world.now().trials)
    assert begun < 20
    before = world.now().spec
    after = dataclasses.replace(before, budget=dataclasses.replace(before.budget, cpu_hours=9.0))
    world.wish(stimuli.Edit(before, after, (("budget.cpu_hours", 0.02, 9.0),)))
    world.launch()
    assert len(world.run().trials) == 20


def test_a_run_that_was_called_back_says_what_it_took():
    world = World(spec(trials=1, pruner="none"), slots=1)
    while not isinstance(world.waiting[0], c.Dispatch):
        world.answer()
    key = world.waiting[0].runs[0]
    world.wish(stimuli.CancelTrial(0))
    world.feed(stimuli.RunCancelled(world.t, key, Usage(4.0, 100)))
    assert world.now().spending.failed.cpu == 4.0


def test_journals_of_before_there_were_other_budgets_tell_of_time():
    assert decode({"type": "TimeSpent", "t": 1.0, "reason": "60 s"}) == BudgetSpent(1.0, "60 s")
    assert encode(BudgetSpent(1.0, "60 s"))["type"] == "BudgetSpent"
