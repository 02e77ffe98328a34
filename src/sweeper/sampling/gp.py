"""Optuna's Gaussian process, for spaces of any kind."""

from __future__ import annotations

import ctypes
import functools
import importlib.util
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
from optuna.samplers import GPSampler
from optuna.trial import FrozenTrial, TrialState

from sweeper.core.records import HistoryEntry
from sweeper.core.space import Dimension, Params, Space, Value
from sweeper.core.specs import Goal
from sweeper.ports import Suggestion
from sweeper.sampling.codes import searched, smooth_axis
from sweeper.sampling.history import finished
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

SOON = 1
"""Trials that have to end before torch is imported, beside the next ones: it takes two seconds of
CPU, for which workers would have to wait after the last of STARTUP. Before, the cores are full
of what workers import."""

POWERS = (-9.0, 11.0)
"""Of the transformation of Yeo and Johnson; 1 changes nothing."""

TRIES = 10
"""How often TPE, and then the even spread, is asked for a point that is new."""


class GaussianProcessSampler:
    """Optuna's GPSampler as a function of (space, seed, number, history), for a space without
    conditions. Needs torch.

    Of one objective it sees values that are bent towards a normal distribution, so that a few
    terrible trials do not make all others look alike. Every other trial it takes what was
    measured for exact, which makes it look elsewhere, and else for noisy, which makes it follow
    the trend: which of the two is better depends on the problem. Where the best it knows of is a
    point that was tried before, TPE gives one near the good ones instead.
    """

    def __init__(self, space: Space, seed: int, goals: Sequence[Goal]) -> None:
        self._space = space
        self._seed = seed
        self._axes = {d.name: smooth_axis(d.domain) for d in space}
        self._searched = searched(self._axes)
        self._mirror = Mirror(space, self._axes, goals, IN_VIEW)
        self._bend = functools.partial(bent, goals[0]) if len(goals) == 1 else list
        self._spread = QmcSampler(space, seed)
        self._near = OptunaSampler("tpe", space, seed, goals)

    def suggest(self, number: int, history: Sequence[HistoryEntry]) -> Suggestion:
        with quiet():
            params = self._params(number, history)
        if params is None:
            return self._spread.suggest(number, history)
        tried = [entry.params for entry in history]
        new = (p for p in chain([params], self._others(number, history)) if p not in tried)
        return Suggestion(next(new, params))

    def _others(self, number: int, history: Sequence[HistoryEntry]) -> Iterator[dict[str, Value]]:
        """Points by TPE, then the next of those that are spread evenly."""
        for attempt in range(TRIES):
            yield self._near.params(number, history, attempt)
        for later in range(TRIES):
            yield self._spread.suggest(number + later, ()).params or {}

    def _params(self, number: int, history: Sequence[HistoryEntry]) -> dict[str, Value] | None:
        """None while it knows too little."""
        sampler = GPSampler(
            seed=seed_of(self._seed, number),
            n_startup_trials=STARTUP,
            deterministic_objective=number % 2 == 0,
        )
        study = self._mirror.study(history, sampler, self._bend)
        ended = len(complete(study))
        if ended >= SOON:
            _importing()
        if ended < STARTUP:
            return None
        asked = frozen_trial(number, TrialState.RUNNING)
        with _without_hooks():
            codes = sampler.sample_relative(study, asked, self._searched)
        params: dict[str, Value] = {}
        for dimension in self._space:
            own = self._axes[dimension.name]
            params[dimension.name] = own.decode(codes.get(dimension.name, own.first))
        return params


class BranchingSampler:
    """For a conditional space: TPE chooses the branch, and a Gaussian process searches in it.

    Every branch has a process of its own, which learns from that branch's trials once STARTUP
    of them have ended; until then TPE's whole suggestion counts.
    """

    def __init__(self, space: Space, seed: int, goals: Sequence[Goal]) -> None:
        self._space, self._seed, self._goals = space, seed, goals
        self._tpe = OptunaSampler("tpe", space, seed, goals)
        self._deciding = {condition.parameter for d in space for condition in d.when}
        self._within: dict[str, GaussianProcessSampler] = {}

    def suggest(self, number: int, history: Sequence[HistoryEntry]) -> Suggestion:
        suggested = self._tpe.params(number, history)
        branch = {n: v for n, v in suggested.items() if n in self._deciding}
        own = [
            replace(entry, params=_without(branch, entry.params))
            for entry in history
            if {n: v for n, v in entry.params.items() if n in self._deciding} == branch
        ]
        ended = sum(map(finished, own))
        if ended >= SOON:
            _importing()
        if len(suggested) == len(branch) or ended < STARTUP:
            return Suggestion(suggested)
        found = self._process(branch, suggested).suggest(number, own).params
        return Suggestion({**suggested, **(found or {})})

    def _process(self, branch: Params, suggested: Params) -> GaussianProcessSampler:
        key = repr(branch)
        if key not in self._within:
            here = (d for d in self._space if d.name in _without(branch, suggested))
            space = Space(tuple(Dimension(d.name, d.domain) for d in here))
            self._within[key] = GaussianProcessSampler(space, self._seed, self._goals)
        return self._within[key]


def _without(branch: Params, params: Params) -> dict[str, Value]:
    return {name: value for name, value in params.items() if name not in branch}


@functools.cache
def _importing() -> None:
    """Begin to import what asks need. Not as a daemon: one of those that is in torch's own code
    when the process ends takes it down with it."""
    threading.Thread(target=_import).start()


def _import() -> None:
    preload()
    import scipy.stats  # noqa: F401
    import torch  # noqa: F401


def preload() -> None:
    """Load the library that torch is. Python's import holds all threads while the system does
    that, 0.3 s, and longer from a cold disk, for which workers would wait; a call through ctypes
    holds none. Builds for accelerators load more, in an order that is theirs to know."""
    found = importlib.util.find_spec("torch")
    load = getattr(ctypes.CDLL(None), "dlopen", None)
    if found is None or found.origin is None or load is None:
        return
    libraries = Path(found.origin).parent / "lib"
    if any((libraries / f"libtorch_{kind}.so").exists() for kind in ("cuda", "hip", "xpu")):
        return
    for name, flags in (("libtorch_global_deps.so", os.RTLD_GLOBAL), ("libtorch.so", 0)):
        load(os.fsencode(libraries / name), os.RTLD_NOW | flags)


def _without_hooks() -> AbstractContextManager[None]:
    """Optuna names the device for all that torch does, by a hook around every call of torch: a
    sixth of an ask. Without hooks the device is the one that it names, the CPU."""
    import torch

    return getattr(torch._C, "DisableTorchFunction", nullcontext)()


def bent(goal: Goal, trials: list[FrozenTrial]) -> list[FrozenTrial]:
    """Complete trials with their values after the transformation of Yeo and Johnson (A new
    family of power transformations to improve normality or symmetry, 2000), which keeps their
    order; its parameter is the likeliest, to a hundredth. What lies beyond Tukey's outer fence on the worse side
    counts as if it stood there (Exploratory data analysis, 1977)."""
    from scipy.optimize import minimize_scalar
    from scipy.stats import yeojohnson, yeojohnson_llf

    values = [t.values[0] for t in trials if t.state is TrialState.COMPLETE]
    losses = -goal.sign * np.array(values)
    if len(losses) < STARTUP:
        return trials
    low, high = np.percentile(losses, (25, 75))
    if low < high:
        losses = np.minimum(losses, high + 3 * (high - low))
    with np.errstate(over="ignore"):
        spread = losses.std()
    if not 0 < spread < np.inf:
        return trials
    scaled = (losses - losses.mean()) / spread
    likeliest = minimize_scalar(
        lambda power: -yeojohnson_llf(power, scaled), bounds=POWERS, options={"xatol": 0.01}
    )
    found = yeojohnson(scaled, likeliest.x)
    if len(np.unique(found)) < len(np.unique(losses)):
        return trials  # so far apart that some would become one
    shown = iter((-goal.sign * found).tolist())
    return [with_values(t, [next(shown)]) if t.state is TrialState.COMPLETE else t for t in trials]
