"""Losing nodes, and the head, of a cluster of three nodes on this machine."""

from __future__ import annotations

import functools
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from contract.bench import Bench, importable, on_ray
from sweeper.core.records import Failure, FailureKind, Success
from sweeper.core.rooms import Slot
from sweeper.core.stimuli import CapacityChanged, RunEnded, StopRequested
from sweeper.execution import cluster, visit

pytestmark = [pytest.mark.cluster, pytest.mark.slow]


@pytest.fixture
def three() -> Iterator[Any]:
    """A head without room and two nodes with room for one fold each."""
    cluster.quiet()
    from ray.cluster_utils import Cluster

    with importable():
        found = Cluster(initialize_head=True, head_node_args={"num_cpus": 0}, connect=False)
        found.add_node(num_cpus=1)
        found.add_node(num_cpus=1)
        found.wait_for_nodes()
    yield found
    found.shutdown()


def has_both(bench: Bench) -> list[Slot]:
    """One slot on each of the two nodes, once both are counted."""
    while len(bench.executor._census.nodes) < 2:
        time.sleep(0.05)
    return [Slot(node.name, 0) for node in bench.executor._census.nodes]


def test_after_a_node_is_lost_its_runs_are_lost_uncharged_and_the_other_node_goes_on(three):
    with on_ray(three.address) as bench:
        bench.slots = has_both(bench)
        hanging = bench.send("hang", slot=0)
        waiting = bench.send("score", slot=0)
        working = bench.send("report", slot=1)
        while not any(held.keys for held in list(bench.executor._leases.values())):
            time.sleep(0.05)
        lost = next(n for n in three.worker_nodes if n.node_id == bench.slots[0].node)
        three.remove_node(lost, allow_graceful=False)
        arrived = []
        while len(arrived) < 3:
            found = bench.inbox.get(timeout=60)
            if not isinstance(found, CapacityChanged) or len(found.nodes) < 2:
                arrived.append(found)
        capacity, *ended = arrived
        assert isinstance(capacity, CapacityChanged)
        assert [node.name for node in capacity.nodes] == [bench.slots[1].node]
        assert {e.run for e in ended} == {*hanging, *waiting}
        assert all((e.outcome.kind, e.outcome.charged) == (FailureKind.LOST, False) for e in ended)
        bench.executor.cancel(working, grace=60.0)
        assert bench.outcomes(working) == {working[0]: "cancelled"}
        (key,) = bench.send("score", slot=1)
        assert isinstance(bench.outcomes([key])[key], Success)


def warn(node: str) -> None:
    """What an autoscaler says when a spot machine is going to be taken away."""
    from ray._private.worker import global_worker
    from ray.core.generated import autoscaler_pb2

    reason = autoscaler_pb2.DrainNodeReason.Value("DRAIN_NODE_REASON_PREEMPTION")
    deadline = int((time.time() + 60) * 1000)
    client: Any = global_worker.gcs_client
    assert client.drain_node(node, reason, "spot machine taken", deadline)[0]


def test_a_run_whose_node_is_taken_away_is_preempted_and_not_charged(three):
    with on_ray(three.address) as bench:
        bench.slots = has_both(bench)
        hanging = bench.send("hang", slot=0)
        while not any(held.keys for held in list(bench.executor._leases.values())):
            time.sleep(0.05)
        warn(bench.slots[0].node)
        while bench.slots[0].node not in bench.executor._census.leaving:
            time.sleep(0.05)
        taken = next(n for n in three.worker_nodes if n.node_id == bench.slots[0].node)
        three.remove_node(taken, allow_graceful=False)
        while isinstance(ended := bench.inbox.get(timeout=60), CapacityChanged):
            pass
        assert ended.run == hanging[0]
        assert (ended.outcome.kind, ended.outcome.charged) == (FailureKind.PREEMPTED, False)
        assert "its node was taken away" in ended.outcome.message


def test_without_its_head_a_launch_ends_and_says_so_instead_of_being_ended_by_ray(three):
    with on_ray(three.address) as bench:
        hanging = bench.send("hang", slot=0)
        while not any(held.keys for held in list(bench.executor._leases.values())):
            time.sleep(0.05)
        with suppress(RuntimeError):
            three.head_node.kill_gcs_server(check_alive=False)
        three.head_node.kill_raylet(check_alive=False)
        stop = bench.next()
        ended = bench.next()
        assert isinstance(stop, StopRequested)
        assert "the cluster is gone" in stop.reason
        assert isinstance(ended, RunEnded)
        assert ended.run == hanging[0]
        assert isinstance(ended.outcome, Failure)
        assert not ended.outcome.charged


def test_every_node_is_asked_before_a_launch(three):
    with on_ray(three.address):
        found = visit.everywhere(functools.partial(str, "an answer"))
    assert len(found) == 3
    assert {answer for _, answer in found} == {"an answer"}
