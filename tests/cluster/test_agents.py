"""The agents of a cluster that is joined: an actor on each node."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from contract.bench import Bench, await_, importable, on_ray, titled
from sweeper.core.records import FailureKind
from sweeper.execution import cluster

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    cluster.quiet()
    from ray.cluster_utils import Cluster

    with importable():
        found = Cluster(initialize_head=True, head_node_args={"num_cpus": 1}, connect=False)
        found.wait_for_nodes()
    with on_ray(found.address) as bench:
        yield bench
    found.shutdown()


def test_how_a_worker_died_is_known_before_there_was_an_agent(bench):
    assert not titled("ray::Agent")
    (key,) = bench.send("talk", until=os.devnull, then="segfault")
    outcome = bench.outcomes([key])[key]
    assert "segmentation fault" in outcome.message
    assert "the first line" in bench.shown[key]


def test_an_agent_that_dies_is_replaced_and_the_run_goes_on(bench):
    (key,) = bench.send("hang", timeout=6.0)
    await_(lambda: titled("ray::Agent"))
    (first,) = titled("ray::Agent")
    os.kill(first.pid, 9)
    outcome = bench.outcomes([key])[key]
    assert outcome.kind is FailureKind.TIMEOUT
    assert first.pid not in [each.pid for each in titled("ray::Agent")]
