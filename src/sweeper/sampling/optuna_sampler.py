"""TPE and NSGA-II: a fresh Optuna sampler for each ask, over a mirrored study."""

from __future__ import annotations

from collections.abc import Sequence

import optuna
from optuna.samplers import BaseSampler, NSGAIISampler, TPESampler
from optuna.trial import FrozenTrial, TrialState

from sweeper.core.records import HistoryEntry
from sweeper.core.space import Space, Value
from sweeper.core.specs import Goal
from sweeper.ports import Suggestion
from sweeper.sampling.codes import Code, axis, searched
from sweeper.sampling.mirror import Mirror, frozen_trial
from sweeper.sampling.quiet import quiet
from sweeper.sampling.seeds import seed_of

IN_VIEW = 1000
"""How many of the latest trials are learnt from, beside the best before them."""

POPULATION = 24
"""Trials of a generation: sweeps have hundreds of trials, and some generations must fit in."""


class _Generations(NSGAIISampler):
    """NSGA-II (Deb et al., 2002) whose generations are the trials as they stand in the study,
    so many at a time: no note on a trial says of which one it is."""

    def get_trial_generation(self, study: optuna.Study, trial: FrozenTrial) -> int:
        return len(complete(study)) // POPULATION

    def get_population(self, study: optuna.Study, generation: int) -> list[FrozenTrial]:
        return complete(study)[generation * POPULATION : (generation + 1) * POPULATION]

    def get_parent_population(self, study: optuna.Study, generation: int) -> list[FrozenTrial]:
        """The fittest of all generations before this one, chosen generation by generation."""
        return self.select_parent(study, generation) if generation else []


def complete(study: optuna.Study) -> list[FrozenTrial]:
    """The trials with values, in the order of their numbers."""
    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))


class OptunaSampler:
    """Optuna's TPE (`tpe`) or NSGA-II (`nsgaii`) as a function of (space, seed, number, history).

    Running trials keep parallel asks apart. In conditional spaces TPE learns each branch's
    dimensions together.
    """

    def __init__(self, name: str, space: Space, seed: int, goals: Sequence[Goal]) -> None:
        self._name = name
        self._space = space
        self._seed = seed
        self._axes = {d.name: axis(d.domain) for d in space}
        self._searched = searched(self._axes)
        self._mirror = Mirror(space, self._axes, goals, IN_VIEW)

    def suggest(self, number: int, history: Sequence[HistoryEntry]) -> Suggestion:
        return Suggestion(self.params(number, history))

    def params(
        self, number: int, history: Sequence[HistoryEntry], attempt: int = 0
    ) -> dict[str, Value]:
        """What is suggested, and, for other attempts, what might have been."""
        with quiet():
            seed = seed_of(self._seed, f"{number}.{attempt}" if attempt else number)
            return self._asked(self._sampler(seed), number, history)

    def _asked(
        self, sampler: BaseSampler, number: int, history: Sequence[HistoryEntry]
    ) -> dict[str, Value]:
        study = self._mirror.study(history, sampler)
        asked = frozen_trial(number, TrialState.RUNNING)
        together = self._drawn_together(sampler, study, asked)
        params: dict[str, Value] = {}
        for dimension in self._space:
            if not dimension.exists(params):
                continue
            name, own = dimension.name, self._axes[dimension.name]
            if own.distribution.single():
                code = own.first
            elif name in together:
                code = together[name]
            else:
                code = sampler.sample_independent(study, asked, name, own.distribution)
            params[name] = own.decode(code)
        return params

    def _sampler(self, seed: int) -> BaseSampler:
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
            joint = self._searched
        return sampler.sample_relative(study, asked, joint)
