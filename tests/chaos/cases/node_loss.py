"""Nodes of a Ray cluster that go away under a sweep, and its head."""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chaos.checking import acknowledged, doctor, losses, repeats, sound
from chaos.processes import wait_for
from chaos.result import Result
from chaos.sweeps import Sweep, ended, said, start
from chaos.tally import Tally
from sweeper.core.events import CapacitySeen, FoldLost, FoldsDispatched
from sweeper.core.evolve import replay
from sweeper.journal.file import read

AGAIN = 30.0
"""Seconds within which a new node's slots are used."""

ENOUGH = 5
"""With so many nodes killed, some had work in hand."""

CONFIG = """
data: {{source: "sklearn:iris", target: target, holdout: none}}
cv: 3
metric: accuracy
train: acts:slow
parameters: {{x: {{min: 0.0, max: 1.0}}}}
search: {{sampler: random, pruner: none, concurrency: 3}}
budget: {{trials: {trials}}}
retries: {{lost: 50}}
register: none
refit: false
tracking: none
"""


def run(count: int, seed: int, folder: Path) -> Result:
    """`count` raylets killed, each replaced; then the head."""
    rng, tally = random.Random(seed), Tally()
    waits: list[float] = []
    sweep = Sweep(folder / "nodes", "nodes").configure(CONFIG.format(trials=1000))
    with cluster(folder) as nodes, ended(start(sweep, "--address", nodes.address)) as process:
        wait_for(lambda: _used(sweep, nodes.count), 120, "the cluster is used", process)
        for number in range(count):
            tally.inject(f"node {number}", lambda: _lost(sweep, nodes, process, rng, waits))
        process.send_signal(2)
        code = process.wait(60)
        assert code == 3, f"exit code {code}: {said(sweep)[-1500:]}"
    tally.inject("all trials end", lambda: _ends(sweep, folder))
    head = Sweep(folder / "head", "head").configure(CONFIG.format(trials=12))
    tally.inject("the head", lambda: _head(head, folder))
    worst = f"{max(waits):.1f} s at most, {sum(waits) / len(waits):.1f} on average" if waits else ""
    assert count < ENOUGH or _lost_runs(sweep), "no fold run was ever lost: nothing was injected"
    lost = f"{_lost_runs(sweep)} fold runs were lost with their nodes and run again, uncharged"
    return tally.result("nodes", lost, f"a new node's slots were used after {worst}")


class Nodes:
    """A cluster on this machine: a head without CPUs and three nodes with one each."""

    def __init__(self) -> None:
        from ray.cluster_utils import Cluster

        self._made = 0
        self._cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
        self.address = str(self._cluster.address)
        self._nodes = [self._add() for _ in range(3)]
        self.count = len(self._nodes)

    def _add(self) -> Any:
        """Each with a folder of its own for shipped code: a new node on the same machine would
        else write that of the others anew, under the feet of their workers."""
        self._made += 1
        return self._cluster.add_node(num_cpus=1, runtime_env_dir_name=f"resources-{self._made}")

    def kill(self, index: int) -> None:
        """Its raylet gets a SIGKILL; another node takes its place."""
        self._cluster.remove_node(self._nodes[index], allow_graceful=False)
        self._nodes[index] = self._add()

    def kill_named(self, name: str) -> None:
        """The one that Ray calls so, if it is still there."""
        for index, node in enumerate(self._nodes):
            if node.node_id == name:
                self.kill(index)

    def shut_down(self) -> None:
        self._cluster.shutdown()


@contextmanager
def cluster(folder: Path) -> Iterator[Nodes]:
    """One, with the token that launches from here know; user code is found by its nodes."""
    del folder
    os.environ["RAY_AUTH_MODE"] = "token"
    nodes = Nodes()
    try:
        yield nodes
    finally:
        nodes.shut_down()


def _lost(
    sweep: Sweep,
    nodes: Nodes,
    process: subprocess.Popen[bytes],
    rng: random.Random,
    waits: list[float],
) -> tuple[int, int]:
    """Kill a node under way; its slots come back with the next one, and are used."""
    before = acknowledged(sweep)
    time.sleep(rng.uniform(0.2, 1.5))
    known = _names(sweep)
    nodes.kill(rng.randrange(nodes.count))
    took = wait_for(lambda: _fresh(sweep, known), AGAIN, "the new node is used", process)
    waits.append(took)
    return losses(before, sweep), repeats(sweep)


def _names(sweep: Sweep) -> set[str]:
    """Nodes that were ever seen."""
    return {
        node.name
        for event in read(sweep.journal)
        if isinstance(event, CapacitySeen)
        for node in event.nodes
    }


def _used(sweep: Sweep, count: int) -> bool:
    if not sweep.journal.exists():
        return False
    sent = {e.slot.node for e in read(sweep.journal) if isinstance(e, FoldsDispatched)}
    return len(sent) >= count


def _fresh(sweep: Sweep, known: set[str]) -> bool:
    """Work was sent to a node that is not among these."""
    return any(
        isinstance(event, FoldsDispatched) and event.slot.node not in known
        for event in read(sweep.journal)
    )


def _ends(sweep: Sweep, folder: Path) -> tuple[int, int]:
    """On another cluster, with the budget that is used: every trial comes to an end."""
    before = acknowledged(sweep)
    begun = len(replay(read(sweep.journal)).trials)
    with cluster(folder) as nodes:
        options = ("--address", nodes.address, "--set", f"budget.trials={begun}")
        with ended(start(sweep, *options)) as process:
            code = process.wait(300)
    assert code == 0, f"exit code {code}: {said(sweep)[-2000:]}"
    state = sound(sweep)
    assert not state.running, f"still running: {state.running}"
    doctor(sweep)
    return losses(before, sweep), repeats(sweep)


def _lost_runs(sweep: Sweep) -> int:
    return sum(isinstance(event, FoldLost) for event in read(sweep.journal))


def _head(sweep: Sweep, folder: Path) -> tuple[int, int]:
    """The whole cluster goes away: exit 3; the next launch goes on elsewhere."""
    with cluster(folder) as nodes, ended(start(sweep, "--address", nodes.address)) as process:
        wait_for(lambda: len(acknowledged(sweep).folds) >= 4, 120, "some results", process)
        nodes.shut_down()
        code = process.wait(120)
    assert code == 3, f"exit code {code}: {said(sweep)[-2000:]}"
    return _ends(sweep, folder)
