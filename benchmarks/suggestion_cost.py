"""What one suggestion costs, by sampler and length of history: `python benchmarks/suggestion_cost.py`.

Ten float parameters, four of them logarithmic; milliseconds of CPU an ask, median of ASKS, on one
instance that has seen the history before, as in a running sweep. Random points, one trial
in ten bad. gp is left out where torch is missing, and at long histories unless asked for
with `--gp`.
"""

from __future__ import annotations

import argparse
import statistics
import time

from side_by_side import table, versions
from sweeper import sampling
from sweeper.core.records import HistoryEntry
from sweeper.core.space import Dimension, Range, Space
from sweeper.core.specs import Budget, Goal

ASKS = 11
HISTORIES = (0, 100, 1000, 10_000)
SPACE = Space(
    tuple(
        Dimension(f"p{i}", Range(1e-4, 1.0, log=True) if i < 4 else Range(-1.0, 1.0))
        for i in range(10)
    )
)


def history(length: int) -> list[HistoryEntry]:
    points = sampling.make("random", SPACE, 1, (Goal.MINIMIZE,))
    entries = []
    for number in range(length):
        params = points.suggest(number, ()).params or {}
        bad = number % 10 == 9
        value = None if bad else sum(v * v for v in params.values())
        entries.append(HistoryEntry(number, params, value, bad=bad))
    return entries


def cost(name: str, seen: list[HistoryEntry]) -> float:
    """Median milliseconds of CPU an ask."""
    sampler = sampling.make(name, SPACE, 7, (Goal.MINIMIZE,))
    sampler.suggest(len(seen), seen)
    times = []
    for number in range(len(seen), len(seen) + ASKS):
        start = time.process_time()
        sampler.suggest(number, seen)
        times.append(time.process_time() - start)
    return 1000 * statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gp", action="store_true", help="gp at long histories too (slow)")
    gp_too = parser.parse_args().gp
    rows = []
    for name in ("random", "qmc", "cmaes", "tpe", "gp"):
        if sampling.problems(name, SPACE, Budget()):
            continue
        longest = 100 if name == "gp" and not gp_too else HISTORIES[-1]
        cells = (f"{cost(name, history(n)):.2f}" if n <= longest else "-" for n in HISTORIES)
        rows.append((name, *cells))
    print(table(("ms an ask, by trials before", *(f"{n:,}" for n in HISTORIES)), rows))
    print(f"\n{versions('optuna', 'torch', 'cmaes')}")


if __name__ == "__main__":
    main()
