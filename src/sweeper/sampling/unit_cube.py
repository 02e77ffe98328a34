"""Samplers that learn nothing: a point of the unit cube for each trial number."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sweeper.core.records import HistoryEntry
from sweeper.core.space import Space
from sweeper.ports import Suggestion
from sweeper.sampling.domains import place
from sweeper.sampling.seeds import seed_of


class RandomSampler:
    """Independent uniform points, each seeded by its trial's number."""

    def __init__(self, space: Space, seed: int) -> None:
        self._space = space
        self._seed = seed

    def suggest(self, number: int, history: Sequence[HistoryEntry]) -> Suggestion:
        generator = np.random.default_rng(seed_of(self._seed, number))
        return Suggestion(place(self._space, generator.random(len(self._space)).tolist()))


class QmcSampler:
    """A Sobol sequence, scrambled once by the sweep's seed; point = trial number.

    Every dimension takes part in the sequence; where one does not exist its coordinate is
    left unused.
    """

    def __init__(self, space: Space, seed: int) -> None:
        from scipy.stats import qmc

        self._space = space
        self._sobol = qmc.Sobol(max(len(space), 1), scramble=True, rng=seed_of(seed, "qmc"))

    def suggest(self, number: int, history: Sequence[HistoryEntry]) -> Suggestion:
        self._sobol.reset()
        if number:  # scipy cannot go forward by 0
            self._sobol.fast_forward(number)
        units = self._sobol.random(1)[0].tolist()
        return Suggestion(place(self._space, units[: len(self._space)]))
