"""The core against a simulated cluster: how well it is used, who waits, what a run costs.

    python benchmarks/simulated_cluster.py [--nodes 1000] [--places 10] [--runs 60000]

No Ray and no waiting: fold runs last as long as a random number says. Utilisation counts
the places of all nodes while there are trials left to begin, from the first result on.
"""

from __future__ import annotations

import argparse
import dataclasses
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from simulated import Cluster, Figures, Simulation
from sweeper.core.records import RunKey
from sweeper.core.space import Dimension, Object, Space, Values
from sweeper.core.specs import Candidate, ModelSpec, Resources, Retries, SweepSpec
from world import created, spec

SIZES = (1, 1, 1, 2, 4, 8)
"""Places that a fold run takes, where there are candidates of several sizes."""


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    sweep: SweepSpec
    share: float  # of the runs asked for: gangs are fewer and bigger
    mean_life: float | None = None


def cases() -> Iterator[Case]:
    plain = dataclasses.replace(
        spec(trials=1, pruner="none", refit=False, register=False), retries=Retries(lost=50)
    )
    yield Case("one worker, one place", plain, 1.3)
    yield Case("the same, racing", dataclasses.replace(plain, search=_racing(plain)), 1.3)
    yield Case("gangs of 4", dataclasses.replace(plain, resources=Resources(workers=4)), 0.25)
    elastic = dataclasses.replace(plain, resources=Resources(workers=2, most=8))
    yield Case("gangs of 2 to 8", elastic, 0.7)
    yield Case("runs of 1, 2, 4 and 8 places", _mixed(plain), 1.3)
    yield Case("the same, nodes fail", _mixed(plain), 1.3, mean_life=3600.0)
    yield Case("gangs of 2 to 8, nodes fail", elastic, 0.7, mean_life=3600.0)


def _racing(plain: SweepSpec):
    return dataclasses.replace(
        plain.search, pruner=dataclasses.replace(plain.search.pruner, name="racing")
    )


def _mixed(plain: SweepSpec) -> SweepSpec:
    names = tuple(f"model-{i}" for i in range(len(SIZES)))
    candidates = tuple(
        Candidate(name, Object("m.Model", ()), places=size)
        for name, size in zip(names, SIZES, strict=True)
    )
    return dataclasses.replace(
        plain,
        model=ModelSpec(candidates, "model"),
        space=Space((Dimension("model", Values(names)),)),
    )


def lasts(key: RunKey, workers: int) -> float:
    """About a minute, from 10 s to several; a wider gang is done sooner, though not in proportion."""
    chance = random.Random(f"{key.trial}/{key.fold}/{key.attempt}")
    return chance.lognormvariate(4.0, 0.6) / workers**0.8


def simulate(case: Case, cluster: Cluster, runs: int, folds: int = 5) -> Figures:
    sweep = dataclasses.replace(
        case.sweep,
        budget=dataclasses.replace(
            case.sweep.budget, trials=max(1, round(runs * case.share / folds))
        ),
    )
    choices = [] if sweep.model is None else list(sweep.model.candidates)
    params: Callable[[int], dict] = lambda trial: (  # noqa: E731
        {"model": random.Random(trial).choice(choices).name} if choices else {"x": 0.5}
    )
    machines = dataclasses.replace(cluster, mean_life=case.mean_life)
    return Simulation(created(sweep, folds), machines, lasts, params).run()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=1000)
    parser.add_argument("--places", type=int, default=10)
    parser.add_argument("--runs", type=int, default=60_000)
    asked = parser.parse_args()
    print(f"{asked.nodes} nodes of {asked.places} places, fold runs of about a minute\n")
    print("| fold runs | done | lost with nodes | utilisation | longest wait | controller, a run |")
    print("| --- | --- | --- | --- | --- | --- |")
    for case in cases():
        seen = simulate(case, Cluster(asked.nodes, asked.places), asked.runs)
        waits = ", ".join(f"{size}: {wait:.0f} s" for size, wait in sorted(seen.waits.items()))
        print(
            f"| {case.name} | {seen.runs:,} | {seen.lost:,} | {seen.utilisation:.1%} | {waits} "
            f"| {1000 * seen.per_run:.2f} ms |",
            flush=True,
        )


if __name__ == "__main__":
    main()
