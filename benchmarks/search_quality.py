"""Which sampler finds the better points: sweeper's `auto` and its peers' own, trial by trial.

    python benchmarks/search_quality.py [--problems DIR] [--seeds 20] [--trials 100] [--only NAME …]
                                        [--first 0] [--flight 1] [--noise 0]

Sequential trials, or `--flight` of them at a time: who asks for a point has not seen what the latest
gave. Without `--problems` the problems are published test functions; DIR has recorded search problems,
read by its `problems.py`. Of each problem the regret of the best point after 25, 50 and 100 trials is
normalised: 0 is the best known point, 1 the median random one. With `--noise` every loss that is told
has a normal error of that deviation, in the same unit; then the best point is the one that seemed so,
and its regret is the true one. All of a peer's settings are its defaults; parameters with an order go
to it as numbers in that order. A rank is a contestant's place among the others on a problem, by its
mean regret over the seeds.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import json
import math
import multiprocessing
import os
import statistics
import sys
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from side_by_side import ONE_THREAD, table, versions

COUNTS = (25, 50, 100)


@dataclass(frozen=True)
class Parameter:
    """`choices`: a finite set, `ordered` or not; else a range. `when`: (parent, values) pairs."""

    name: str
    low: float = 0.0
    high: float = 1.0
    log: bool = False
    integer: bool = False
    choices: tuple = ()
    ordered: bool = False
    when: tuple = ()

    def exists(self, params: dict) -> bool:
        return all(params.get(parent) in values for parent, values in self.when)


@dataclass(frozen=True)
class Problem:
    """`loss` is minimised; `best` is its best known value, `median` that of random points."""

    name: str
    parameters: tuple[Parameter, ...]
    loss: Callable[[dict], float]
    best: float
    median: float

    @property
    def unit(self) -> float:
        return self.median - self.best

    def regret(self, loss: float) -> float:
        return (loss - self.best) / self.unit


def branin(x: np.ndarray) -> float:
    a, b = 15 * x[0] - 5, 15 * x[1]
    bowl = (b - 5.1 / (4 * math.pi**2) * a**2 + 5 / math.pi * a - 6) ** 2
    return float(bowl + 10 * (1 - 1 / (8 * math.pi)) * math.cos(a) + 10)


HARTMANN_A = np.array(
    [
        [10, 3, 17, 3.5, 1.7, 8],
        [0.05, 10, 17, 0.1, 8, 14],
        [3, 3.5, 1.7, 10, 17, 8],
        [17, 8, 0.05, 10, 0.1, 14],
    ]
)
HARTMANN_P = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)


def hartmann(x: np.ndarray) -> float:
    inner = (HARTMANN_A * (x - HARTMANN_P) ** 2).sum(axis=1)
    return float(-(np.array([1.0, 1.2, 3.0, 3.2]) * np.exp(-inner)).sum())


def ackley(x: np.ndarray) -> float:
    z = 65 * x - 25  # not in the middle
    waves = math.exp(np.cos(2 * math.pi * z).mean())
    return float(20 - 20 * math.exp(-0.2 * math.sqrt((z**2).mean())) + math.e - waves)


def rosenbrock(x: np.ndarray) -> float:
    z = 15 * x - 5
    return float(math.log1p((100 * (z[1:] - z[:-1] ** 2) ** 2 + (1 - z[:-1]) ** 2).sum()))


def levy(x: np.ndarray) -> float:
    w = 1 + (20 * x - 10 - 1) / 4
    middle = ((w[:-1] - 1) ** 2 * (1 + 10 * np.sin(math.pi * w[:-1] + 1) ** 2)).sum()
    last = (w[-1] - 1) ** 2 * (1 + math.sin(2 * math.pi * w[-1]) ** 2)
    return float(math.sin(math.pi * w[0]) ** 2 + middle + last)


def griewank(x: np.ndarray) -> float:
    z = 1000 * x - 350
    waves = np.cos(z / np.sqrt(np.arange(1, len(z) + 1))).prod()
    return float((z**2).sum() / 4000 - waves + 1)


FUNCTIONS = (
    ("branin", branin, 2, 0.39788736),
    ("hartmann6", hartmann, 6, -3.32236801),
    ("ackley5", ackley, 5, 0.0),
    ("rosenbrock4", rosenbrock, 4, 0.0),
    ("levy8", levy, 8, 0.0),
    ("griewank5", griewank, 5, 0.0),
)
"""Published test functions on the unit cube (Surjanovic and Bingham, Virtual Library of Simulation
Experiments; Rosenbrock's in the logarithm): function, dimensions, minimum."""


def published() -> Iterator[Problem]:
    for name, function, dimensions, best in FUNCTIONS:
        names = [f"x{i}" for i in range(dimensions)]
        points = np.random.default_rng(0).random((2000, dimensions))
        median = float(np.median([function(point) for point in points]))

        def loss(params, function=function, names=names):
            return function(np.array([params[n] for n in names]))

        yield Problem(name, tuple(Parameter(n) for n in names), loss, best, median)


def recorded(folder: str) -> Iterator[Problem]:
    spec = importlib.util.spec_from_file_location("problems", Path(folder) / "problems.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in module.list_problems():
        try:
            found = module.get(name)
            found.evaluate(found.sample(np.random.default_rng(0)))
        except ImportError as error:
            print(f"{name}: left out, {error}", file=sys.stderr)
            continue
        sign = -1.0 if found.direction == "maximize" else 1.0

        def loss(params, found=found):
            value = found.evaluate(found.active(params))["loss"]
            return value if math.isfinite(value) else math.inf

        yield Problem(
            name,
            tuple(_parameter(told) for told in found.space),
            loss,
            sign * found.reference["optimum"],
            sign * found.reference["median_random"],
        )


def _parameter(told: dict) -> Parameter:
    when = tuple((each["parent"], tuple(each["in"])) for each in told.get("when", ()))
    if "choices" in told:
        choices, ordered = tuple(told["choices"]), told["type"] == "ordinal"
        return Parameter(told["name"], choices=choices, ordered=ordered, when=when)
    integer = told["type"] == "int"
    return Parameter(told["name"], told["low"], told["high"], told["log"], integer, when=when)


Ask = Callable[[int, list], dict]
"""A trial's number, and (params, loss) of the first trials, whose results are there, to its params."""


def sweeper(problem: Problem, seed: int, trials: int, name: str = "auto") -> Ask:
    from sweeper import sampling
    from sweeper.core.records import HistoryEntry
    from sweeper.core.space import Condition, Dimension, Range, Space, Values
    from sweeper.core.specs import Budget, Goal

    def domain(p: Parameter):
        if p.choices:
            return Values(p.choices)
        return Range(p.low, p.high, log=p.log, integer=p.integer)

    dimensions = [
        Dimension(name, domain(p), tuple(Condition(*each) for each in when))
        for p in problem.parameters
        for name, when in _written(p)
    ]
    space = Space(tuple(dimensions))
    chosen, _ = sampling.resolve(name, space, Budget(trials=trials))
    sampler = sampling.make(chosen, space, seed, (Goal.MINIMIZE,))
    entries: list = []
    asked: list = []

    def ask(number: int, history: list) -> dict:
        for ended in range(len(entries), len(history)):
            loss = history[ended][1]
            bad = not math.isfinite(loss)
            entries.append(HistoryEntry(ended, asked[ended], None if bad else loss, bad=bad))
        running = [
            HistoryEntry(n, asked[n], None, running=True) for n in range(len(entries), number)
        ]
        params = sampler.suggest(number, [*entries, *running]).params
        assert params is not None
        asked.append(params)
        return {name.partition("@")[0]: value for name, value in params.items()}

    return ask


def _written(p: Parameter) -> list[tuple[str, tuple]]:
    """What stands below several branches is written below each, as in a config: its names there,
    and the conditions."""
    if not any(len(values) > 1 for _, values in p.when):
        return [(p.name, tuple((parent, values[0]) for parent, values in p.when))]
    parents = [parent for parent, _ in p.when]
    every = itertools.product(*(values for _, values in p.when))
    return [
        (f"{p.name}@{','.join(map(str, values))}", tuple(zip(parents, values, strict=True)))
        for values in every
    ]


def _optuna(make: Callable) -> Callable:
    def contestant(problem: Problem, seed: int, trials: int) -> Ask:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        study = optuna.create_study(sampler=make(seed))
        open_trials: deque = deque()

        def ask(number: int, history: list) -> dict:
            for _, loss in history[number - len(open_trials) :]:
                if math.isfinite(loss):
                    study.tell(open_trials.popleft(), loss)
                else:
                    study.tell(open_trials.popleft(), state=optuna.trial.TrialState.FAIL)
            trial = study.ask()
            open_trials.append(trial)
            params: dict = {}
            for p in problem.parameters:
                if p.exists(params):
                    params[p.name] = _suggested(trial, p)
            return params

        return ask

    return contestant


def _suggested(trial, p: Parameter):
    if p.ordered:
        return p.choices[trial.suggest_int(p.name, 0, len(p.choices) - 1)]
    if p.choices:
        return trial.suggest_categorical(p.name, p.choices)
    if p.integer:
        return trial.suggest_int(p.name, p.low, p.high, log=p.log)
    return trial.suggest_float(p.name, p.low, p.high, log=p.log)


def _tpe(seed):
    import optuna

    return optuna.samplers.TPESampler(seed=seed)


def _gp(seed):
    import optuna

    return optuna.samplers.GPSampler(seed=seed)


def _random(seed):
    import optuna

    return optuna.samplers.RandomSampler(seed=seed)


def _cmaes(seed):
    import optuna

    return optuna.samplers.CmaEsSampler(seed=seed)


def smac(problem: Problem, seed: int, trials: int) -> Ask:
    from ConfigSpace import Categorical, ConfigurationSpace, Float, InCondition, Integer
    from smac import HyperparameterOptimizationFacade, Scenario
    from smac.runhistory.dataclasses import TrialValue

    space = ConfigurationSpace(seed=seed)
    made: dict = {}
    for p in problem.parameters:
        if p.ordered:
            made[p.name] = Integer(p.name, (0, len(p.choices) - 1))
        elif p.choices:
            made[p.name] = Categorical(p.name, [str(i) for i in range(len(p.choices))])
        elif p.integer:
            made[p.name] = Integer(p.name, (int(p.low), int(p.high)), log=p.log)
        else:
            made[p.name] = Float(p.name, (p.low, p.high), log=p.log)
    space.add(list(made.values()))
    by_name = {p.name: p for p in problem.parameters}
    for p in problem.parameters:
        for parent, values in p.when:
            codes = [str(by_name[parent].choices.index(value)) for value in values]
            space.add(InCondition(made[p.name], made[parent], codes))
    scenario = Scenario(space, n_trials=trials + 1, seed=seed, deterministic=True)
    facade = HyperparameterOptimizationFacade(
        scenario, lambda config, seed=0: 0.0, logging_level=False, overwrite=True
    )
    asked: deque = deque()

    def ask(number: int, history: list) -> dict:
        for _, loss in history[number - len(asked) :]:
            facade.tell(asked.popleft(), TrialValue(cost=loss if math.isfinite(loss) else 1e10))
        info = facade.ask()
        asked.append(info)
        found = dict(info.config)
        params: dict = {}
        for p in problem.parameters:
            if p.name in found:
                value = found[p.name]
                params[p.name] = p.choices[int(value)] if p.choices else value
        return params

    return ask


def named(name: str) -> Callable:
    return lambda problem, seed, trials: sweeper(problem, seed, trials, name)


CONTESTANTS: dict[str, tuple[Callable, tuple[str, ...]]] = {
    "sweeper auto": (sweeper, ()),
    "Optuna TPE": (_optuna(_tpe), ()),
    "Optuna GP": (_optuna(_gp), ("torch",)),
    "Optuna CMA-ES": (_optuna(_cmaes), ("cmaes",)),
    "SMAC3": (smac, ("smac",)),
    "random": (_optuna(_random), ()),
    "sweeper tpe": (named("tpe"), ()),
    "sweeper gp": (named("gp"), ("torch",)),
}
PEERS = ("sweeper auto", "Optuna TPE", "Optuna GP", "Optuna CMA-ES", "SMAC3", "random")


def problems(folder: str | None) -> dict[str, Problem]:
    every = [*published(), *(recorded(folder) if folder else ())]
    return {problem.name: problem for problem in every}


@dataclass(frozen=True)
class Job:
    """One search. `folder`: of recorded problems."""

    folder: str | None
    problem: str
    contestant: str
    seed: int
    trials: int
    flight: int
    noise: float

    @property
    def of(self) -> tuple:
        """What tells its result from others."""
        return self.problem, self.contestant, self.seed, self.flight, self.noise


OF = 5  # as many begin a result: `Job.of`


def search(job: Job) -> tuple:
    """`Job.of`, regrets at COUNTS, seconds an ask; the regrets None where the contestant cannot
    search that space."""
    import warnings

    warnings.simplefilter("ignore")
    if "torch" in sys.modules or importlib.util.find_spec("torch"):
        import torch

        torch.set_num_threads(1)
    if _made.get("of") != job.folder:
        _made.update(of=job.folder, problems=problems(job.folder))
    problem = _made["problems"][job.problem]
    error = np.random.default_rng(job.seed).normal(0, job.noise * problem.unit, job.trials)
    try:
        ask = CONTESTANTS[job.contestant][0](problem, job.seed, job.trials)
        told: list = []
        losses: list = []
        spent = 0.0
        for number in range(job.trials):
            begun = time.perf_counter()
            params = ask(number, told[: max(0, number + 1 - job.flight)])
            spent += time.perf_counter() - begun
            losses.append(problem.loss(params))
            told.append((params, losses[-1] + error[number]))
    except ValueError as refused:
        return *job.of, None, str(refused)[:200]
    seeming = [loss for _, loss in told]
    found = [
        problem.regret(losses[int(np.argmin(seeming[:count]))])
        for count in COUNTS
        if count <= job.trials
    ]
    # a search that has found nothing finite is as good as the median random point
    regrets = [min(regret, 1e3) for regret in found]
    return *job.of, regrets, spent / job.trials


_made: dict = {}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--problems", metavar="DIR")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--flight", type=int, default=1, help="trials at a time")
    parser.add_argument("--noise", type=float, default=0.0, help="share of the median's regret")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--only", nargs="*", metavar="NAME", help="these contestants")
    parser.add_argument("--on", nargs="*", metavar="PROBLEM", help="these problems")
    parser.add_argument("--keep", metavar="FILE", help="results so far, read and added to")
    asked = parser.parse_args()
    chosen = []
    for name in asked.only or PEERS:
        absent = [p for p in CONTESTANTS[name][1] if importlib.util.find_spec(p) is None]
        if absent:
            print(f"{name}: not run, {', '.join(absent)} is not installed", file=sys.stderr)
        else:
            chosen.append(name)
    names = asked.on or list(problems(asked.problems))
    jobs = [
        Job(asked.problems, problem, contestant, seed, asked.trials, asked.flight, asked.noise)
        for seed in range(asked.first, asked.first + asked.seeds)
        for problem in names
        for contestant in chosen
    ]
    results: list = []
    if asked.keep and Path(asked.keep).exists():
        wanted = {job.of for job in jobs}
        kept = [json.loads(line) for line in Path(asked.keep).read_text().splitlines()]
        results = [result for result in kept if tuple(result[:OF]) in wanted]
    done = {tuple(result[:OF]) for result in results}
    jobs = [job for job in jobs if job.of not in done]
    os.environ.update(ONE_THREAD)
    with multiprocessing.get_context("spawn").Pool(asked.processes) as pool:
        for number, result in enumerate(pool.imap_unordered(search, jobs)):
            results.append(list(result))
            if asked.keep:
                with open(asked.keep, "a") as stream:
                    stream.write(json.dumps(result) + "\n")
            if number % 50 == 0:
                print(f"{number + 1} of {len(jobs)} searches", file=sys.stderr, flush=True)
    print(report(results, names, chosen, asked.trials))


def report(results: list, names: list[str], chosen: list[str], trials: int) -> str:
    counts = [count for count in COUNTS if count <= trials]
    regrets: dict = defaultdict(list)
    asking: dict = defaultdict(list)
    cannot: dict = defaultdict(set)
    for problem, contestant, *_, found, cost in results:
        if found is None:
            cannot[contestant].add(problem)
            continue
        regrets[problem, contestant].append(found)
        if cost is not None:  # nothing else ran beside it
            asking[contestant].append(cost)
    means = {
        key: [statistics.mean(found[i] for found in each) for i in range(len(counts))]
        for key, each in regrets.items()
    }
    common = [p for p in names if all((p, c) in means for c in chosen)]
    rows = []
    for contestant in chosen:
        mean = [
            statistics.mean(means[p, contestant][i] for p in common) for i in range(len(counts))
        ]
        ranks = [
            statistics.mean(
                1 + sum(means[p, other][i] < means[p, contestant][i] for other in chosen)
                for p in common
            )
            for i in range(len(counts))
        ]
        rows.append(
            (
                contestant,
                *(f"{value:.4f}" for value in mean),
                *(f"{rank:.2f}" for rank in ranks),
                f"{1000 * statistics.mean(asking[contestant]):.1f} ms"
                if asking[contestant]
                else "-",
            )
        )
    headers = (
        "sampler",
        *(f"regret at {count}" for count in counts),
        *(f"mean rank at {count}" for count in counts),
        "an ask",
    )
    lines = [f"{len(common)} problems on which all could search", "", table(headers, rows), ""]
    by_problem = [
        (p, *(f"{means[p, c][-1]:.4f}" if (p, c) in means else "-" for c in chosen)) for p in names
    ]
    lines += [table((f"regret at {counts[-1]}", *chosen), by_problem), ""]
    for contestant, where in cannot.items():
        lines.append(f"{contestant} cannot search {', '.join(sorted(where))}.")
    lines.append(versions("optuna", "torch", "cmaes", "smac"))
    return "\n".join(lines)


if __name__ == "__main__":
    main()
