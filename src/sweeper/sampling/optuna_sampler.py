"""TPE, Gaussian processes, NSGA-II: a fresh Optuna sampler for each ask, over a mirrored study."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import optuna
from optuna.samplers import BaseSampler, GPSampler, NSGAIISampler, TPESampler
from optuna.trial import FrozenTrial, TrialState

from sweeper.core.records import HistoryEntry
from sweeper.core.space import Space, Value
from sweeper.core.specs import Goal
from sweeper.ports import Sampler, Suggestion
from sweeper.sampling.codes import Code, decode, distribution, first_code
from sweeper.sampling.mirror import Mirror, frozen_trial
from sweeper.sampling.quiet import quiet
from sweeper.sampling.seeds import seed_of

IN_VIEW = {"tpe": 1000, "gp": 400, "nsgaii": 1000}
"""How many of the latest trials each sampler learns from, beside the best before them."""


STARTUP = 10
"""Trials that have to end before a Gaussian process is asked. Until then points are spread evenly
(a scrambled Sobol sequence): what it learns first should not be an accident of random points."""

POPULATION = 24
"""Trials of a generation: sweeps have hundreds of trials, and some generations must fit in."""


class _Generations(NSGAIISampler):
    """NSGA-II (Deb et al., 2002) whose generations are the trials as they stand in the study,
    so many at a time: no note on a trial says of which one it is."""

    def get_trial_generation(self, study: optuna.Study, trial: FrozenTrial) -> int:
        return len(_complete(study)) // POPULATION

    def get_population(self, study: optuna.Study, generation: int) -> list[FrozenTrial]:
        return _complete(study)[generation * POPULATION : (generation + 1) * POPULATION]

    def get_parent_population(self, study: optuna.Study, generation: int) -> list[FrozenTrial]:
        """The fittest of all generations before this one, chosen generation by generation."""
        return self.select_parent(study, generation) if generation else []


def _complete(study: optuna.Study) -> list[FrozenTrial]:
    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))


class OptunaSampler:
    """Optuna's TPE (`tpe`), GP (`gp`) or NSGA-II (`nsgaii`) as a function of (space, seed,
    number, history).

    Running trials keep parallel asks apart. In conditional spaces TPE learns each branch's
    dimensions together; GP is for spaces without conditions and needs torch.
    """

    def __init__(self, name: str, space: Space, seed: int, goals: Sequence[Goal]) -> None:
        self._name = name
        self._space = space
        self._seed = seed
        self._distributions = {d.name: distribution(d.domain) for d in space}
        self._mirror = Mirror(space, self._distributions, goals, IN_VIEW[name])

    def suggest(self, number: int, history: Sequence[HistoryEntry]) -> Suggestion:
        with quiet():
            return Suggestion(self._params(number, history))

    def _params(self, number: int, history: Sequence[HistoryEntry]) -> dict[str, Value]:
        sampler = self._sampler(seed_of(self._seed, number))
        study = self._mirror.study(history, sampler)
        if self._name == "gp" and len(_complete(study)) < STARTUP:
            return dict(self._spread.suggest(number, ()).params or {})
        asked = frozen_trial(number, TrialState.RUNNING)
        together = self._drawn_together(sampler, study, asked)
        params: dict[str, Value] = {}
        for dimension in self._space:
            if not dimension.exists(params):
                continue
            name, own = dimension.name, self._distributions[dimension.name]
            if own.single():
                code = first_code(dimension.domain)
            elif name in together:
                code = together[name]
            else:
                code = sampler.sample_independent(study, asked, name, own)
            params[name] = decode(dimension.domain, code)
        return params

    @cached_property
    def _spread(self) -> Sampler:
        from sweeper.sampling.unit_cube import QmcSampler

        return QmcSampler(self._space, self._seed)

    def _sampler(self, seed: int) -> BaseSampler:
        if self._name == "gp":
            return GPSampler(seed=seed, n_startup_trials=STARTUP)
        if self._name == "nsgaii":
            return _Generations(population_size=POPULATION, seed=seed)
        if not self._space.conditional():
            return TPESampler(seed=seed)
        return TPESampler(seed=seed, multivariate=True, group=True)

    def _drawn_together(
        self, sampler: BaseSampler, study: optuna.Study, asked: optuna.trial.FrozenTrial
    ) -> dict[str, Code]:
        """Jointly drawn codes; none at the start, nor for a branch that was never tried."""
        if self._space.conditional():
            joint = sampler.infer_relative_search_space(study, asked)
        else:
            # What Optuna would infer, without looking at every trial again.
            joint = {n: d for n, d in self._distributions.items() if not d.single()}
        return sampler.sample_relative(study, asked, joint)
