"""Racing measured against full cross-validation, the median and the signed-rank rule.

    python benchmarks/racing.py [--data DIR] [--problems DIR] [--replays N] [--seeds N]

Real models on real data are fitted once, trial × fold; sweeps are then replayed over these
tables through the real core, with trials and folds in an order drawn by seed. Regret is
normalised by the mean over all folds: 0 is the best trial, 1 the median trial. `in flight`:
two slots, folds of about 70 ms, trials in flight as `concurrency: auto` has them.
The figures of `docs/racing.md` come from here.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import beta

from fold_tables import FILES, OWN, Fitter, Table, recorded, space, table
from replay import Replay, Setting, replay
from sweeper import sampling
from sweeper.core.records import TrialState
from sweeper.core.specs import Goal

PRUNERS = ("none", "racing", "median", "wilcoxon")
ALONE = {"slots": 1, "concurrency": 1}
IN_FLIGHT = {"slots": 2, "concurrency": None, "seconds": 0.07}
TRIALS = 60
"""Of a replayed sweep: a random half of a table, in random order."""

TOLERANCE = 1e-3
"""A winner is wrong when more of the spread from best to median is lost."""

EQUAL = 40
"""Trials whose full cross-validation is the budget of fits where budgets are equal."""


class Sub:
    """A part of a table with trials and folds in an order of its own, larger better."""

    def __init__(self, whole: Table, seed: int, trials: int) -> None:
        rng = np.random.default_rng(seed)
        rows = rng.permutation(len(whole.scores))[:trials]
        folds = rng.permutation(whole.scores.shape[1])
        self.goal, self.seed = whole.goal, seed
        self.scores = whole.scores[rows][:, folds]
        self.means = self.scores.mean(1) * whole.goal.sign

    def run(self, pruner: str, **options: Any) -> Replay:
        trials, folds = self.scores.shape
        setting = Setting(pruner, folds, trials, self.goal, seed=self.seed, **options)
        return replay(setting, lambda n, _: {"row": n}, self._score)

    def _score(self, params: dict[str, Any], fold: int) -> float:
        return float(self.scores[params["row"], fold])

    def regret(self, row: int | None) -> float:
        if row is None:
            return 1.0
        best, middle = self.means.max(), np.median(self.means)
        return float((best - self.means[row]) / (best - middle))


def row(cells: Sequence[object]) -> None:
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


def head(title: str, *columns: str) -> None:
    print(f"\n### {title}\n")
    row(columns)
    row(["---"] * len(columns))


def against_full(tables: Sequence[Table], seeds: int) -> None:
    """Share of the fits of full cross-validation / regret of the winner, by pruner."""
    for title, options in (("one trial at a time", ALONE), ("in flight", IN_FLIGHT)):
        head(f"Fits / regret of the winner, {seeds} seeds, {title}", "data", "folds", *PRUNERS[1:])
        every: dict[str, list[tuple[float, float]]] = {name: [] for name in PRUNERS[1:]}
        for whole in tables:
            cells = []
            for name in PRUNERS[1:]:
                found = [_whole_sweep(Sub(whole, s, 10**9), name, options) for s in range(seeds)]
                every[name] += found
                cells.append(_both(found))
            row([whole.name, whole.scores.shape[1], *cells])
        row(["**mean**", "", *(_both(found) for found in every.values())])


def _whole_sweep(sub: Sub, pruner: str, options: dict[str, Any]) -> tuple[float, float]:
    found = sub.run(pruner, **options)
    return found.fits / sub.scores.size, sub.regret(found.winner)


def _both(found: Sequence[tuple[float, float]]) -> str:
    fits, regrets = zip(*found, strict=True)
    return f"{100 * statistics.mean(fits):.0f} % / {statistics.mean(regrets):.4f}"


def wrong_winners(tables: Sequence[Table], replays: int) -> None:
    """How often racing's winner is not the best of the sweep's own trials."""
    for title, options in (("one trial at a time", ALONE), ("in flight", IN_FLIGHT)):
        each = -(-replays // len(tables))
        head(
            f"Wrong winner by racing, {each * len(tables)} replays of {TRIALS} trials, {title}",
            *("data", "fits", "of them in revival", "stopped trials", "wrong", "95 % bound"),
        )
        every = []
        for whole in tables:
            found = [_wrong(Sub(whole, 1000 + i, TRIALS), options) for i in range(each)]
            every += found
            row([whole.name, *_rates(found)])
        row(["**all**", *_rates(every)])


def _wrong(sub: Sub, options: dict[str, Any]) -> tuple[float, float, float, bool]:
    found = sub.run("racing", **options)
    stopped = sum(t.state is TrialState.PRUNED for t in found.state.trials.values())
    return (
        found.fits / sub.scores.size,
        found.revival / sub.scores.size,
        stopped / len(sub.scores),
        sub.regret(found.winner) > TOLERANCE,
    )


def _rates(found: Sequence[tuple[float, float, float, bool]]) -> list[str]:
    fits, revival, stopped, wrong = zip(*found, strict=True)
    count, n = sum(wrong), len(wrong)
    bound = beta.ppf(0.95, count + 1, n - count)  # Clopper and Pearson, one-sided
    shares = [f"{100 * statistics.mean(share):.1f} %" for share in (fits, revival, stopped)]
    return [*shares, f"{count} of {n}", f"{100 * bound:.2f} %"]


def equal_fits(tables: Sequence[Table], seeds: int) -> None:
    """Regret of the best complete trial where every pruner may fit equally often."""
    for title, options in (("one trial at a time", ALONE), ("in flight", IN_FLIGHT)):
        points: dict[str, list[list[float]]] = {name: [] for name in PRUNERS}
        for whole in tables:
            for name in PRUNERS:
                points[name] += [
                    _thirds(Sub(whole, seed, 10**9), name, options) for seed in range(seeds)
                ]
        head(
            f"Regret at equal numbers of fits (those of {EQUAL} full trials), {len(tables)} tables, "
            f"{seeds} seeds, {title}",
            *("pruner", "1/3", "2/3", "all", "share of full: 1/3", "2/3", "all"),
        )
        full = np.mean(points["none"], axis=0)
        for name in PRUNERS:
            means = np.mean(points[name], axis=0)
            shares = [f"{100 * m / f:.0f} %" for m, f in zip(means, full, strict=True)]
            row([name, *(f"{m:.4f}" for m in means), *shares])


def _thirds(sub: Sub, pruner: str, options: dict[str, Any]) -> list[float]:
    limit = EQUAL * sub.scores.shape[1]
    leaders = sub.run(pruner, limit=limit, **options).leaders
    return [sub.regret(leaders[min(limit * i // 3, len(leaders)) - 1]) for i in (1, 2, 3)]


def live(seeds: int) -> None:
    """TPE in the loop: it learns from the means that the pruner predicts."""
    for task in (OWN[0], OWN[2]):
        fitter, whole = Fitter(task, None), table(task, None)
        means = whole.scores.mean(1) * task.goal.sign
        best, middle = means.max(), np.median(means)
        head(
            f"TPE on {task.name}, {EQUAL} trials, {seeds} seeds (0, 1: best and median of "
            f"{len(means)} random trials)",
            *("pruner", "fits", "regret", f"winner's {task.scorer.removeprefix('neg_')}"),
        )
        for name in PRUNERS:
            found = [_live(fitter, name, seed) for seed in range(seeds)]
            values = [_value(r) for r in found]
            regrets = [(best - task.goal.sign * v) / (best - middle) for v in values]
            fits = statistics.mean(r.fits for r in found) / (EQUAL * task.folds)
            mean = statistics.mean
            row([name, f"{100 * fits:.0f} %", f"{mean(regrets):.4f}", f"{mean(values):.5f}"])


def _live(fitter: Fitter, pruner: str, seed: int) -> Replay:
    task = fitter.task
    sampler = sampling.make("tpe", space(task), seed, (task.goal,))
    setting = Setting(pruner, task.folds, EQUAL, task.goal, sampler="tpe", seed=seed)
    return replay(setting, _asking(sampler.suggest), fitter.score)


def _asking(suggest: Callable[..., Any]) -> Callable[..., dict[str, Any]]:
    return lambda number, history: suggest(number, history).params


def _value(found: Replay) -> float:
    best = found.state.best
    if best is None or best.value is None:
        raise AssertionError("a replay ends with a winner")
    return best.value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--data", type=Path, help="a directory with more data (parquet)")
    parser.add_argument("--problems", type=Path, help="a directory with folds_*.npz tables")
    parser.add_argument("--replays", type=int, default=400, help="for the wrong winners")
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    tables = [table(task, None) for task in OWN]
    if options.data:
        tables += [table(task, options.data) for task in FILES]
    if options.problems:
        tables += recorded(options.problems)
    head("Tables", "data", "trials × folds", "goal", "best", "median", "worst")
    for whole in tables:
        means = whole.scores.mean(1)
        ends = (means.max(), means.min())
        best, worst = ends if whole.goal is Goal.MAXIMIZE else ends[::-1]
        size = " × ".join(map(str, whole.scores.shape))
        numbers = (f"{v:.4f}" for v in (best, np.median(means), worst))
        row([whole.name, size, whole.goal.value, *numbers])
    against_full(tables, options.seeds)
    equal_fits(tables, 4 * options.seeds)
    wrong_winners(tables, options.replays)
    live(options.seeds)


if __name__ == "__main__":
    main()
