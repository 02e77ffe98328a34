"""Samplers by name: what `auto` means for a sweep, what a name cannot do, and `make`."""

from __future__ import annotations

import difflib
import importlib.util
from collections.abc import Sequence

from sweeper.core.space import Space
from sweeper.core.specs import Budget, Goal
from sweeper.ports import Problem, Sampler
from sweeper.sampling.domains import count, unordered
from sweeper.sampling.grid import GridSampler, grid_size

SAMPLERS = ("tpe", "gp", "cmaes", "nsgaii", "random", "qmc", "grid")
"""The names a sampler goes by; `auto` stands for one of them."""

FEW_TRIALS = 200
"""Up to here a Gaussian process finds better points than TPE at a bearable cost an ask."""

MANY = 1000
"""From here on a population does better on several objectives than a model of the latest trials."""

SMALL_GRID = 100
"""A finite space of at most so many points is better tried out than searched."""

KEY = "search.sampler"


def resolve(name: str, space: Space, budget: Budget, objectives: int = 1) -> tuple[str, str]:
    """The sampler that `name` stands for, never `auto`, and the reason in words.

    Depends on space, budget, the number of objectives and whether torch is installed; never on
    timing.
    """
    if name != "auto":
        return name, "named in the config"
    if not len(space):
        return "grid", "there is nothing to search: one trial"
    size = grid_size(space)
    if size is not None and size <= min(SMALL_GRID, budget.trials or SMALL_GRID):
        return "grid", f"the whole space has {size} points, which all fit into the budget"
    if objectives > 1 and (budget.trials or MANY) >= MANY:
        return "nsgaii", f"there are {objectives} objectives and {MANY} trials or more"
    return _model(budget.trials)


def problems(name: str, space: Space, budget: Budget, objectives: int = 1) -> tuple[Problem, ...]:
    """What keeps the named sampler from searching this space; empty when nothing does."""
    name, _ = resolve(name, space, budget, objectives)
    if name not in SAMPLERS:
        return (Problem(KEY, _unknown(name)),)
    if name in ("cmaes", "nsgaii") and (name == "nsgaii") != (objectives > 1):
        return (Problem(KEY, _COUNTED[name]),)
    check = {"cmaes": _cmaes_problem, "gp": _gp_problem, "grid": _grid_problem}.get(name)
    message = check(space) if check else None
    return (Problem(KEY, message),) if message else ()


def make(name: str, space: Space, seed: int, goals: Sequence[Goal]) -> Sampler:
    """The sampler of a resolved name, for a space in which it has no `problems`.

    `goals`: of each objective.
    """
    if name == "grid":
        return GridSampler(space)
    if name in ("random", "qmc"):
        from sweeper.sampling.unit_cube import QmcSampler, RandomSampler

        return RandomSampler(space, seed) if name == "random" else QmcSampler(space, seed)
    if name == "cmaes":
        from sweeper.sampling.cma_es import CmaesSampler

        return CmaesSampler(space, seed, goals[0])
    if name == "gp":
        from sweeper.sampling.gp import BranchingSampler, GaussianProcessSampler

        kind = BranchingSampler if space.conditional() else GaussianProcessSampler
        return kind(space, seed, goals)
    if name in ("tpe", "nsgaii"):
        from sweeper.sampling.optuna_sampler import OptunaSampler

        return OptunaSampler(name, space, seed, goals)
    raise ValueError(f"{name!r} is not a resolved sampler name: {', '.join(SAMPLERS)}")


def _model(trials: int | None) -> tuple[str, str]:
    if trials is None or trials > FEW_TRIALS:
        return "tpe", f"the budget is not limited to {FEW_TRIALS} trials or fewer"
    why = f"there are only {trials} trials"
    if not _installed("torch"):
        return "tpe", f"gp was passed over: {why}, but gp needs torch ({_TORCH})"
    return "gp", why


def _unknown(name: str) -> str:
    names = ("auto", *SAMPLERS)
    near = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"unknown sampler {name!r}, expected one of {', '.join(names)}{hint}"


def _cmaes_problem(space: Space) -> str | None:
    unordered = _unordered(space)
    if unordered:
        return f"cmaes needs numeric ranges, but these are choices: {_listed(unordered)}; use tpe"
    if space.conditional():
        return f"cmaes needs parameters that always exist, {_conditions(space)}; use tpe"
    if len(space) < 2:
        return f"cmaes needs at least 2 parameters to search, found {len(space)}; use tpe"
    if not _installed("cmaes"):
        return "cmaes needs the package cmaes, which is not installed: pip install cmaes"
    return None


def _gp_problem(space: Space) -> str | None:
    if not _installed("torch"):
        return f"gp needs torch, which is not installed: {_TORCH}, or use tpe"
    return None


def _grid_problem(space: Space) -> str | None:
    endless = [d.name for d in space if count(d.domain) is None]
    if not endless:
        return None
    return (
        f"grid needs a finite number of points, but these ranges are continuous: "
        f"{_listed(endless)}; give each a `step`, or write `{{values: [...]}}`"
    )


_COUNTED = {
    "cmaes": "cmaes searches by one objective, and `metric` is a list; use tpe, gp or nsgaii",
    "nsgaii": "nsgaii is for several objectives, and `metric` is one; use tpe",
}

_TORCH = "pip install 'sweeper[torch]'"


def _installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def _unordered(space: Space) -> list[str]:
    return [d.name for d in space if unordered(d.domain)]


def _conditions(space: Space) -> str:
    dimension = next(d for d in space if d.when)
    when = dimension.when[-1]
    return f"but {dimension.name!r} exists only when {when.parameter!r} is {when.branch!r}"


def _listed(names: list[str]) -> str:
    more = f" (and {len(names) - 3} more)" if len(names) > 3 else ""
    return ", ".join(map(repr, names[:3])) + more
