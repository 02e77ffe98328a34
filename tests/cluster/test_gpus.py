"""GPUs as Ray counts them, on a node that only says it has some: who is given which."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from contract.bench import Bench, importable, on_ray
from sweeper.core.rooms import Slot
from sweeper.core.specs import Resources
from sweeper.execution import cluster

pytestmark = [pytest.mark.cluster, pytest.mark.slow]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A head without room, and a node with four CPUs and two GPUs."""
    cluster.quiet()
    from ray.cluster_utils import Cluster

    with importable():
        found = Cluster(initialize_head=True, head_node_args={"num_cpus": 0}, connect=False)
        found.add_node(num_cpus=4, num_gpus=2)
        found.wait_for_nodes()
    yield str(found.address)
    found.shutdown()


def bench_of(address: str, resources: Resources) -> Any:
    return on_ray(address, resources=resources)


def places(bench: Bench) -> int:
    (node,) = bench.executor._census.nodes
    return int(node.slots)


def node(bench: Bench) -> str:
    return str(bench.executor._census.nodes[0].name)


def test_each_run_has_a_gpu_of_its_own_and_says_which(address):
    with bench_of(address, Resources(cpus=1, gpus=1)) as bench:
        assert places(bench) == 2
        bench.slots = [Slot(node(bench), 0), Slot(node(bench), 1)]
        keys = bench.send("sleep", slot=0) + bench.send("sleep", slot=1)
        found = bench.outcomes(keys)
        assert sorted(outcome.gpus for outcome in found.values()) == [("0",), ("1",)]


def test_a_fraction_of_a_gpu_is_shared(address):
    with bench_of(address, Resources(cpus=1, gpus=0.5)) as bench:
        assert places(bench) == 4
        bench.slots = [Slot(node(bench), i) for i in range(4)]
        keys = [key for i in range(4) for key in bench.send("sleep", slot=i)]
        found = sorted(outcome.gpus for outcome in bench.outcomes(keys).values())
        assert found == [("0",), ("0",), ("1",), ("1",)]


def test_a_gang_says_the_gpus_of_all_its_ranks(address):
    pytest.importorskip("torch")
    with bench_of(address, Resources(cpus=1, gpus=1, workers=2)) as bench:
        bench.slots = [Slot(node(bench), 0, (node(bench),))]
        assert sorted(bench.outcome("whoami").gpus) == ["0", "1"]


def test_without_gpus_none_is_said(address):
    with bench_of(address, Resources(cpus=1)) as bench:
        bench.slots = [Slot(node(bench), 0)]
        assert bench.outcome("whoami").gpus == ()
