"""Several objectives: the front, the winner, and that a whole sweep keeps both."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import world
from sweeper.core import pareto
from sweeper.core.records import SweepState, TrialState
from sweeper.core.specs import Goal, Metric, RegisterSpec

BOTH = (Metric("m", Goal.MAXIMIZE), Metric("cost", Goal.MINIMIZE))


def several(trials=12, within=(), **more):
    sweep = world.spec(trials, pruner="none", **more)
    return replace(
        sweep,
        metrics=BOTH[1:],
        objectives=BOTH,
        register=RegisterSpec("toy", within=within) if sweep.register else None,
    )


@pytest.mark.parametrize(
    ("one", "other", "better"),
    [
        ((1.0, 1.0), (0.0, 0.0), True),
        ((1.0, 0.0), (0.0, 0.0), True),
        ((1.0, 0.0), (0.0, 1.0), False),
        ((1.0, 1.0), (1.0, 1.0), False),
    ],
)
def test_one_beats_another_when_it_is_nowhere_worse_and_somewhere_better(one, other, better):
    assert pareto.beats(one, other) is better


points = st.lists(st.tuples(*[st.integers(0, 5).map(float)] * 3), max_size=40)


@given(points)
def test_the_front_is_exactly_the_points_that_no_other_beats(values):
    front = {}
    for number, point in enumerate(values):
        pareto.enter(front, number, point)
    unbeaten = [
        n for n, point in enumerate(values) if not any(pareto.beats(o, point) for o in values)
    ]
    assert sorted(front) == unbeaten


@given(points.filter(len), st.integers(-1, 5))
def test_the_winner_is_the_best_of_all_points_within_the_limits(values, limit):
    objectives = tuple(Metric(name, Goal.MAXIMIZE) for name in "abc")
    spec = replace(
        several(),
        metric=objectives[1],
        objectives=objectives,
        register=RegisterSpec("toy", within=(("a", float(limit)),)),
    )
    front = {}
    for number, point in enumerate(values):
        pareto.enter(front, number, point)
    within = [point for point in values if point[0] >= limit]
    found = pareto.pick(spec, front)
    if not within:
        assert found is None
    else:
        assert values[found][1] == max(point[1] for point in within)
        assert values[found][0] >= limit
        assert not any(pareto.beats(point, values[found]) for point in values)


def test_a_sweep_ends_with_the_front_and_the_best_of_it_by_the_main_metric():
    state = world.World(several()).run()
    assert state.status is SweepState.FINISHED
    assert all(t.state is TrialState.COMPLETE for t in state.trials.values())
    best = max(state.trials.values(), key=lambda t: t.value)
    assert state.best is best
    assert best.number in state.front
    assert len(state.front) > 1
    assert [len(entry.values) for entry in state.history] == [2] * 12
    assert state.registered is not None


def test_a_limit_chooses_another_point_of_the_front():
    free = world.World(several()).run()
    costs = {n: -values[1] for n, values in free.front.items()}
    assert costs[free.best.number] > min(costs.values())
    limit = min(costs.values())
    state = world.World(several(within=(("cost", limit),))).run()
    assert costs[state.best.number] == limit


def test_a_limit_that_no_trial_keeps_ends_the_sweep_without_a_winner_and_says_so():
    state = world.World(several(within=(("cost", -1.0),))).run()
    assert state.status is SweepState.FINISHED
    assert state.best is None
    assert state.registered is None
    assert "none of 12 complete trials keeps within cost -1" in state.reason
