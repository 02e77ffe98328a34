"""Racing's arithmetic, against numpy and scipy."""

from __future__ import annotations

import itertools
import math
import random
import time

import numpy as np
import pytest
from scipy import stats

from sweeper.core import racing
from sweeper.core.evolve import evolve
from sweeper.core.records import State, Trial, TrialState
from sweeper.core.specs import Goal
from world import World, created, spec

FOLDS = (2, 3, 5, 10)


def table(trials: int, folds: int, seed: int = 0, noise: float = 0.02) -> list[list[float]]:
    """Trial effects, hard and easy folds, noise; best trial first, as a field wants it."""
    rng = random.Random(seed)
    hard = [rng.gauss(0, 0.2) for _ in range(folds)]
    rows = []
    for _ in range(trials):
        quality = rng.random()
        rows.append([quality + h + rng.gauss(0, noise) for h in hard])
    return sorted(rows, key=lambda row: -sum(row))


def state_of(rows: list[list[float]], goal: Goal = Goal.MAXIMIZE, pruner: str = "racing") -> State:
    """A sweep with these complete trials; scores are given larger better."""
    state = evolve(None, created(spec(trials=100, pruner=pruner, goal=goal), len(rows[0])))
    for number, row in enumerate(rows):
        add(state, number, row, TrialState.COMPLETE)
    return state


def mean(row: list[float]) -> float:
    return sum(row) / len(row) if row else 0.0


def add(state: State, number: int, row: list[float], kind: TrialState) -> Trial:
    sign = state.spec.metric.goal.sign
    scores = {k: {"m": sign * s} for k, s in enumerate(row)}
    trial = Trial(number, {}, "sampler", 0.0, kind, mean(row), scores=scores, judged=len(row))
    state.trials[number] = trial
    if kind is TrialState.COMPLETE:
        state.ranking.append((-mean(row), number))
        state.ranking.sort()
    elif kind is TrialState.PRUNED:
        state.aside.add(number)
    else:
        state.running.add(number)
    return trial


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 7, 12, 60, 135, 500])
def test_student_agrees_with_scipy(freedom):
    for x in (-40, -8, -3.3, -1, -0.2, 0, 1e-9, 0.7, 2.5, 6, 100):
        assert racing.student(x, freedom) == pytest.approx(stats.t.cdf(x, freedom), abs=1e-9)


def test_student_grows_and_is_symmetric():
    points = [x / 7 for x in range(-90, 91)]
    for freedom in (1, 4, 60):
        values = [racing.student(x, freedom) for x in points]
        assert all(a <= b + 1e-12 for a, b in itertools.pairwise(values))
        assert [1 - v for v in reversed(values)] == pytest.approx(values, abs=1e-12)


@pytest.mark.parametrize("folds", FOLDS)
def test_spread_is_the_residual_of_a_two_way_layout(folds):
    rows = np.array(table(7, folds))
    residual = rows - rows.mean(1, keepdims=True) - rows.mean(0) + rows.mean()
    variance, freedom = racing.spread(rows.tolist())
    assert freedom == 6 * (folds - 1)
    assert variance == pytest.approx((residual**2).sum() / freedom)


def test_spread_does_not_see_trial_and_fold_effects():
    rows = [[t * 3.0 + f * 0.7 for f in range(5)] for t in range(4)]
    assert racing.spread(rows)[0] == pytest.approx(0, abs=1e-20)


def test_spread_recovers_the_noise():
    found = [racing.spread(table(10, 5, seed, noise=0.05))[0] for seed in range(200)]
    assert sum(found) / 200 == pytest.approx(0.05**2, rel=0.05)


@pytest.mark.parametrize("folds", FOLDS)
def test_without_noise_the_prediction_is_exact_on_any_folds_seen(folds):
    rows = table(5, folds, noise=0)
    field = racing.field(rows)
    trial = [s - 0.123 for s in rows[0]]
    for seen in range(1, folds + 1):
        assert racing.predicted(field, trial[:seen]) == pytest.approx(sum(trial) / folds)


def test_the_stated_error_of_a_prediction_is_its_real_one():
    """Normalised errors over many tables have variance one: σ² (1 + 1/n) (K - j) / (K j)."""
    for folds, seen in ((5, 1), (5, 3), (10, 2), (2, 1)):
        squares = []
        for seed in range(1500):
            rng = random.Random(seed)
            every = [[rng.gauss(0, 1) for _ in range(folds)] for _ in range(9)]
            field = racing.field(every[:8])
            error = racing.predicted(field, every[8][:seen]) - sum(every[8]) / folds
            true = (1 + 1 / 8) * (folds - seen) / (folds * seen)
            squares.append(error**2 / true)
        assert sum(squares) / len(squares) == pytest.approx(1, abs=0.15)


def test_the_chance_is_calibrated_where_its_model_holds():
    """Of trials given a chance of about p, about a share p ends above the incumbent."""
    given, came = [], []
    for seed in range(3000):
        rng = random.Random(seed)
        every = [[rng.gauss(0, 1) for _ in range(5)] for _ in range(6)]
        seen = rng.randrange(1, 5)
        field = racing.field(sorted(every[:5], key=lambda row: -sum(row)))
        level = field.best + rng.uniform(-2, 2)  # a flat prior on where the trial ends
        row = [s - sum(every[5]) / 5 + level for s in every[5]]
        given.append(racing.chance(field, row[:seen]))
        came.append(level > field.best)
    for low, high in ((0, 0.1), (0.1, 0.3), (0.3, 0.7), (0.7, 0.9), (0.9, 1.01)):
        inside = [i for i, p in enumerate(given) if low <= p < high]
        expected = sum(given[i] for i in inside) / len(inside)
        assert sum(came[i] for i in inside) / len(inside) == pytest.approx(expected, abs=0.07)


@pytest.mark.parametrize("folds", FOLDS)
def test_the_chance_grows_with_the_scores(folds):
    field = racing.field(table(6, folds))
    for seen in range(1, folds + 1):
        start = list(field.profile[:seen])
        chances = [racing.chance(field, [s + d / 50 for s in start]) for d in range(-40, 41)]
        assert all(a <= b + 1e-12 for a, b in itertools.pairwise(chances))
        assert chances[0] < 0.05
        assert chances[-1] > 0.95


@pytest.mark.parametrize("folds", FOLDS)
def test_after_the_last_fold_there_is_no_doubt(folds):
    rows = table(6, folds)
    field = racing.field(rows)
    assert racing.chance(field, [s + 1e-6 for s in rows[0]]) == 1.0
    assert racing.chance(field, [s - 1e-6 for s in rows[0]]) == 0.0


def test_a_tie_with_the_incumbent_does_not_beat_it():
    rows = table(6, 5)
    field = racing.field(rows)
    assert racing.chance(field, rows[0]) == 0.0
    assert racing.chance(field, sorted(rows[0], reverse=True)) == 0.0


def test_a_hard_fold_is_not_held_against_a_trial():
    rows = [[0.9 - t / 100, 0.3 - t / 100, 0.8 - t / 100 + 0.001 * (t % 2)] for t in range(6)]
    field = racing.field(sorted(rows, key=lambda row: -sum(row)))
    assert racing.chance(field, [0.905]) > 0.5
    assert racing.chance(field, [0.85]) < 0.05
    assert racing.chance(field, [0.905, 0.305]) > 0.5


def test_the_incumbents_luck_on_one_fold_is_not_held_against_a_trial():
    """The incumbent shone on fold 0. What counts is where a trial will end."""
    rows = table(8, 5, noise=0.01)
    rows[0] = [rows[0][0] + 0.2, *(s - 0.04 for s in rows[0][1:])]
    field = racing.field(rows)
    as_good = field.best + field.profile[0] - sum(field.profile) / 5
    assert racing.chance(field, [as_good + 0.05]) > 0.5


def test_a_trial_of_another_kind_gets_the_doubt_that_its_own_residuals_raise():
    """The pool agrees on which folds are hard; this trial does not."""
    field = racing.field(table(8, 10, noise=0.002))
    level = field.best - 0.01
    even = [f - sum(field.profile) / 10 + level for f in field.profile[:4]]
    uneven = [s + d for s, d in zip(even, (0.1, -0.1, 0.1, -0.1), strict=True)]
    assert racing.predicted(field, uneven) == pytest.approx(racing.predicted(field, even))
    assert racing.chance(field, even) < 1e-4
    assert racing.chance(field, uneven) > 0.1


def test_many_like_trials_do_not_make_the_pool_sure_of_another():
    assert racing.field(table(racing.REFERENCES, 10)).freedom == racing.FREEDOM
    assert racing.field(table(3, 5)).freedom == 8


def test_saturated_scores_have_no_spread_and_no_doubt():
    field = racing.field([[1.0] * 5] * 4)
    assert racing.chance(field, [1.0]) == 0.0
    assert racing.chance(field, [1.0, 0.96]) < 0.01
    assert racing.chance(field, [1.5]) == 1.0
    assert racing.predicted(field, [0.5]) == 0.5


def test_rounding_is_not_taken_for_spread():
    """Parallel rows whose sums round differently: no noise, and no false winner."""
    rows = [[0.1 * t + f / 3 for f in range(7)] for t in range(5, 0, -1)]
    field = racing.field(rows)
    for seen in range(1, 7):
        assert racing.chance(field, rows[0][:seen]) == 0.0
        assert racing.chance(field, [s + 1e-6 for s in rows[0][:seen]]) == 1.0


def test_no_answer_is_nan():
    rng = random.Random(0)
    for _ in range(500):
        folds = rng.choice(FOLDS)
        scale = 10.0 ** rng.randrange(-12, 13)
        rows = [[rng.choice([0, 1, rng.random()]) * scale for _ in range(folds)] for _ in range(4)]
        field = racing.field(sorted(rows, key=lambda row: -sum(row)))
        seen = rng.randrange(1, folds + 1)
        scores = [rng.random() * scale for _ in range(seen)]
        assert 0 <= racing.chance(field, scores) <= 1
        assert math.isfinite(racing.predicted(field, scores))


def test_there_is_no_field_before_enough_trials_are_complete():
    rows = table(racing.MINIMUM, 5)
    assert racing.field_of(state_of(rows[:-1])) is None
    assert racing.field_of(state_of(rows)) is not None


def test_there_is_no_field_with_a_single_fold():
    assert racing.field_of(state_of([[0.1 * t] for t in range(8, 0, -1)])) is None


def test_the_field_is_of_complete_trials_from_the_best_to_the_worst():
    few, many = table(racing.REFERENCES, 5), table(4 * racing.REFERENCES, 5)
    assert racing.field_of(state_of(few)) == racing.field(few)
    assert racing.field_of(state_of(many)) == racing.field(many[::4])


def test_minimising_is_maximising_the_opposite():
    rows = table(6, 5)
    up, down = state_of(rows), state_of(rows, Goal.MINIMIZE)
    assert racing.field_of(up) == racing.field_of(down)


def test_scale_and_shift_of_the_metric_change_no_chance():
    rows = table(6, 5)
    field = racing.field(rows)
    other = racing.field([[1e4 * s + 7 for s in row] for row in rows])
    for level in (-0.05, 0.0, 0.05):
        scores = [s + level for s in rows[0][:2]]
        moved = [1e4 * s + 7 for s in scores]
        assert racing.chance(other, moved) == pytest.approx(racing.chance(field, scores))


def test_revivals_come_likeliest_first_and_leave_out_what_hardly_matters():
    state = state_of(table(6, 5))
    field = racing.field_of(state)
    assert field is not None
    for i in range(40):
        below = 0.001 * i
        row = [f + field.best - sum(field.profile) / 5 - below for f in field.profile[:2]]
        add(state, 50 + i, row, TrialState.PRUNED)
    back = racing.revivals(state, field)
    chances = [racing.chance(field, _seen(state, n)) for n in range(50, 90)]
    assert [n for n, _ in back] == list(range(50, 50 + len(back)))
    assert [p for _, p in back] == chances[: len(back)]
    assert sum(chances[len(back) :]) < racing.RESIDUE <= sum(chances[len(back) - 1 :])


def _seen(state: State, number: int) -> list[float]:
    return [state.trials[number].scores[k]["m"] for k in range(2)]


def test_nothing_comes_back_that_cannot_win():
    state = state_of(table(6, 5))
    field = racing.field_of(state)
    assert field is not None
    add(state, 50, [-9.0, -9.0], TrialState.PRUNED)
    assert racing.revivals(state, field) == []


def test_a_stopped_trial_that_would_have_won_wins():
    """Fold 0 speaks against trial 20, which is the best on all folds."""

    def score(trial: int, fold: int) -> float:
        noise = random.Random(trial * 31 + fold).gauss(0, 0.02)
        if trial == 20:
            return 0.67 if fold == 0 else 0.75
        return 0.5 + 0.01 * (trial % 20) + noise

    world = World(spec(trials=30, concurrency=1), slots=1, score=score)
    state = world.run()
    assert state.trials[20].revived > 0
    assert state.best is not None
    assert state.best.number == 20


def test_each_revival_brings_a_fold_and_revival_ends():
    rng = random.Random(4)
    noisy = {(t, k): rng.gauss(0, 1) for t in range(60) for k in range(5)}
    world = World(spec(trials=60), slots=3, score=lambda t, k: noisy[t, k])
    state = world.run(pick=lambda count: rng.randrange(count))
    fits = [key for key in world.ran if key.fold >= 0]
    assert len(fits) == len({(key.trial, key.fold) for key in fits})
    for trial in state.trials.values():
        assert trial.revived <= 4


def test_a_decision_costs_the_same_at_ten_thousand_trials():
    """No more than the pool is looked at: the cost does not grow with the trials."""
    few, many = _decision(100), _decision(10_000)
    assert many < 3 * few + 1e-4


def _decision(trials: int) -> float:
    rows = [[0.5 + t / 1e6 + f / 10 for f in range(5)] for t in range(trials, 0, -1)]
    state = state_of(rows[:1])
    state.trials.clear()
    state.ranking.clear()
    for number, row in enumerate(rows):
        scores = {k: {"m": s} for k, s in enumerate(row)}
        state.trials[number] = Trial(number, {}, "sampler", 0.0, TrialState.COMPLETE, scores=scores)
        state.ranking.append((-sum(row) / 5, number))
    best = math.inf
    for _ in range(20):
        start = time.perf_counter()
        field = racing.field_of(state)
        assert field is not None
        racing.chance(field, [0.5, 0.6])
        best = min(best, time.perf_counter() - start)
    return best


def test_a_fold_that_ended_out_of_order_waits():
    """Decisions look at the folds from the first on without a gap."""
    state = state_of(table(6, 5))
    field = racing.field_of(state)
    assert field is not None
    add(state, 50, [], TrialState.PRUNED).scores[2] = {"m": 100.0}
    assert racing.revivals(state, field) == []
