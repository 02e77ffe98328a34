"""The fold runs that wait to be sent, in the order in which they are."""

from __future__ import annotations

import heapq
from collections import Counter, deque
from collections.abc import Iterator

from sweeper.core.records import HOLDOUT, RunKey, RunState, State, Trial
from sweeper.core.rooms import Shape


def shape(state: State, trial: Trial, fold: int) -> Shape:
    """What a run of this trial and fold takes."""
    if fold == HOLDOUT:
        return Shape()
    resources = state.spec.resources
    return Shape(
        resources.workers,
        resources.most or resources.workers,
        state.spec.places(trial.params),
        resources.placement == "spread",
    )


def wanted(state: State, trial: Trial) -> list[int]:
    """The trial's folds that have no score, in order; only the first while the pruner may set
    the trial aside for how it does there."""
    first = state.spec.search.pruner.halving and 0 not in trial.scores
    folds = 1 if first else state.splits.folds
    return [fold for fold in range(folds) if fold not in trial.scores]


def waiting(state: State, trial: Trial, t: float) -> Iterator[RunKey]:
    """The trial's folds that have no score, are not on a slot and do not rest, in fold order."""
    attempts = Counter(run.key.fold for run in trial.runs)
    out = {run.key.fold for run in trial.runs if run.state is RunState.RUNNING}
    for fold in wanted(state, trial):
        if fold not in out and trial.resting.get(fold, 0.0) <= t:
            yield RunKey(trial.number, fold, attempts[fold] + 1)


class Work:
    """Runs that can be sent now, in order, with what this very decision has taken already."""

    def __init__(self, state: State, t: float) -> None:
        self._state, self._t = state, t
        self._line = iter(state.line)
        self._next = next(self._line, None)
        self._again: list[tuple[int, int]] = []  # a heap: trials of which some was taken
        self._queues: dict[int, deque[RunKey]] = {}
        self.taken = 0  # runs
        self.flight = 0  # how many runs the first trial has under way
        self.shape = Shape()  # of the first trial's next run

    def first(self) -> int | None:
        """The trial whose turn it is, None when nothing is left."""
        while True:
            if self._next is None and not self._again:
                return None
            taken = self._again and (self._next is None or self._again[0] < self._next)
            self.flight, number = self._again[0] if taken else self._next or (0, 0)
            if self._waits(number):
                self.shape = shape(self._state, self._state.trials[number], 0)
                return number
            self.pass_over(number)

    def _waits(self, number: int) -> bool:
        """Whether it has a run to send: without a look at its runs where the line says so."""
        trial = self._state.trials[number]
        if number not in self._queues and not trial.resting and not self._state.hungry:
            return True
        return bool(self._waiting(number))

    def _waiting(self, number: int) -> deque[RunKey]:
        queue = self._queues.get(number)
        if queue is None:
            found = waiting(self._state, self._state.trials[number], self._t)
            hungry = self._state.hungry
            queue = deque(key for key in found if (number, key.fold) not in hungry)
            self._queues[number] = queue
        return queue

    def pass_over(self, number: int) -> None:
        """Nothing more of the first trial."""
        if self._again and self._again[0][1] == number:
            heapq.heappop(self._again)
        else:
            self._next = next(self._line, None)

    def batch(self, count: int, only_idle: bool = False) -> tuple[RunKey, ...]:
        """The next `count` runs of one shape, at least one; a suspect travels alone."""
        shape, found = self.shape, [self._pop()]
        while len(found) < count and found[-1].attempt == 1:
            number = self.first()
            if number is None or self.shape != shape or (only_idle and self.flight):
                break
            if self._waiting(number)[0].attempt > 1:
                break
            found.append(self._pop())
        return tuple(found)

    def _pop(self) -> RunKey:
        number = self.first()
        assert number is not None
        key, flight = self._waiting(number).popleft(), self.flight
        self.taken += 1
        self.pass_over(number)
        if self._queues[number]:
            heapq.heappush(self._again, (flight + 1, number))
        return key
