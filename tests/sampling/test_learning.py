"""What the learning samplers are shown of a history, and how CMA-ES counts generations."""

from __future__ import annotations

import random

import pytest
from optuna.trial import FrozenTrial, TrialState

from sweeper import sampling
from sweeper.core.records import HistoryEntry
from sweeper.core.space import Dimension, Range, Space
from sweeper.core.specs import Goal
from sweeper.sampling.codes import axis
from sweeper.sampling.mirror import Mirror

SPACE = Space((Dimension("x", Range(0.0, 1.0)), Dimension("y", Range(0.0, 1.0))))
POPULATION = 6


def shown(
    history: list[HistoryEntry], goal: Goal = Goal.MAXIMIZE, recent: int = 1000
) -> list[FrozenTrial]:
    axes = {d.name: axis(d.domain) for d in SPACE}
    return Mirror(SPACE, axes, (goal,), recent).study(history, None).get_trials()


def entry(number: int, value: float | None = None, **more: bool) -> HistoryEntry:
    return HistoryEntry(number, {"x": (number % 17) / 17, "y": 0.5}, value, **more)


@pytest.mark.parametrize(("goal", "worst"), [(Goal.MAXIMIZE, 1.0), (Goal.MINIMIZE, 3.0)])
def test_bad_trials_are_shown_with_the_worst_value_seen(goal: Goal, worst: float) -> None:
    trials = shown([entry(0, 3.0), entry(1, bad=True), entry(2, 1.0)], goal)
    assert [(t.number, t.state, t.value) for t in trials] == [
        (0, TrialState.COMPLETE, 3.0),
        (1, TrialState.COMPLETE, worst),
        (2, TrialState.COMPLETE, 1.0),
    ]


def test_bad_trials_are_not_shown_before_anything_has_finished() -> None:
    trials = shown([entry(0, bad=True), entry(1, running=True)])
    assert [(t.number, t.state) for t in trials] == [(1, TrialState.RUNNING)]


def test_a_running_trial_is_replaced_by_its_result() -> None:
    trials = shown([entry(0, 3.0), entry(1, running=True), entry(1, 2.0)])
    assert [(t.number, t.value) for t in trials] == [(0, 3.0), (1, 2.0)]


def test_a_long_history_is_shown_by_its_best_and_its_latest_trials() -> None:
    history = [entry(n, float(n % 100)) for n in range(500)]
    numbers = [t.number for t in shown(history, recent=50)]
    assert numbers[25:] == list(range(450, 500))
    old = sorted(range(450), key=lambda n: -(n % 100))[:25]
    assert {n % 100 for n in numbers[:25]} == {n % 100 for n in old}
    assert numbers == sorted(numbers)


def cmaes(number: int, history: list[HistoryEntry]) -> dict[str, float]:
    params = sampling.make("cmaes", SPACE, 7, (Goal.MINIMIZE,)).suggest(number, history).params
    assert params is not None
    return params


def generation(first: int) -> list[HistoryEntry]:
    return [entry(n, float(n % 4)) for n in range(first, first + POPULATION)]


def test_a_generation_does_not_learn_from_its_own_members() -> None:
    assert cmaes(5, generation(0)[:5]) == cmaes(5, [])
    assert cmaes(11, [*generation(0), *generation(6)[:5]]) == cmaes(11, generation(0))


def test_a_generation_is_told_once_half_of_it_is_known() -> None:
    assert cmaes(6, generation(0)[:2]) == cmaes(6, [])
    assert cmaes(6, generation(0)[:3]) != cmaes(6, [])
    assert cmaes(6, generation(0)[:5]) != cmaes(6, generation(0))


def test_a_gap_holds_back_the_generations_after_it() -> None:
    assert cmaes(18, [*generation(0), *generation(12)]) == cmaes(18, generation(0))


def test_the_order_in_which_trials_end_does_not_matter_to_cmaes() -> None:
    history = [*generation(0), *generation(6)]
    assert cmaes(12, history) == cmaes(12, history[::-1])


def test_a_point_set_by_hand_far_out_does_not_blow_up_the_step_size() -> None:
    sampler = sampling.make("cmaes", SPACE, 7, (Goal.MINIMIZE,))
    history: list[HistoryEntry] = []
    for number in range(20 * POPULATION):
        params = sampler.suggest(number, history).params
        assert params is not None
        if number == 15 * POPULATION:
            params = {"x": 0.99, "y": 0.01}
        value = -1.0 if number == 15 * POPULATION else sum((v - 0.4) ** 2 for v in params.values())
        history.append(HistoryEntry(number, params, value))
    assert all(0.0 < v < 1.0 for e in history[16 * POPULATION :] for v in e.params.values())


@pytest.mark.parametrize("seed", range(20))
def test_reading_on_shows_what_a_new_reader_would_be_shown(seed: int) -> None:
    """Trials that end out of order, come back, fail, and teach nothing."""
    rng = random.Random(seed)
    axes = {d.name: axis(d.domain) for d in SPACE}
    kept = Mirror(SPACE, axes, (Goal.MAXIMIZE,), 8)
    ended: list[HistoryEntry] = []
    under_way: list[int] = []
    for number in range(120):
        under_way.append(number)
        while len(under_way) > 4:
            over = under_way.pop(rng.randrange(len(under_way)))
            kind = rng.random()
            value = None if kind < 0.2 else round(rng.random(), 1)
            ended.append(entry(over, value, bad=value is None and kind < 0.1))
        if rng.random() < 0.05 and ended:
            under_way.append(rng.choice(ended).number)
        if rng.random() < 0.03:
            del ended[rng.randrange(len(ended) or 1) :]
        running = [entry(n, running=True) for n in sorted(set(under_way))]
        history = [*ended, *running]
        trials = kept.study(history, None).get_trials()
        assert trials == Mirror(SPACE, axes, (Goal.MAXIMIZE,), 8).study(history, None).get_trials()
