"""Early stopping by learning curves: ladders, verdicts, promotions and whole sweeps of them."""

from __future__ import annotations

import bisect
import dataclasses
import itertools
import random
from collections import Counter

import pytest

from sweeper.core import commands as c
from sweeper.core import events as e
from sweeper.core import rungs, stimuli
from sweeper.core.decide import decide
from sweeper.core.evolve import evolve
from sweeper.core.records import (
    REFIT,
    FailureKind,
    Node,
    Phase,
    Rung,
    RunKey,
    RunState,
    State,
    Success,
    SweepState,
    TrialState,
)
from sweeper.core.rooms import Slot
from sweeper.core.specs import Goal, PrunerSpec, Retries
from world import Underway, World, created, failure, learning, smooth, spec

ASHA = PrunerSpec("asha", max_steps=27)
HYPERBAND = PrunerSpec("hyperband", max_steps=27)
MEDIAN = PrunerSpec("median", startup=3)


def sweep(
    pruner: PrunerSpec, trials: int = 100, folds: int = 1, goal: Goal = Goal.MAXIMIZE
) -> State:
    return evolve(None, created(spec(trials=trials, pruner=pruner, goal=goal), folds))


def begun(state: State, number: int) -> RunKey:
    """A new trial whose first fold is under way."""
    evolve(state, e.TrialSampled(state.now, number, {"x": 0.5}, "sampler", 0.0))
    key = RunKey(number, 0, 1)
    evolve(state, e.FoldsDispatched(state.now, Slot("n", number), (key,)))
    return key


def report(state: State, key: RunKey, step: int, value: float) -> list[e.Event]:
    """What comes of a report, applied."""
    events, _ = decide(state, stimuli.Reported(state.now, key, step, value))
    for event in events:
        evolve(state, event)
    return events


def at_rung(pruner: PrunerSpec, values: list[float], step: int, goal=Goal.MAXIMIZE) -> State:
    """Trials 0, 1, … that came to a step with these values."""
    state = sweep(pruner, goal=goal)
    for number, value in enumerate(values):
        report(state, begun(state, number), step, value)
    return state


def aside(state: State) -> set[int]:
    return {n for n, t in state.trials.items() if t.state is TrialState.PRUNED}


# --- where curves are looked at ----------------------------------------------------------


def steps_of(pruner: PrunerSpec, trial: int = 0, fold: int = 0) -> tuple[int, ...]:
    return rungs.watched(sweep(pruner), RunKey(trial, fold, 1))


def test_ashas_rungs_are_powers_of_the_reduction_below_the_last_step():
    assert steps_of(ASHA) == (1, 3, 9)
    assert steps_of(PrunerSpec("asha", min_steps=5, max_steps=82, reduction=4)) == (5, 20, 80)


def test_without_a_last_step_ashas_rungs_go_on():
    steps = steps_of(PrunerSpec("asha"))
    assert steps[:5] == (1, 3, 9, 27, 81)
    assert len(steps) < 50


def test_medians_rungs_are_half_as_far_again():
    assert steps_of(PrunerSpec("median", min_steps=2))[:6] == (2, 3, 5, 8, 12, 18)


def test_only_the_first_fold_of_asha_is_heard_and_every_fold_of_median():
    for pruner in (ASHA, HYPERBAND):
        assert steps_of(pruner, fold=1) == steps_of(pruner, fold=REFIT) == ()
    assert steps_of(MEDIAN, fold=4) == steps_of(MEDIAN)
    assert steps_of(MEDIAN, fold=REFIT) == ()


@pytest.mark.parametrize("name", ["racing", "wilcoxon", "none"])
def test_pruners_of_folds_hear_of_no_report(name):
    assert steps_of(PrunerSpec(name)) == ()


def test_hyperbands_brackets_begin_later_and_later_and_the_last_never_looks():
    pruner = PrunerSpec("hyperband", max_steps=81)
    ladders = {rungs.bracket(pruner, n): steps_of(pruner, n) for n in range(200)}
    assert ladders == {0: (1, 3, 9, 27), 1: (3, 9, 27), 2: (9, 27), 3: (27,), 4: ()}


def test_hyperbands_brackets_have_the_shares_of_the_papers_table():
    """81, 34, 15, 8 and 5 configurations for R = 81, η = 3; in any stretch of trials."""
    pruner = PrunerSpec("hyperband", max_steps=81)
    paper = [81, 34, 15, 8, 5]
    for start in (0, 17, 90_000):
        counts = Counter(rungs.bracket(pruner, start + n) for n in range(143))
        for number, expected in enumerate(paper):
            assert abs(counts[number] - expected) <= 2


# --- verdicts ---------------------------------------------------------------------------


def test_the_verdict_says_rung_value_place_and_how_many_go_on():
    state = at_rung(ASHA, [0.1 * n for n in range(11)], 9)
    events = report(state, begun(state, 11), 9, 0.45)
    assert [type(event) for event in events] == [e.CurveReported, e.TrialPruned]
    assert events[1].reason == "rung 9 of fold 0: 0.45 is 7th of 12, the best 4 go on"
    assert events[1].predicted == 0.45
    assert events[1].folds == 0


def test_one_in_so_many_goes_on_and_the_best_always_does():
    state = at_rung(ASHA, [0.5, 0.4, 0.6, 0.3, 0.7, 0.65, 0.1, 0.68, 0.2], 1)
    assert aside(state) == {1, 3, 6, 8}
    for count in range(1, 9):
        assert 0 not in aside(at_rung(ASHA, [0.9] + [0.1] * count, 1))


def test_of_equals_the_earlier_stands_before_the_later():
    assert aside(at_rung(ASHA, [0.5] * 7, 1)) == {1, 2, 3, 4, 5, 6}


@pytest.mark.parametrize("pruner", [ASHA, MEDIAN])
def test_verdicts_are_the_same_when_the_metric_is_turned_round(pruner):
    rng = random.Random(5)
    values = [rng.random() for _ in range(40)]
    up = at_rung(pruner, values, 3)
    down = at_rung(pruner, [-v for v in values], 3, Goal.MINIMIZE)
    assert aside(up) == aside(down) != set()
    told = [entry.value for entry in up.history]
    assert [entry.value for entry in down.history] == [-v for v in told]


def test_asha_decides_as_a_count_of_the_better_ones_would():
    rng = random.Random(6)
    values = [round(rng.random(), 2) for _ in range(200)]
    state = at_rung(PrunerSpec("asha", reduction=4), values, 1)
    for n, value in enumerate(values):
        rank = 1 + sum(v >= value for v in values[:n])
        assert (n in aside(state)) == (rank > max(1, (n + 1) // 4))


def test_below_the_median_of_the_others_at_the_same_step_a_trial_stops():
    state = at_rung(MEDIAN, [0.5, 0.2, 0.9, 0.49], 8)
    assert aside(state) == {3}
    assert state.trials[3].reason == "rung 8 of fold 0: 0.49 is below the median of 3 trials"
    report(state, begun(state, 4), 8, 0.495)
    assert aside(state) == {3}


def test_median_waits_for_trials_to_compare_with():
    assert aside(at_rung(PrunerSpec("median", startup=5), [0.9, 0.8, 0.7, 0.6, 0.5], 8)) == set()


def test_steps_before_the_first_rung_count_for_nothing():
    state = sweep(PrunerSpec("asha", min_steps=4))
    key = begun(state, 0)
    assert [report(state, key, step, 0.1) for step in (-1, 0, 3)] == [[], [], []]


def test_a_report_counts_for_the_last_rung_before_it_once():
    state = sweep(ASHA)
    key = begun(state, 0)
    (event,) = report(state, key, 5, 0.4)
    assert event == e.CurveReported(0.0, key, 5, 0.4, Rung(0, 3))
    assert report(state, key, 8, 0.5) == []
    assert report(state, key, 1, 0.5) == []
    assert report(state, key, 20, 0.6)[0].rung == Rung(0, 9)


def test_what_a_run_repeats_after_a_failure_was_judged_the_first_time():
    state = at_rung(ASHA, [0.5, 0.6], 1)
    lost = e.FoldLost(0.0, RunKey(1, 0, 1), "its node went away")
    evolve(state, lost)
    again = RunKey(1, 0, 2)
    evolve(state, e.FoldsDispatched(0.0, Slot("n", 1), (again,)))
    assert report(state, again, 1, 0.0) == []
    assert report(state, again, 3, 0.7)[0].rung == Rung(0, 3)
    assert state.rungs[Rung(0, 1)].seen == [(-0.6, 1), (-0.5, 0)]


def test_what_a_run_says_after_its_trial_was_set_aside_counts_when_it_goes_on():
    """It came to step 3 before the stop reached it, and its checkpoint is of step 4."""
    state = at_rung(ASHA, [0.9, 0.8, 0.1, 0.1, 0.1], 1)
    (kept,) = report(state, RunKey(1, 0, 1), 3, 0.5)
    assert kept.rung == Rung(0, 3)
    assert Rung(0, 3) not in state.rungs
    assert report(state, RunKey(1, 0, 1), 4, 0.6) == []
    evolve(state, e.FoldCancelled(0.0, RunKey(1, 0, 1), "set aside"))
    evolve(state, e.TrialRevived(0.0, 1, "for the test"))
    evolve(state, e.FoldsDispatched(0.0, Slot("n", 1), (RunKey(1, 0, 2),)))
    (event,) = report(state, RunKey(1, 0, 2), 5, 0.7)
    assert (event.step, event.value) == (3, 0.5)
    assert state.rungs[Rung(0, 3)].seen == [(-0.5, 1)]
    assert state.trials[1].ahead == {}


def test_late_reports_change_nothing():
    state = at_rung(ASHA, [0.5, 0.4], 1)
    evolve(state, e.TrialFailed(0.0, 0, "for the test"))
    assert report(state, RunKey(0, 0, 1), 3, 0.9) == []
    assert report(state, RunKey(7, 0, 1), 3, 0.9) == []
    evolve(state, e.FoldCancelled(0.0, RunKey(0, 0, 1), "called back"))
    assert report(state, RunKey(0, 0, 1), 3, 0.9) == []


def test_a_stop_calls_back_every_run_of_its_trial():
    state = sweep(MEDIAN, folds=3)
    for number, value in enumerate((0.9, 0.8, 0.7), start=10):
        report(state, begun(state, number), 1, value)
    key = begun(state, 1)
    evolve(state, e.FoldsDispatched(0.0, Slot("m", 0), (RunKey(1, 1, 1),)))
    _, commands = decide(state, stimuli.Reported(0.0, key, 1, 0.1))
    assert [command.runs for command in commands] == [(key, RunKey(1, 1, 1))]


def test_hyperbands_brackets_are_not_compared():
    state = sweep(HYPERBAND)
    first = [n for n in range(40) if rungs.bracket(HYPERBAND, n) == 0][:3]
    second = next(n for n in range(40) if rungs.bracket(HYPERBAND, n) == 1)
    for number in first:
        report(state, begun(state, number), 3, 0.9)
    assert [type(event) for event in report(state, begun(state, second), 3, 0.1)] == [
        e.CurveReported
    ]


# --- coming back -------------------------------------------------------------------------


def test_a_trial_comes_back_when_enough_worse_ones_have_come():
    state = at_rung(ASHA, [0.9, 0.8, 0.1, 0.2, 0.3], 1)
    assert aside(state) == {1, 2, 3, 4}
    assert rungs.promotable(state) is None
    report(state, begun(state, 5), 1, 0.0)
    assert rungs.promotable(state) == (1, "rung 1 of fold 0: now 2nd of 6, the best 2 go on")
    evolve(state, e.TrialRevived(0.0, 1, "now"))
    assert rungs.promotable(state) is None


def test_the_latest_rung_promotes_first():
    state = at_rung(ASHA, [0.9, 0.8, 0.7, 0.6, 0.5, 0.4], 1)
    for number in (1, 2):
        evolve(state, e.TrialRevived(0.0, number, "for the test"))
    report(state, RunKey(0, 0, 1), 3, 0.1)
    report(state, RunKey(1, 0, 1), 3, 0.05)
    report(state, RunKey(2, 0, 1), 3, 0.04)
    evolve(state, e.TrialFailed(0.0, 0, "for the test"))
    found = rungs.promotable(state)
    assert found is not None
    assert found[0] == 1
    assert "rung 3" in found[1]


def test_a_trial_that_failed_takes_no_place_from_another():
    state = at_rung(ASHA, [0.9, 0.8], 1)
    evolve(state, e.TrialFailed(0.0, 0, "its loss went to infinity"))
    assert rungs.promotable(state) is not None
    assert state.rungs[Rung(0, 1)].seen == [(-0.8, 1)]


def test_an_edited_pruner_goes_on_from_where_trials_stand():
    state = at_rung(ASHA, [0.9, 0.8, 0.7, 0.6], 1)
    looser = dataclasses.replace(ASHA, reduction=2)
    search = dataclasses.replace(state.spec.search, pruner=looser)
    changed = dataclasses.replace(state.spec, search=search)
    evolve(state, e.SettingsChanged(0.0, changed, (), "ana"))
    assert rungs.promotable(state) == (1, "rung 1 of fold 0: now 2nd of 4, the best 2 go on")
    gone = dataclasses.replace(search, pruner=PrunerSpec("racing"))
    evolve(state, e.SettingsChanged(0.0, dataclasses.replace(changed, search=gone), (), "ana"))
    assert rungs.promotable(state) is None


# --- whole sweeps -----------------------------------------------------------------------


def world(pruner: PrunerSpec = ASHA, trials: int = 27, **others) -> World:
    others = {"folds": 1, "slots": 1, "curve": learning, "steps": 27, "keep": 1, **others}
    concurrency = others.pop("concurrency", None)
    return World(spec(trials=trials, pruner=pruner, concurrency=concurrency), **others)


def fairly_ended(state: State) -> None:
    """Every trial has ended, the winner is complete, and nobody better was left waiting."""
    assert state.status is SweepState.FINISHED
    assert not state.running
    assert state.best is not None
    assert state.best.state is TrialState.COMPLETE
    reduction = state.spec.search.pruner.reduction
    for standings in state.rungs.values():
        for entry in standings.seen[: max(1, len(standings.seen) // reduction)]:
            assert entry not in standings.waiting


@pytest.mark.parametrize("pruner", [ASHA, HYPERBAND, PrunerSpec("asha", reduction=4)])
def test_a_sweep_ends_when_nobody_can_go_on_and_its_winner_is_complete(pruner):
    for trials in (1, 2, 5, 27):
        sim = world(pruner, trials=trials)
        state = sim.run()
        fairly_ended(state)
        assert len(state.trials) == trials


def test_asha_saves_most_of_the_steps_and_names_the_winner():
    sim, every = world(trials=40), world(PrunerSpec("none"), trials=40)
    assert sim.run().best.number == every.run().best.number
    assert len(sim.trained) < 0.35 * len(every.trained)


def test_a_trial_that_comes_back_goes_on_from_its_checkpoint():
    sim = world(trials=30)
    state = sim.run()
    back = [t for t in state.trials.values() if t.revived]
    assert back
    for trial in state.trials.values():
        done = [step for key, step in sim.trained if key.trial == trial.number and key.fold == 0]
        assert done == sorted(set(done))


def test_steps_since_the_last_checkpoint_are_repeated_and_nothing_is_judged_twice():
    sim = world(trials=30, keep=4)
    state = sim.run()
    fairly_ended(state)
    for trial in state.trials.values():
        counts = Counter(step for key, step in sim.trained if key.trial == trial.number)
        assert max(counts.values()) <= 1 + len(trial.curve)


def test_without_checkpoints_a_trial_begins_anew_and_the_winner_is_the_same():
    sim = world(trials=30, keep=0)
    state = sim.run()
    fairly_ended(state)
    assert any(t.revived for t in state.trials.values())
    assert state.best.number == world(trials=30).run().best.number


def test_a_trial_comes_back_before_a_new_one_is_asked_for():
    sim = world(trials=30, slots=3, concurrency=3)
    while not sim.finished:
        before = rungs.promotable(sim.now())
        asked = len(sim.now().trials) + len(sim.now().asking)
        room = len(sim.now().running) + len(sim.now().asking) < 3
        assert before is None or not room or sim.now().phase is not Phase.SEARCH
        sim.answer()
        assert len(sim.now().trials) + len(sim.now().asking) <= asked + 3


def test_later_folds_wait_until_the_first_has_ended():
    sim = world(trials=9, folds=3, slots=4, concurrency=2)
    while not sim.finished:
        sim.answer()
        for trial in sim.now().trials.values():
            folds = {run.key.fold for run in trial.runs if run.key.fold >= 0}
            assert folds <= {0} or 0 in trial.scores
    assert sim.now().best is not None


def test_survivors_run_all_their_folds_and_are_not_stopped_on_later_ones():
    sim = world(trials=27, folds=3, slots=2)
    state = sim.run()
    fairly_ended(state)
    assert {rung.fold for rung in state.rungs} == {0}
    assert len(state.ranking) >= 1
    for _, number in state.ranking:
        assert len(state.trials[number].scores) == 3


def test_median_compares_folds_with_the_same_folds():
    """The second fold is far easier: against first folds nobody would be stopped on it."""

    def curve(trial: int, fold: int, step: int) -> float:
        return 0.1 * step / 27 + (5.0 if fold else 0.0) - (0.01 * trial if fold else 0.0)

    sim = world(PrunerSpec("median", startup=2), trials=8, folds=2, curve=curve)
    state = sim.run()
    stopped = [t for t in state.trials.values() if t.state is TrialState.PRUNED]
    assert {n for n, t in state.trials.items() if t.state is TrialState.COMPLETE} == {0, 1}
    assert all(t.rung == Rung(1, 1) for t in stopped)
    assert all("of fold 1" in t.reason for t in stopped)


def test_a_report_of_a_later_fold_waits_for_the_folds_before_it():
    state = sweep(MEDIAN, folds=2)
    begun(state, 0)
    second = RunKey(0, 1, 1)
    evolve(state, e.FoldsDispatched(0.0, Slot("m", 0), (second,)))
    assert report(state, second, 1, 0.5) == []
    evolve(state, e.FoldSucceeded(0.0, RunKey(0, 0, 1), Success({"m": 0.3}, 1.0)))
    report(state, second, 2, 0.5)
    assert state.rungs[Rung(1, 2)].seen == [(-0.4, 0)]


def test_a_run_that_finishes_before_the_stop_reaches_it_counts():
    state = at_rung(ASHA, [0.9, 0.1], 9)
    assert aside(state) == {1}
    ended = stimuli.RunEnded(0.0, RunKey(1, 0, 1), Success({"m": 0.95}, 1.0))
    events, commands = decide(state, ended)
    assert [type(event) for event in events] == [
        e.FoldSucceeded,
        e.TrialRevived,
        e.TrialCompleted,
    ]
    assert commands == []


def test_a_trial_that_comes_back_while_its_run_is_being_stopped_is_sent_again_after_it():
    sim = world(trials=6, slots=6, concurrency=6, keep=1)
    state = sim.run(pick=lambda count: count - 1)
    fairly_ended(state)
    for trial in state.trials.values():
        runs = [run for run in trial.runs if run.key.fold == 0]
        for before, after in itertools.pairwise(runs):
            assert before.ended is not None
            assert before.ended <= after.sent


def test_in_any_order_of_answers_and_reports_every_trial_ends():
    for seed in range(25):
        rng = random.Random(seed)
        pruner = rng.choice([ASHA, HYPERBAND, MEDIAN, PrunerSpec("asha", reduction=2)])
        sim = world(
            pruner,
            trials=12,
            folds=rng.choice([1, 1, 3]),
            slots=rng.choice([1, 3, 7]),
            steps=rng.choice([1, 5, 12]),
            keep=rng.choice([0, 1, 3]),
        )
        state = sim.run(pick=lambda count, rng=rng: rng.randrange(count))
        if pruner.name == "median":
            assert state.status is SweepState.FINISHED
        else:
            fairly_ended(state)
        assert sim.replayed() == state


def test_a_crash_at_any_time_changes_nothing_about_what_is_decided():
    expected = world(trials=10, concurrency=1).run()
    for stop_after in range(1, 200, 7):
        sim = world(trials=10, concurrency=1)
        for _ in range(stop_after):
            if not sim.finished:
                sim.answer()
        if sim.finished:
            break
        assert sim.replayed() == sim.now()
        sim.launch()
        state = sim.run()
        assert [(t.state, t.value, t.curve) for t in state.trials.values()] == [
            (t.state, t.value, t.curve) for t in expected.trials.values()
        ]


def test_failures_on_the_way_are_retried_and_the_sweep_ends():
    kinds = itertools.cycle(FailureKind)
    sim = World(
        spec(trials=12, pruner=ASHA, retries=Retries(error=1)),
        folds=1,
        slots=3,
        curve=learning,
        steps=12,
        keep=2,
    )
    while not sim.finished:
        if not sim.waiting:
            sim.rest()
            continue
        fails = isinstance(sim.waiting[0], Underway) and len(sim.records) % 7 == 0
        sim.answer(outcome=failure(next(kinds), what=str(len(sim.records))) if fails else None)
    assert any(t.state is TrialState.FAILED for t in sim.now().trials.values())
    fairly_ended(sim.now())


def test_the_time_budget_keeps_what_curves_have_shown():
    sim = World(
        spec(trials=500, pruner=ASHA, time=300.0), folds=1, slots=2, curve=learning, steps=27
    )
    while not sim.finished:
        sim.feed(stimuli.ClockTicked(sim.t))
        if sim.waiting:
            sim.answer()
    state = sim.now()
    assert state.status is SweepState.FINISHED
    assert state.best is not None
    ended = [t for t in state.trials.values() if "time budget" in t.reason]
    assert any(t.state is TrialState.PRUNED and t.value in t.curve.values() for t in ended)


def test_without_a_node_a_sweep_with_somebody_to_take_up_waits():
    sim = world(
        PrunerSpec("asha", reduction=2),
        trials=4,
        curve=lambda trial, fold, step: step - trial,
        concurrency=1,
    )
    while not any(isinstance(w, Underway) and w.key.trial == 3 for w in sim.waiting):
        sim.answer()
    sim.feed(stimuli.CapacityChanged(sim.t, ()))
    while sim.waiting:
        sim.answer()
    assert rungs.promotable(sim.now()) is not None
    assert not sim.finished
    sim.feed(stimuli.CapacityChanged(sim.t, (Node("n", 1),)))
    assert sim.now().trials[1].revived
    fairly_ended(sim.run())


def test_raising_the_budget_of_a_finished_sweep_takes_up_those_that_wait():
    sim = world(trials=6)
    sim.run()
    more = spec(trials=30, pruner=ASHA)
    sim.launch(stimuli.Edit(sim.now().spec, more, (("budget.trials", 6, 30),)))
    state = sim.run()
    fairly_ended(state)
    assert len(state.trials) == 30
    assert any(state.trials[n].revived for n in range(6))


def test_the_pruner_may_change_while_the_sweep_runs():
    sim = world(trials=30, slots=3)
    pruners = iter([PrunerSpec("none"), HYPERBAND, MEDIAN, PrunerSpec("racing"), ASHA])
    count = 0
    while not sim.finished:
        count += 1
        pruner = next(pruners, None) if count % 40 == 0 else None
        if pruner is not None:
            before = sim.now().spec
            search = dataclasses.replace(before.search, pruner=pruner)
            sim.wish(stimuli.Edit(before, dataclasses.replace(before, search=search), ()))
        sim.answer()
    assert sim.now().spec.search.pruner == ASHA
    assert sim.now().status is SweepState.FINISHED
    assert sim.now().best is not None


def test_no_report_is_journalled_that_no_decision_rests_on():
    sim = world(trials=27)
    state = sim.run()
    told = [body for record in sim.records for body in record if body["type"] == "CurveReported"]
    assert len(told) == sum(len(t.curve) for t in state.trials.values())
    assert len(told) <= 27 + 9 + 4 + 3 * 4
    assert {body["rung"]["step"] for body in told} == {1, 3, 9}


def test_cancelled_runs_of_asha_are_no_attempts_that_count():
    state = world(trials=20).run()
    stopped = [r for t in state.trials.values() for r in t.runs if r.state is RunState.CANCELLED]
    assert stopped
    assert all(r.state is not RunState.FAILED for t in state.trials.values() for r in t.runs)


def test_the_value_told_of_a_trial_set_aside_is_the_one_at_its_rung():
    state = world(trials=20).run()
    for trial in state.trials.values():
        if trial.state is TrialState.PRUNED:
            assert trial.value == trial.curve[trial.rung]
            last = [entry for entry in state.history if entry.number == trial.number][-1]
            assert last.value == trial.value


def test_whole_folds_of_a_pruner_on_curves_are_never_judged():
    """Folds without reports, as of a function that reports nothing: all run."""
    sim = World(spec(trials=6, pruner=ASHA), folds=4, slots=2, score=smooth)
    state = sim.run()
    assert all(t.state is TrialState.COMPLETE for t in state.trials.values())


def test_standings_stay_sorted_whatever_comes():
    state = at_rung(ASHA, [random.Random(n).random() for n in range(300)], 1)
    seen = state.rungs[Rung(0, 1)].seen
    assert seen == sorted(seen)
    assert all(seen[bisect.bisect_left(seen, entry)] == entry for entry in seen)


def test_a_sweep_that_is_told_to_stop_drains_and_goes_on_later():
    sim = world(trials=12, slots=2)
    for _ in range(60):
        sim.answer()
    sim.feed(stimuli.StopRequested(sim.t, "SIGINT received"))
    sim.run()
    assert sim.now().status is SweepState.INTERRUPTED
    sim.launch()
    fairly_ended(sim.run())


def test_commands_after_a_stop_name_only_runs_under_way():
    sim = world(trials=12, slots=3)
    while not sim.finished:
        for command in sim.waiting:
            if isinstance(command, c.Cancel):
                for key in command.runs:
                    assert key in {run.key for run in sim.now().trials[key.trial].runs}
        sim.answer()


class Counted(dict):
    """Counts how often a trial is looked up; going through all of them is an error."""

    reads = 0

    def __getitem__(self, key):
        self.reads += 1
        return super().__getitem__(key)

    def get(self, key, default=None):
        self.reads += 1
        return super().get(key, default)

    def __iter__(self):
        raise AssertionError("a loop over all trials")

    items = keys = values = __iter__


@pytest.mark.parametrize("pruner", [ASHA, HYPERBAND, MEDIAN])
def test_a_verdict_looks_at_no_other_trial_however_many_there_are(pruner):
    rng = random.Random(4)
    state = at_rung(pruner, [rng.random() for _ in range(1500)], 9)
    key = begun(state, 1500)
    state.trials = Counted(state.trials)
    report(state, key, 9, 0.5)
    rungs.promotable(state)
    assert 1 <= state.trials.reads <= 10
