"""Means, prefixes and ranks of fold scores. Larger is better everywhere in `core`:
scores are multiplied by the goal's sign on the way in."""

from __future__ import annotations

import math
from collections.abc import Sequence

from sweeper.core.records import State, Trial


def mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def deviation(values: Sequence[float]) -> float:
    """Sample standard deviation; 0 for fewer than two values."""
    if len(values) < 2:
        return 0.0
    centre = mean(values)
    return math.sqrt(math.fsum((v - centre) ** 2 for v in values) / (len(values) - 1))


def prefix(trial: Trial, folds: int) -> int:
    """How many folds from the first on have finished without a gap."""
    done = 0
    while done < folds and done in trial.scores:
        done += 1
    return done


def signed(state: State, trial: Trial, folds: int) -> list[float]:
    """The first `folds` scores of the sweep's metric, larger better."""
    name, sign = state.spec.metric.name, state.spec.metric.goal.sign
    return [sign * trial.scores[k][name] for k in range(folds)]


def standing(state: State, trial: Trial, fold: int, value: float) -> float:
    """The mean over the folds before `fold` and its own `value` so far, larger better."""
    return mean([*signed(state, trial, fold), state.spec.metric.goal.sign * value])


def objective_values(state: State, trial: Trial) -> tuple[float, ...]:
    """Of several objectives: each one's mean over the trial's folds, as the user reads it."""
    return tuple(
        mean([trial.scores[fold][metric.name] for fold in sorted(trial.scores)])
        for metric in state.spec.objectives
    )


def signed_objectives(state: State, trial: Trial) -> tuple[float, ...]:
    """The same, larger better."""
    values = zip(state.spec.objectives, objective_values(state, trial), strict=True)
    return tuple(metric.goal.sign * value for metric, value in values)


def fold_values(state: State, trial: Trial) -> list[float]:
    """Scores of the sweep's metric as the user reads them, of the folds there are."""
    name = state.spec.metric.name
    return [trial.scores[k][name] for k in sorted(trial.scores)]
