"""CMA-ES by replay: its state follows from the history and is never stored.

Generation g is the trials numbered g·P to (g+1)·P - 1, with P the population size. A trial
of generation g is drawn from the distribution that the generations before it have shaped,
told in order. The work is done in the unit cube, so that logarithmic and integer ranges
are handled alike.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence

import numpy as np
from cmaes import CMA

from sweeper.core.records import HistoryEntry
from sweeper.core.space import Space
from sweeper.core.specs import Goal
from sweeper.ports import Suggestion
from sweeper.sampling.domains import place, to_unit
from sweeper.sampling.history import History, finished, teaches
from sweeper.sampling.seeds import seed_of

SIGMA = 0.25
"""Width of the first generation, as a share of each range."""

REACH = 5.0
"""Points further out than this many times their generation's median distance are pulled in."""

Solution = tuple[float, tuple[float, ...]]
"""A loss, infinite for a bad trial, and the point of the unit cube that has it."""

Told = tuple[list[Solution], int]
"""A generation's solutions, best first, and how many of its trials have none yet."""


class CmaesSampler:
    """For numeric spaces without conditions and with two dimensions or more.

    Of a generation told, finished trials rank by value and bad ones behind them. Trials not
    finished, or set aside because the space was edited, rank last at the distribution's own
    mean, where they pull nowhere. A generation of which less than half is known is not told
    yet, nor are those after it: parallel trials then draw from the same distribution longer.
    """

    def __init__(self, space: Space, seed: int, goal: Goal) -> None:
        self._space = space
        self._seed = seed
        self._goal = goal
        self._population = 4 + math.floor(3 * math.log(len(space)))
        self._history: History[Solution] = History(space, self._solution, teaches)
        self._settled: list[Told] = []
        self._optimizer = self._new()

    def suggest(self, number: int, history: Sequence[HistoryEntry]) -> Suggestion:
        told = self._generations(number // self._population, history)
        optimizer = self._replayed(told)
        optimizer.reseed_rng(seed_of(self._seed, number))
        return Suggestion(place(self._space, optimizer.ask().tolist()))

    def _new(self) -> CMA:
        size = len(self._space)
        return CMA(
            mean=np.full(size, 0.5),
            sigma=SIGMA,
            bounds=np.tile([0.0, 1.0], (size, 1)),
            population_size=self._population,
            seed=seed_of(self._seed, "cmaes"),
        )

    def _solution(self, entry: HistoryEntry) -> Solution:
        loss = -self._goal.sign * (entry.value or 0.0) if finished(entry) else math.inf
        return loss, tuple(to_unit(d.domain, entry.params[d.name]) for d in self._space)

    def _generations(self, before: int, history: Sequence[HistoryEntry]) -> list[Told]:
        """What there is to tell of the generations before `before`, in order."""
        members: list[list[Solution]] = [[] for _ in range(before)]
        for entry, solution in self._history.read(history):
            generation = entry.number // self._population
            if 0 <= generation < before and not entry.running:
                members[generation].append(solution)
        generations = []
        for known in members:
            if len(known) < self._population / 2:
                break
            generations.append((sorted(known), self._population - len(known)))
        return generations

    def _replayed(self, generations: list[Told]) -> CMA:
        """The optimizer after these generations, going on from the last call where it can."""
        if self._settled != generations[: len(self._settled)]:
            self._settled = []
            self._optimizer = self._new()
        for told in generations[len(self._settled) :]:
            if told[1]:
                break
            _tell(self._optimizer, told)
            self._settled.append(told)
        optimizer = copy.deepcopy(self._optimizer)
        for told in generations[len(self._settled) :]:
            _tell(optimizer, told)
        return optimizer


def _tell(optimizer: CMA, told: Told) -> None:
    solutions, unknown = told
    mean = np.array(optimizer.mean)
    points = _pulled_in(np.array([point for _, point in solutions]), mean)
    losses = [loss for loss, _ in solutions]
    padding = [(mean, math.inf)] * unknown
    optimizer.tell([*zip(points, losses, strict=True), *padding])


def _pulled_in(points: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Points set by hand far outside the generation would blow up the step size."""
    distances = np.linalg.norm(points - mean, axis=1, keepdims=True)
    limit = REACH * np.median(distances)
    return np.asarray(
        mean + (points - mean) * np.minimum(1.0, limit / np.maximum(distances, 1e-300))
    )
