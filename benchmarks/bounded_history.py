"""Whether TPE finds worse points when it sees only a part of a long history.

    python benchmarks/bounded_history.py [--trials 2500] [--seeds 5] [--processes 2]

The published test functions of search_quality.py, sequential trials: sweeper's `tpe`, which looks at
the latest 1,000 trials and the best 25 of the older ones, beside itself with all of them in view. The
regret at the end is normalised as there.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import time
from collections import defaultdict

from search_quality import published, sweeper
from side_by_side import ONE_THREAD, table, versions


def search(job: tuple) -> tuple:
    name, bounded, seed, trials = job
    from sweeper.sampling import optuna_sampler

    if not bounded:
        optuna_sampler.IN_VIEW = trials
    problem = next(p for p in published() if p.name == name)
    ask = sweeper(problem, seed, trials, "tpe")
    history: list = []
    begun = time.process_time()
    for number in range(trials):
        params = ask(number, history)
        history.append((params, problem.loss(params)))
    spent = time.process_time() - begun
    return name, bounded, problem.regret(min(loss for _, loss in history)), spent


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, default=2500)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    names = [problem.name for problem in published()]
    jobs = [
        (name, bounded, seed, asked.trials)
        for name in names
        for seed in range(asked.seeds)
        for bounded in (True, False)
    ]
    os.environ.update(ONE_THREAD)
    found: dict = defaultdict(list)
    spent: dict = defaultdict(float)
    context = multiprocessing.get_context("spawn")
    with context.Pool(asked.processes, maxtasksperchild=1) as pool:
        for name, bounded, regret, seconds in pool.imap_unordered(search, jobs):
            found[name, bounded].append(regret)
            spent[bounded] += seconds
    rows = [
        (name, *(f"{statistics.mean(found[name, bounded]):.5f}" for bounded in (True, False)))
        for name in names
    ]
    asks = asked.trials * len(names) * asked.seeds
    rows.append(("CPU an ask", *(f"{1000 * spent[b] / asks:.1f} ms" for b in (True, False))))
    headers = (f"regret after {asked.trials:,} trials", "bounded", "all in view")
    print(table(headers, rows))
    print(f"\n{asked.seeds} seeds; {versions('optuna')}")


if __name__ == "__main__":
    main()
