"""The accounts that pruners read, kept sorted as events are applied. Only `evolve` calls these.

Whatever the number of trials, a comparison is a search in a sorted list: no decision loops
over trials.
"""

from __future__ import annotations

import bisect

from sweeper.core.records import Rung, Standings, State, Trial
from sweeper.core.scoring import mean, prefix, signed, standing


def place(state: State, trial: Trial, rung: Rung) -> tuple[float, int]:
    """Where the trial stands at a rung that it has been at."""
    return (-standing(state, trial, rung.fold, trial.curve[rung]), trial.number)


def enter(state: State, trial: Trial, rung: Rung, value: float) -> None:
    """The trial has come to a rung."""
    trial.curve[rung] = value
    bisect.insort(state.rungs.setdefault(rung, Standings()).seen, place(state, trial, rung))


def wait(state: State, trial: Trial) -> None:
    """The trial is set aside: it waits at the last rung it has been at."""
    if trial.rung is not None:
        bisect.insort(state.rungs[trial.rung].waiting, place(state, trial, trial.rung))


def go_on(state: State, trial: Trial) -> None:
    """A trial that was set aside is taken up again."""
    if trial.rung is not None:
        _take_out(state.rungs[trial.rung].waiting, place(state, trial, trial.rung))


def leave(state: State, trial: Trial) -> None:
    """A trial that failed takes no place from another."""
    for rung in trial.curve:
        _take_out(state.rungs[rung].seen, place(state, trial, rung))


def complete(state: State, trial: Trial) -> None:
    """A trial has all its folds: its means over the first of them count."""
    for folds, value in prefix_means(state, trial):
        bisect.insort(state.prefixes.setdefault(folds, []), (-value, trial.number))


def prefix_means(state: State, trial: Trial) -> list[tuple[int, float]]:
    """(how many folds, the mean over the first so many), but for all of them."""
    folds = state.splits.folds
    scores = signed(state, trial, prefix(trial, folds))
    return [(seen, mean(scores[:seen])) for seen in range(1, min(len(scores) + 1, folds))]


def middle(ordered: list[tuple[float, int]]) -> float:
    """The median score of such a list, larger better."""
    count = len(ordered)
    return -(ordered[(count - 1) // 2][0] + ordered[count // 2][0]) / 2


def _take_out(ordered: list[tuple[float, int]], entry: tuple[float, int]) -> None:
    del ordered[bisect.bisect_left(ordered, entry)]
