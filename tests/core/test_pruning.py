"""Verdicts of each pruner, and the signed-rank test against scipy."""

from __future__ import annotations

import random

import pytest
from scipy import stats

from sweeper.core import pruning, racing, standings
from sweeper.core.evolve import evolve
from sweeper.core.records import Phase, State, Trial, TrialState
from sweeper.core.specs import Goal
from world import World, created, spec


def rows(trials: int, folds: int = 5) -> list[list[float]]:
    """Trials from good to bad, on folds that get easier, with a little noise."""
    rng = random.Random(1)
    return [
        [0.8 - 0.01 * t + 0.1 * k + rng.gauss(0, 0.003) for k in range(folds)]
        for t in range(trials)
    ]


def state_of(
    complete: list[list[float]], pruner: str, goal: Goal = Goal.MAXIMIZE, folds: int = 5
) -> State:
    """A sweep with these complete trials, best first and larger better."""
    state = evolve(None, created(spec(trials=100, pruner=pruner, goal=goal), folds))
    for number, row in enumerate(complete):
        state.trials[number] = trial_of(state, number, row)
        state.ranking.append((-sum(row) / len(row), number))
        standings.complete(state, state.trials[number])
    return state


def trial_of(state: State, number: int, row: list[float]) -> Trial:
    sign = state.spec.metric.goal.sign
    scores = {k: {"m": sign * s} for k, s in enumerate(row)}
    return Trial(number, {}, "sampler", 0.0, TrialState.COMPLETE, scores=scores)


def shifted(state: State, by: float, seen: int) -> Trial:
    """A trial on its first folds, so much above the incumbent on each."""
    sign = state.spec.metric.goal.sign
    best = state.trials[0].scores
    return trial_of(state, 50, [sign * best[k]["m"] + by for k in range(seen)])


def test_signed_rank_agrees_with_scipys_exact_test():
    rng = random.Random(2)
    for _ in range(100):
        values = [rng.gauss(-0.3, 1) for _ in range(rng.randrange(1, 11))]
        expected = stats.wilcoxon(values, alternative="less", method="exact").pvalue
        assert pruning.signed_rank(values) == pytest.approx(expected)


def test_signed_rank_of_all_negative_is_one_in_two_to_the_n():
    for n in range(1, 11):
        assert pruning.signed_rank([-0.1 * (i + 1) for i in range(n)]) == pytest.approx(2.0**-n)


def test_signed_rank_with_ties_counts_every_sign():
    assert pruning.signed_rank([-1, -1, -1, 1]) == pytest.approx(5 / 16)
    assert pruning.signed_rank([-1, 1]) == pytest.approx(3 / 4)


def test_signed_rank_drops_zeros_and_says_nothing_about_none():
    assert pruning.signed_rank([0, -1, -2, 0, -3]) == pruning.signed_rank([-1, -2, -3])
    assert pruning.signed_rank([0.0, 0.0]) == 1.0
    assert pruning.signed_rank([]) == 1.0


def test_signed_rank_of_many_pairs_is_near_scipys():
    rng = random.Random(3)
    for n in (13, 20, 60):
        values = [rng.gauss(-0.2, 1) for _ in range(n)]
        expected = stats.wilcoxon(
            values, alternative="less", method="approx", correction=False
        ).pvalue
        assert pruning.signed_rank(values) == pytest.approx(expected)


@pytest.mark.parametrize("goal", list(Goal))
@pytest.mark.parametrize("pruner", ["racing", "median", "wilcoxon"])
def test_a_hopeless_trial_is_stopped_and_a_better_one_never(pruner, goal):
    state = state_of(rows(8), pruner, goal)
    assert pruning.judge(state, shifted(state, -0.3, 4), 0, 4) is not None or pruner == "wilcoxon"
    assert pruning.judge(state, shifted(state, +0.01, 4), 0, 4) is None


def test_wilcoxon_needs_five_folds_for_its_first_verdict():
    """All of j folds worse has p = 2⁻ʲ; under 0.05 that is j = 5."""
    state = state_of(rows(8, 10), "wilcoxon", folds=10)
    verdict = pruning.judge(state, shifted(state, -0.3, 9), 0, 9)
    assert verdict is not None
    assert verdict.folds == 5


@pytest.mark.parametrize("pruner", ["racing", "median", "wilcoxon", "none"])
def test_nothing_is_stopped_while_too_few_trials_are_complete(pruner):
    state = state_of(rows(racing.MINIMUM - 1), pruner)
    assert pruning.judge(state, shifted(state, -0.5, 4), 0, 4) is None


def test_none_stops_nothing():
    state = state_of(rows(8), "none")
    assert pruning.judge(state, shifted(state, -9, 4), 0, 4) is None


def test_the_median_is_of_the_same_folds():
    """Later folds are easier here: against full means every trial would look bad."""
    state = state_of(rows(8), "median")
    better = trial_of(state, 50, [s + 0.002 for s in rows(8)[2][:2]])
    worse = trial_of(state, 51, rows(8)[6][:2])
    assert pruning.judge(state, better, 0, 2) is None
    verdict = pruning.judge(state, worse, 0, 2)
    assert verdict is not None
    assert "median of 8 trials" in verdict.reason


@pytest.mark.parametrize("pruner", ["racing", "median", "wilcoxon"])
def test_the_predicted_mean_is_of_all_folds(pruner):
    """The first folds are the hard ones; the prediction makes up for it."""
    state = state_of(rows(8, 10), pruner, folds=10)
    trial = shifted(state, -0.2, 8)
    verdict = pruning.judge(state, trial, 0, 8)
    assert verdict is not None
    whole = sum(s["m"] for s in state.trials[0].scores.values()) / 10 - 0.2
    assert verdict.predicted == pytest.approx(whole, abs=0.01)


def test_after_the_last_fold_there_is_nothing_to_stop():
    state = state_of(rows(8), "racing")
    assert pruning.judge(state, shifted(state, -0.5, 5), 4, 5) is None


def test_folds_that_come_together_are_judged_one_by_one():
    state = state_of(rows(8), "racing")
    verdict = pruning.judge(state, shifted(state, -0.5, 4), 0, 4)
    assert verdict is not None
    assert verdict.folds == 1


def test_racings_reason_has_the_chance_the_rival_and_the_fold():
    state = state_of(rows(8), "racing")
    verdict = pruning.judge(state, shifted(state, -0.5, 1), 0, 1)
    assert verdict is not None
    assert verdict.chance is not None
    assert verdict.chance < 0.05
    assert "trial 0" in verdict.reason
    assert "fold 1 of 5" in verdict.reason


def test_in_revival_a_trial_runs_on_down_to_its_share_of_the_residue():
    state = state_of(rows(8), "racing")
    trial = shifted(state, -0.006, 1)
    assert pruning.judge(state, trial, 0, 1) is not None
    state.phase = Phase.REVIVAL
    assert pruning.judge(state, trial, 0, 1) is None
    state.aside.update(range(100, 400))
    assert pruning.judge(state, shifted(state, -0.03, 1), 0, 1) is not None


def test_two_folds_are_enough_to_race():
    world = World(spec(trials=30, concurrency=1), folds=2, slots=1)
    state = world.run()
    assert any(t.state is TrialState.PRUNED for t in state.trials.values())
    means = {n: sum(world.score(n, k) for k in range(2)) for n in range(30)}
    assert state.best is not None
    assert state.best.number == max(means, key=means.get)


@pytest.mark.parametrize("pruner", ["racing", "median", "wilcoxon"])
def test_pruning_is_the_same_when_the_metric_is_turned_round(pruner):
    def turned(trial: int, fold: int) -> float:
        return -up.score(trial, fold)

    up = World(spec(trials=20, pruner=pruner, concurrency=1), folds=6, slots=1)
    down = World(
        spec(trials=20, pruner=pruner, concurrency=1, goal=Goal.MINIMIZE),
        folds=6,
        slots=1,
        score=turned,
    )
    assert up.run().best.number == down.run().best.number
    assert up.ran == down.ran


def test_equal_scores_everywhere_end_with_the_first_trial():
    for pruner in ("racing", "median", "wilcoxon"):
        state = World(spec(trials=12, pruner=pruner), score=lambda t, k: 1.0).run()
        assert state.best is not None
        assert state.best.value == 1.0
