"""Whole sweeps of the pure core, answered by hand."""

from __future__ import annotations

import dataclasses
import random

import pytest

from sweeper.core import commands as c
from sweeper.core import stimuli
from sweeper.core.records import (
    HOLDOUT,
    REFIT,
    FailureKind,
    Node,
    Phase,
    RunState,
    SweepState,
    TrialState,
)
from sweeper.core.specs import Goal, Retries
from world import World, failure, smooth, spec


def test_a_sweep_ends_with_a_registered_winner():
    state = World(spec(trials=8, pruner="none")).run()
    assert state.status is SweepState.FINISHED
    assert sorted(state.trials) == list(range(8))
    assert all(trial.state is TrialState.COMPLETE for trial in state.trials.values())
    means = {n: sum(smooth(n, k) for k in range(5)) / 5 for n in range(8)}
    assert state.best is not None
    assert state.best.number == max(means, key=means.get)
    assert state.registered is not None
    assert state.looks == 1


def test_every_fold_runs_once_without_pruning():
    world = World(spec(trials=6, pruner="none"))
    world.run()
    folds = [(key.trial, key.fold) for key in world.ran]
    assert len(folds) == len(set(folds)) == 6 * 5 + 2


def test_minimising_finds_the_smallest_mean():
    state = World(spec(trials=8, pruner="none", goal=Goal.MINIMIZE)).run()
    means = {n: sum(smooth(n, k) for k in range(5)) / 5 for n in range(8)}
    assert state.best is not None
    assert state.best.number == min(means, key=means.get)


def test_racing_saves_fits_and_keeps_the_winner():
    world = World(spec(trials=30, pruner="racing", concurrency=1), slots=1)
    state = world.run()
    fits = sum(1 for key in world.ran if key.fold >= 0)
    means = {n: sum(smooth(n, k) for k in range(5)) / 5 for n in range(30)}
    assert state.best is not None
    assert state.best.number == max(means, key=means.get)
    assert fits < 0.6 * 150
    assert any(t.state is TrialState.PRUNED for t in state.trials.values())


def test_the_sampler_hears_of_a_pruned_trial_as_its_predicted_mean():
    state = World(spec(trials=30, concurrency=1), slots=1).run()
    pruned = [t for t in state.trials.values() if t.state is TrialState.PRUNED]
    told = {entry.number: entry.value for entry in state.history}
    for trial in pruned:
        full = sum(smooth(trial.number, k) for k in range(5)) / 5
        assert told[trial.number] == pytest.approx(full, abs=0.1)


def test_answers_in_any_order_keep_every_invariant():
    for seed in range(30):
        rng = random.Random(seed)
        pruner = rng.choice(["racing", "median", "wilcoxon", "none"])
        world = World(spec(trials=12, pruner=pruner), slots=rng.choice([1, 2, 3, 7]))
        state = world.run(pick=lambda count, rng=rng: rng.randrange(count))
        assert state.status is SweepState.FINISHED
        assert len(state.trials) == 12


def test_one_at_a_time_a_crash_changes_nothing_about_what_is_decided():
    straight = World(spec(trials=12, concurrency=1), slots=1)
    expected = straight.run()
    for stop_after in range(1, 60, 3):
        world = World(spec(trials=12, concurrency=1), slots=1)
        for _ in range(stop_after):
            if not world.finished:
                world.answer()
        if world.finished:
            break
        world.launch()
        state = world.run()
        assert [t.params for t in state.trials.values()] == [
            t.params for t in expected.trials.values()
        ]
        assert [(t.state, t.value) for t in state.trials.values()] == [
            (t.state, t.value) for t in expected.trials.values()
        ]


def test_what_a_dead_controller_had_in_flight_runs_again_uncharged():
    world = World(spec(trials=2, pruner="none"))
    while not any(isinstance(w, c.Dispatch) for w in world.waiting):
        world.answer()
    world.launch()
    lost = [r for t in world.now().trials.values() for r in t.runs if r.state is RunState.LOST]
    assert lost
    state = world.run()
    assert len(state.trials) == 2
    assert all(t.state is TrialState.COMPLETE for t in state.trials.values())


def test_an_error_is_retried_as_often_as_configured_and_then_fails_its_trial():
    world = World(spec(trials=3, pruner="none", retries=Retries(error=2)), slots=1)
    while world.now().trials.get(0) is None or world.now().trials[0].state is TrialState.RUNNING:
        dispatch = isinstance(world.waiting[0], c.Dispatch)
        world.answer(outcome=failure() if dispatch else None)
    trial = world.now().trials[0]
    assert trial.state is TrialState.FAILED
    assert [r.key.attempt for r in trial.runs if r.key.fold == 0] == [1, 2, 3]
    assert "ValueError: went wrong" in trial.reason


def test_an_uncharged_loss_is_run_again_without_end():
    world = World(spec(trials=1, pruner="none"), slots=1)
    for _ in range(20):
        dispatch = isinstance(world.waiting[0], c.Dispatch)
        lost = failure(FailureKind.LOST, charged=False)
        world.answer(outcome=lost if dispatch else None)
    assert world.now().trials[0].state is TrialState.RUNNING
    assert world.run().best is not None


def test_an_invalid_score_is_told_to_the_sampler_as_bad():
    world = World(spec(trials=2, pruner="none"), slots=1)
    while not any(t.state is TrialState.FAILED for t in world.now().trials.values()):
        dispatch = isinstance(world.waiting[0], c.Dispatch)
        world.answer(outcome=failure(FailureKind.INVALID) if dispatch else None)
    assert world.now().history[0].bad


def test_the_same_error_in_the_first_trials_stops_the_sweep_with_that_error():
    world = World(spec(trials=40, retries=Retries(error=0)), slots=2)
    while not world.finished:
        dispatch = isinstance(world.waiting[0], c.Dispatch)
        world.answer(outcome=failure() if dispatch else None)
    state = world.now()
    assert state.status is SweepState.FAILED
    assert "went wrong" in state.reason
    assert sum(t.state is TrialState.FAILED for t in state.trials.values()) == 3


def test_different_errors_do_not_stop_the_sweep():
    world = World(spec(trials=5, retries=Retries(error=0)), slots=1)
    count = 0
    while not world.finished:
        dispatch = isinstance(world.waiting[0], c.Dispatch)
        count += 1
        world.answer(outcome=failure(what=str(count)) if dispatch else None)
    assert world.now().status is SweepState.FINISHED
    assert world.now().best is None


def test_a_failed_sweep_goes_on_when_launched_again():
    world = World(spec(trials=6, retries=Retries(error=0)), slots=1)
    while not world.finished:
        dispatch = isinstance(world.waiting[0], c.Dispatch)
        world.answer(outcome=failure() if dispatch else None)
    world.launch()
    state = world.run()
    assert state.status is SweepState.FINISHED
    assert len(state.trials) == 6
    assert state.best is not None


def test_stopping_drains_and_launching_again_goes_on():
    world = World(spec(trials=6, pruner="none"), slots=2)
    for _ in range(8):
        world.answer()
    world.feed(stimuli.StopRequested(world.t, "SIGINT received"))
    world.run()
    assert world.now().status is SweepState.INTERRUPTED
    before = {(k.trial, k.fold) for k in world.ran}
    succeeded = sum(len(t.scores) for t in world.now().trials.values())
    world.ran.clear()
    world.launch()
    state = world.run()
    assert state.status is SweepState.FINISHED
    assert len(state.trials) == 6
    assert len([k for k in world.ran if k.fold >= 0]) == 30 - succeeded
    assert before


def test_reaching_the_target_ends_the_search():
    state = World(spec(trials=50, pruner="none", target=0.9)).run()
    assert len(state.trials) < 50
    assert state.best is not None
    assert state.best.value >= 0.9
    assert state.status is SweepState.FINISHED


def test_the_time_budget_ends_the_search_and_leaves_time_for_the_refit():
    world = World(spec(trials=500, pruner="none", time=60.0))
    while not world.finished:
        world.feed(stimuli.ClockTicked(world.t))
        if world.waiting:
            world.answer()
    state = world.now()
    assert state.status is SweepState.FINISHED
    assert 0 < len(state.trials) < 500
    assert state.spent
    assert state.registered is not None


def test_a_sweep_without_success_is_finished_without_winner():
    world = World(spec(trials=2, retries=Retries(error=0)), slots=1)
    while not world.finished:
        dispatch = isinstance(world.waiting[0], c.Dispatch)
        world.answer(outcome=failure() if dispatch else None)
    assert world.now().status is SweepState.FINISHED
    assert world.now().best is None
    assert "none of 2 trials" in world.now().reason


def test_a_refit_that_fails_for_good_fails_the_sweep_and_can_go_on():
    world = World(spec(trials=2, pruner="none", retries=Retries(error=1)), slots=1)
    while not world.finished:
        if not world.waiting:
            world.rest()
        final = world.now().phase is Phase.REFIT and isinstance(world.waiting[0], c.Dispatch)
        world.answer(outcome=failure() if final else None)
    assert world.now().status is SweepState.FAILED
    assert "the refit failed" in world.now().reason
    world.launch()
    assert world.run().status is SweepState.FINISHED


def test_the_refit_comes_before_the_holdout_and_registering():
    world = World(spec(trials=2, pruner="none"))
    world.run()
    assert [k.fold for k in world.ran if k.fold < 0] == [REFIT, HOLDOUT]


def test_without_a_register_section_nothing_is_registered():
    state = World(spec(trials=2, register=False)).run()
    assert state.registered is None
    assert state.status is SweepState.FINISHED


def test_without_refit_and_without_saved_models_the_sweep_says_so():
    state = World(spec(trials=2, refit=False)).run()
    assert state.status is SweepState.FAILED
    assert "refit: false" in state.reason


def test_late_news_of_an_old_attempt_changes_nothing():
    world = World(spec(trials=1, pruner="none"), slots=1)
    while not world.ran:
        world.answer()
    events = len(world.records)
    old = world.ran[0]
    world.feed(stimuli.RunEnded(world.t, old, failure()))
    world.feed(stimuli.RunCancelled(world.t, old))
    assert len(world.records) == events


def test_more_folds_than_anybody_expects_run_once_each():
    world = World(spec(trials=2, pruner="none"), folds=150, slots=100)
    state = world.run()
    folds = [(key.trial, key.fold) for key in world.ran if key.fold >= 0]
    assert len(folds) == len(set(folds)) == 300
    assert state.status is SweepState.FINISHED


def test_a_node_that_joins_is_used():
    world = World(spec(trials=20, pruner="none"), slots=1)
    world.feed(stimuli.CapacityChanged(world.t, (Node("a", 1), Node("n", 1))))
    for _ in range(10):
        world.answer()
    nodes = {r.slot.node for t in world.now().trials.values() for r in t.runs}
    assert nodes == {"a", "n"}


def test_at_concurrency_one_the_next_trial_is_asked_for_when_the_last_has_ended():
    world = World(spec(trials=5, pruner="none", concurrency=1), slots=4)
    while not world.finished:
        running = len(world.now().running) + len(world.now().asking)
        assert running <= 1
        world.answer()


@pytest.mark.parametrize("seed", range(20))
def test_at_concurrency_one_the_number_of_slots_changes_nothing(seed):
    """A launch may see fewer slots than another: who waits for revival must not care."""

    def score(trial, fold):
        return smooth(trial + 100 * seed, fold)

    sweep = spec(trials=25, pruner="racing", concurrency=1)
    ends = []
    for slots in (1, 4):
        state = World(sweep, slots=slots, score=score).run()
        ends.append([(t.params, t.state, t.value) for t in state.trials.values()])
    assert ends[0] == ends[1]


def test_raising_the_budget_of_a_finished_sweep_goes_on():
    world = World(spec(trials=4, pruner="none"))
    world.run()
    more = spec(trials=7, pruner="none")
    world.launch(stimuli.Edit(world.now().spec, more, (("budget.trials", 4, 7),)))
    state = world.run()
    assert len(state.trials) == 7
    assert state.status is SweepState.FINISHED


def finals(world):
    return [(key.trial, key.fold) for key in world.ran if key.fold < 0]


def raised(world, trials, data=None):
    before = world.now().spec
    more = dataclasses.replace(before, budget=dataclasses.replace(before.budget, trials=trials))
    edit = stimuli.Edit(before, more, (("budget.trials", before.budget.trials, trials),))
    world.launch(edit, data)
    return world.run()


def test_a_winner_that_still_wins_is_not_refitted_or_looked_at_again():
    world = World(spec(trials=3, pruner="none"), score=lambda trial, _: -float(trial))
    before = world.run()
    state = raised(world, 5)
    assert state.status is SweepState.FINISHED
    assert len(state.trials) == 5
    assert finals(world) == [(0, REFIT), (0, HOLDOUT)]
    assert state.looks == 1
    assert state.holdout == before.holdout is not None
    assert state.registered is not None
    assert state.artifacts == before.artifacts


def test_what_is_known_of_the_last_winner_is_not_shown_while_the_search_goes_on():
    world = World(spec(trials=3, pruner="none"), score=lambda trial, _: -float(trial))
    world.run()
    before = world.now().spec
    more = dataclasses.replace(before, budget=dataclasses.replace(before.budget, trials=5))
    world.launch(stimuli.Edit(before, more, (("budget.trials", 3, 5),)))
    assert world.now().phase is Phase.SEARCH
    assert world.now().holdout is None
    assert world.now().registered is None


def test_another_winner_is_refitted_and_looked_at():
    world = World(spec(trials=3, pruner="none"), score=lambda trial, _: float(trial))
    world.run()
    state = raised(world, 5)
    assert finals(world) == [(2, REFIT), (2, HOLDOUT), (4, REFIT), (4, HOLDOUT)]
    assert state.looks == 2


def test_a_winner_is_refitted_on_other_data():
    world = World(spec(trials=3, pruner="none"), score=lambda trial, _: -float(trial))
    before = world.run()
    other = dataclasses.replace(before.data, sha256="e" * 64)
    state = raised(world, 5, stimuli.DataChange(other, before.splits))
    assert state.data == other
    assert finals(world) == [(0, REFIT), (0, HOLDOUT)] * 2
    assert state.looks == 2
