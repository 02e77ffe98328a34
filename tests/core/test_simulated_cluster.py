"""One queue for all shapes of fold runs, on clusters that are not there: used well, nobody left
waiting, and nothing stuck. `benchmarks/simulated_cluster.py` does the same at full size."""

from __future__ import annotations

import dataclasses
import random

import pytest

from simulated import Cluster, Simulation
from sweeper.core.invariants import violations
from sweeper.core.records import Phase, RunKey
from sweeper.core.space import Dimension, Object, Space, Values
from sweeper.core.specs import Candidate, ModelSpec, Resources, Retries
from world import created, spec

SIZES = (1, 1, 1, 2, 4, 8)
PLAIN = dataclasses.replace(
    spec(trials=1, pruner="none", refit=False, register=False), retries=Retries(lost=50)
)


def of_sizes():
    """Each model takes another number of places on one node."""
    models = [f"model-{i}" for i in range(len(SIZES))]
    candidates = tuple(
        Candidate(name, Object("m.Model", ()), places=size)
        for name, size in zip(models, SIZES, strict=True)
    )
    space = Space((Dimension("model", Values(tuple(models))),))
    return dataclasses.replace(PLAIN, model=ModelSpec(candidates, "model"), space=space)


def gangs(workers, most=None):
    return dataclasses.replace(PLAIN, resources=Resources(workers=workers, most=most))


def lasts(key: RunKey, workers: int) -> float:
    chance = random.Random(f"{key.trial}/{key.fold}/{key.attempt}")
    return chance.lognormvariate(4.0, 0.6) / workers**0.8


def params(trial):
    return {"model": f"model-{random.Random(trial).randrange(len(SIZES))}", "x": 0.5}


@pytest.mark.parametrize(
    ("sweep", "trials", "mean_life"),
    [
        (PLAIN, 1200, None),
        (gangs(4), 400, None),
        (gangs(2, 8), 600, None),
        (of_sizes(), 600, None),
        (of_sizes(), 600, 3600.0),
        (gangs(2, 8), 600, 3600.0),
    ],
    ids=["single", "gangs", "elastic", "sizes", "sizes-failing", "elastic-failing"],
)
def test_the_cluster_is_used_and_nobody_starves(sweep, trials, mean_life):
    budget = dataclasses.replace(sweep.budget, trials=trials)
    run = Simulation(
        created(dataclasses.replace(sweep, budget=budget)),
        Cluster(nodes=20, places=10, mean_life=mean_life),
        lasts,
        params,
    )
    seen = run.run()
    assert run.state.phase is not Phase.SEARCH
    assert violations(run.state) == []
    assert seen.runs >= 5 * trials
    assert (seen.lost > 0) == (mean_life is not None)
    assert seen.utilisation > 0.95
    if sweep.resources.most is None:  # else a run has the size that it got, not one it waited for
        assert max(seen.waits.values()) < 1.5 * min(seen.waits.values())
