"""The driver's side of the agents: one on each node, and what can be asked of them."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from sweeper.execution.agent import Agent, Fate
from sweeper.execution.line import Address

PATIENCE = 5.0
"""Seconds to wait for an agent's answer; without one the launch goes on as if it had none. It may
have to look at thousands of processes first, on a machine that is busy."""

FAREWELL = 1.0
"""Seconds for the agents to end what is there when the launch is over."""


class OwnAgent:
    """Of a Ray of our own, whose one node is this machine: threads of the launch watch it, for
    another process would take a second of a core to start."""

    def __init__(self, launch: str, address: Address) -> None:
        self._agent = Agent(launch, address)

    def settle(self, nodes: Iterable[str]) -> None:
        """It is there."""

    def kill(self, node: str, lease: int) -> None:
        """End a lease with its whole process tree."""
        self._agent.kill(lease)

    def autopsy(self, nodes: Iterable[str], lease: int) -> list[Fate]:
        """What is known of a dead lease's workers."""
        return self._agent.autopsy(lease)

    def forget(self, node: str) -> None:
        """The node is gone, and this process does not stay."""

    def close(self) -> None:
        """End everything of this launch."""
        self._agent.close()


class Agents:
    """Zero-CPU actors on the nodes of a cluster. Ray starts one anew when it dies; one whose node
    died is forgotten."""

    def __init__(self, launch: str, address: Address) -> None:
        self._launch, self._address = launch, address
        self._handles: dict[str, Any] = {}

    def settle(self, nodes: Iterable[str]) -> None:
        """See that there is one on each of these nodes."""
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        for node in nodes:
            if node not in self._handles:
                actor: Any = ray.remote(Agent).options(
                    num_cpus=0,
                    max_restarts=-1,
                    max_concurrency=4,
                    scheduling_strategy=NodeAffinitySchedulingStrategy(node, soft=False),
                )
                self._handles[node] = actor.remote(self._launch, self._address)

    def kill(self, node: str, lease: int) -> None:
        """End a lease with its whole process tree, if there is an agent who can."""
        if node in self._handles:
            self._handles[node].kill.remote(lease)

    def autopsy(self, nodes: Iterable[str], lease: int) -> list[Fate]:
        """What is known of a dead lease's workers; nothing of those of whom nobody can say."""
        import ray

        nodes = list(nodes)
        self.settle(nodes)  # it may have died before it began any run
        asked = [self._handles[n].autopsy.remote(lease) for n in nodes if n in self._handles]
        found: list[Fate] = []
        for answer in asked:
            with suppress(ray.exceptions.RayError):  # an agent that is gone cannot say
                found += ray.get(answer, timeout=PATIENCE)
        return found

    def forget(self, node: str) -> None:
        """The node is gone, and its agent with it."""
        self._handles.pop(node, None)

    def close(self) -> None:
        """End everything of this launch on every node, the agents last."""
        import ray

        closing = [handle.close.remote() for handle in self._handles.values()]
        if closing:
            ray.wait(closing, num_returns=len(closing), timeout=FAREWELL)
        for handle in self._handles.values():
            ray.kill(handle)
        self._handles.clear()
