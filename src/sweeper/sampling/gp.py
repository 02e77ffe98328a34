"""Optuna's Gaussian process for spaces of any kind."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from optuna.samplers import GPSampler
from optuna.trial import FrozenTrial, TrialState

from sweeper.core.records import HistoryEntry
from sweeper.core.space import Space, Value
from sweeper.core.specs import Goal
from sweeper.ports import Suggestion
from sweeper.sampling.codes import full_axis
from sweeper.sampling.mirror import Mirror, frozen_trial, with_values
from sweeper.sampling.optuna_sampler import OptunaSampler, complete
from sweeper.sampling.quiet import quiet
from sweeper.sampling.seeds import seed_of
from sweeper.sampling.unit_cube import QmcSampler

IN_VIEW = 400
"""How many of the latest trials it learns from, beside the best before them."""

STARTUP = 10
"""Trials that have to end before it is asked. Until then points are spread evenly (a scrambled
Sobol sequence): what it learns first should not be an accident of random points."""

TRIES = 10
"""How often TPE is asked for a point that is new."""


class GaussianProcessSampler:
    """Optuna's GPSampler as a function of (space, seed, number, history). Needs torch.

    It sees every trial with all dimensions: what does not exist in it stands in the middle of its
    domain. Of one objective it sees values that are bent towards a normal distribution, so that
    a few terrible trials do not make all others look alike. It takes what was measured for
    exact, as the same parameters on the same folds give the same. Where the best it knows of is
    a point that was tried before, TPE gives one near the good ones instead.
    """

    def __init__(self, space: Space, seed: int, goals: Sequence[Goal]) -> None:
        self._space = space
        self._seed = seed
        self._axes = {d.name: full_axis(d.domain) for d in space}
        self._mirror = Mirror(space, self._axes, goals, IN_VIEW)
        self._bend = _bent if len(goals) == 1 else list
        self._spread = QmcSampler(space, seed)
        self._near = OptunaSampler("tpe", space, seed, goals)

    def suggest(self, number: int, history: Sequence[HistoryEntry]) -> Suggestion:
        with quiet():
            params = self._params(number, history)
        if params is None:
            return self._spread.suggest(number, history)
        tried = [entry.params for entry in history]
        for attempt in range(TRIES):
            if params not in tried:
                break
            params = self._near.params(number, history, attempt)
        return Suggestion(params)

    def _params(self, number: int, history: Sequence[HistoryEntry]) -> dict[str, Value] | None:
        """None while it knows too little."""
        sampler = GPSampler(
            seed=seed_of(self._seed, number), n_startup_trials=STARTUP, deterministic_objective=True
        )
        study = self._mirror.study(history, sampler, self._bend)
        if len(complete(study)) < STARTUP:
            return None
        every = {name: axis.distribution for name, axis in self._axes.items()}
        joint = {name: d for name, d in every.items() if not d.single()}
        asked = frozen_trial(number, TrialState.RUNNING)
        codes = sampler.sample_relative(study, asked, joint)
        params: dict[str, Value] = {}
        for dimension in self._space:
            if dimension.exists(params):
                own = self._axes[dimension.name]
                params[dimension.name] = own.decode(codes.get(dimension.name, own.first))
        return params


def _bent(trials: list[FrozenTrial]) -> list[FrozenTrial]:
    """Complete trials with their values after the transformation of Yeo and Johnson (A new
    family of power transformations to improve normality or symmetry, 2000), which keeps their
    order; its parameter is the likeliest."""
    from scipy.stats import yeojohnson

    values = np.array([t.values[0] for t in trials if t.state is TrialState.COMPLETE])
    if len(values) < STARTUP or values.std() == 0:
        return trials
    bent, _ = yeojohnson((values - values.mean()) / values.std())
    if len(np.unique(bent)) < len(np.unique(values)):
        return trials  # so far apart that some would become one
    found = iter(bent.tolist())
    return [with_values(t, [next(found)]) if t.state is TrialState.COMPLETE else t for t in trials]
