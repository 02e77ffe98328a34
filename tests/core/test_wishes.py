"""What people ask of a sweep, while it runs, rests or is over."""

from __future__ import annotations

import dataclasses

import pytest

from sweeper.core import commands as c
from sweeper.core import stimuli
from sweeper.core.merge import merge
from sweeper.core.records import FailureKind, Node, SweepState, TrialState
from sweeper.core.space import Dimension, Range, Space, Values
from sweeper.core.specs import Budget, Retries, SearchSpec
from world import World, failure, spec


def edit(world, **changes):
    """An edit of the sweep's settings as they are now."""
    before = world.now().spec
    return stimuli.Edit(before, dataclasses.replace(before, **changes), (("key", 1, 2),))


def test_a_paused_sweep_sends_nothing_out_and_takes_what_comes_in():
    world = World(spec(trials=4, pruner="none"))
    while not world.ran:
        world.answer()
    world.wish(stimuli.Pause())
    assert world.now().status is SweepState.PAUSED
    ran = len(world.ran)
    while world.waiting:
        world.answer()
    assert not world.now().slots
    assert len(world.ran) - ran <= 2  # what the two slots had
    world.wish(stimuli.Resume())
    assert world.run().status is SweepState.FINISHED


def test_paused_time_is_not_taken_from_the_budget():
    world = World(spec(trials=30, pruner="none", time=60.0, refit=False, register=False), slots=1)
    world.answer()
    world.wish(stimuli.Pause())
    world.t += 10_000
    world.feed(stimuli.ClockTicked(world.t))
    world.wish(stimuli.Resume())
    world.feed(stimuli.ClockTicked(world.t))
    assert not world.now().spent
    assert world.now().idle == pytest.approx(10_000)


def test_a_pause_ends_with_its_controller():
    world = World(spec(trials=2, pruner="none"))
    world.wish(stimuli.Pause())
    world.t += 5
    world.launch()
    assert world.now().status is SweepState.RUNNING
    assert world.run().status is SweepState.FINISHED


def test_a_paused_sweep_can_be_stopped():
    world = World(spec(trials=2, pruner="none"))
    world.wish(stimuli.Pause())
    world.wish(stimuli.Stop())
    while not world.finished:
        world.answer()
    assert world.now().status is SweepState.INTERRUPTED


def test_a_request_that_is_read_twice_counts_once():
    world = World(spec(trials=4, pruner="none"))
    world.wish(stimuli.Enqueue(({"x": 0.5},)), id="a")
    world.wish(stimuli.Enqueue(({"x": 0.5},)), id="a")
    world.launch()
    world.wish(stimuli.Enqueue(({"x": 0.5},)), id="a")
    assert [t.params["x"] for t in world.run().trials.values()].count(0.5) == 1


def test_every_request_is_on_record_with_its_author_also_when_it_is_refused():
    world = World(spec(trials=2, pruner="none"))
    world.wish(stimuli.Resume())
    world.wish(stimuli.CancelTrial(77))
    world.wish(stimuli.Pause())
    told = [(t.author, t.what, t.refused) for t in world.now().taken]
    assert told == [
        ("ana", "resume", "the sweep is running"),
        ("ana", "cancel 77", "there is no trial 77"),
        ("ana", "pause", ""),
    ]


def test_enqueued_trials_come_before_the_samplers_and_count():
    world = World(spec(trials=4, pruner="none"), slots=1)
    world.wish(stimuli.Enqueue(({"x": 0.25}, {"x": 0.75})))
    state = world.run()
    by_hand = [t.params["x"] for t in state.trials.values() if t.origin == "enqueued"]
    assert by_hand == [0.25, 0.75]
    assert len(state.trials) == 4


def test_a_budget_without_room_for_enqueued_trials_grows():
    world = World(spec(trials=3, pruner="none"))
    world.run()
    world.wish(stimuli.Enqueue(({"x": 0.25}, {"x": 0.75})))
    assert world.now().spec.budget.trials == 5
    world.launch()
    state = world.run()
    assert len(state.trials) == 5
    assert all(t.state is TrialState.COMPLETE for t in state.trials.values())


def test_raising_the_budget_of_a_finished_sweep_by_an_edit_goes_on_at_the_next_launch():
    world = World(spec(trials=3, pruner="none"))
    world.run()
    world.wish(edit(world, budget=Budget(5)))
    world.launch()
    assert len(world.run().trials) == 5


def test_a_budget_below_what_has_begun_becomes_what_has_begun():
    world = World(spec(trials=8, pruner="none"), slots=1)
    while len(world.now().trials) < 4:
        world.answer()
    world.wish(edit(world, budget=Budget(1)))
    begun = world.now().spec.budget.trials
    assert begun in (4, 5)
    assert len(world.run().trials) == begun


def test_an_edit_during_the_refit_goes_back_to_the_search():
    world = World(spec(trials=3, pruner="none"))
    while not any(isinstance(w, c.Dispatch) and w.runs[0].fold == -1 for w in world.waiting):
        world.answer()
    world.wish(edit(world, budget=Budget(6)))
    state = world.run()
    assert len(state.trials) == 6
    assert state.status is SweepState.FINISHED
    assert state.registered is not None


def test_an_edit_changes_only_what_it_says():
    world = World(spec(trials=4, pruner="none"))
    before = world.now().spec
    first = dataclasses.replace(before, budget=Budget(9))
    second = dataclasses.replace(before, search=SearchSpec("random", before.search.pruner, 3))
    world.wish(stimuli.Edit(before, first, ()))
    world.wish(stimuli.Edit(before, second, ()))
    assert world.now().spec.budget.trials == 9
    assert world.now().spec.search.concurrency == 3


def test_an_edit_that_says_nothing_new_is_refused():
    world = World(spec(trials=4, pruner="none"))
    world.wish(edit(world, budget=Budget(4)))
    assert world.now().taken[-1].refused == "the sweep has these settings already"


def test_a_budget_of_fewer_trials_than_have_begun_is_refused_when_it_is_what_is_there():
    world = World(spec(trials=2, pruner="none"))
    world.run()
    world.wish(edit(world, budget=Budget(1)))
    assert world.now().taken[-1].refused == "2 trials have begun already"


def test_a_cancelled_trial_ends_at_once_and_does_not_come_back():
    world = World(spec(trials=3), slots=1)
    while not world.now().trials:
        world.answer()
    world.wish(stimuli.CancelTrial(0))
    assert world.now().trials[0].state is TrialState.FAILED
    assert any(isinstance(w, c.Cancel) for w in world.waiting)
    state = world.run()
    assert state.trials[0].reason == "cancelled by ana"
    assert len(state.trials) == 3


def test_history_of_another_sweep_is_for_the_sampler_alone():
    world = World(spec(trials=3, pruner="none"))
    entries = (stimuli.HistoryEntry(-1, {"x": 0.5}, 99.0),)
    loan = stimuli.Loan("other", "id", entries)
    for _ in range(2):  # the second launch names it again
        world.feed(stimuli.Launched(world.t, 1.7e9, "host", 1, {}, loans=(loan,)))
        world.feed(stimuli.CapacityChanged(world.t, (Node("n", 2),)))
    assert [e.number for e in world.now().history] == [-1]
    state = world.run()
    assert state.best is not None
    assert state.best.value < 99
    assert len(state.trials) == 3


def test_a_retry_waits_and_longer_each_time():
    world = World(spec(trials=1, pruner="none", retries=Retries(error=3)), folds=1, slots=1)
    while not world.waiting or not isinstance(world.waiting[0], c.Dispatch):
        world.answer()
    pauses = []
    for _ in range(3):
        world.answer(outcome=failure())
        assert not world.waiting
        pauses.append(world.now().trials[0].resting[0] - world.t)
        world.rest()
    assert pauses == [0.5, 1.0, 2.0]


def test_while_one_fold_rests_others_run():
    world = World(spec(trials=2, pruner="none"), slots=1)
    while not world.waiting or not isinstance(world.waiting[0], c.Dispatch):
        world.answer()
    world.answer(outcome=failure())
    assert any(isinstance(w, c.Dispatch) for w in world.waiting)


def test_infeasible_parameters_are_not_tried_again_and_the_sampler_hears_of_them():
    world = World(spec(trials=4, pruner="none"), slots=1)
    while not world.finished:
        if not world.waiting:
            world.rest()
        dispatched = isinstance(world.waiting[0], c.Dispatch)
        first = dispatched and world.waiting[0].runs[0].trial == 0
        world.answer(outcome=failure(FailureKind.INFEASIBLE) if first else None)
    state = world.now()
    assert state.trials[0].state is TrialState.FAILED
    assert len(state.trials[0].runs) == 1
    assert [e.bad for e in state.history if e.number == 0] == [True]


def test_a_fold_that_ran_out_of_memory_runs_alone_on_its_node():
    world = World(spec(trials=6, pruner="none", concurrency=4), slots=3)
    while len([w for w in world.waiting if isinstance(w, c.Dispatch)]) < 3:
        world.answer()
    guilty = next(w for w in world.waiting if isinstance(w, c.Dispatch)).runs[0]
    index = next(i for i, w in enumerate(world.waiting) if isinstance(w, c.Dispatch))
    world.answer(index, failure(FailureKind.OOM))
    seen_alone = False
    while not world.finished:
        if not world.waiting:
            world.rest()
        on_slots = [key for keys in world.now().slots.values() for key in keys]
        if any((k.trial, k.fold, k.attempt) == (guilty.trial, guilty.fold, 2) for k in on_slots):
            assert len(on_slots) == 1
            seen_alone = True
        world.answer()
    assert seen_alone
    assert world.now().status is SweepState.FINISHED
    assert not world.now().hungry


def test_merging_keeps_what_both_sides_changed():
    a, b, d = (Dimension(name, Range(0.0, 1.0)) for name in "abd")
    narrower = dataclasses.replace(a, domain=Range(0.2, 0.4))
    chosen = Dimension("b", Values((1, 2)))
    assert merge(Space((a, b)), Space((narrower, b)), Space((a, chosen))) == Space(
        (narrower, chosen)
    )
    assert merge(Space((a, b)), Space((a, b)), Space((a,))) == Space((a,))
    assert merge(Space((a, b)), Space((narrower, b)), Space((a,))) == Space((narrower,))
    assert merge(Space((a,)), Space((a, b)), Space((a, d))) == Space((a, d, b))
    assert merge(1, 2, 1) == 2
    assert merge(1, 1, 3) == 3
    assert merge(1, 2, 3) == 3


def test_a_registration_that_is_put_off_ends_the_launch_and_the_next_one_registers():
    world = World(spec(trials=2, pruner="none"))
    while not world.now().registering:
        world.answer()
    world.feed(stimuli.RegistrationEnded(world.t, None, "no room", later=True))
    assert world.finished
    assert world.now().status is SweepState.INTERRUPTED
    assert world.now().reason == "no room"
    world.launch()
    assert world.run().registered is not None
