"""A big job, kept once for each node: an actor beside the launch that owns it in Ray's store."""

from __future__ import annotations

import asyncio
from typing import Any

from sweeper.execution import cluster
from sweeper.execution.sealed import SealedJob

BIG = 2**20
"""Bytes from which a job is shared by a node's workers; a smaller one each of them has."""


def wanted(job: SealedJob) -> bool:
    """Whether the job is worth a keeper, which takes a second of a core to start."""
    return sum(map(len, (job.content, *job.buffers))) >= BIG


class Keeper:
    """The actor's class. It is the owner: an object of the driver's own would take the driver with
    it when its node goes, so it is given the job by a call and not at its making."""

    def __init__(self) -> None:
        self._sealed: SealedJob | None = None
        self._job: list[Any] = []
        self._held = asyncio.Event()

    async def hold(self, job: SealedJob) -> None:
        self._sealed = job
        self._held.set()

    async def job(self) -> list[Any]:
        """A list with the reference to the job; an error where there is no room for it. Who asks
        early waits."""
        import ray

        await self._held.wait()
        if not self._job:
            self._job, self._sealed = [ray.put(self._sealed)], None
        return self._job


def keep(job: SealedJob, launch: str, node: str) -> Any:
    """Start a keeper on the node. It lasts as long as what is returned does."""
    import ray

    actor: Any = ray.remote(Keeper).options(**cluster.placed(node, {}), name=_name(launch))
    handle = actor.remote()
    handle.hold.remote(job)
    return handle


def kept(launch: str) -> SealedJob | None:
    """What the launch's keeper has; None where it is gone, or has no room."""
    import ray

    try:
        references: list[Any] = ray.get(ray.get_actor(_name(launch)).job.remote())
        found: SealedJob = ray.get(references[0])
    except (ValueError, ray.exceptions.RayError):
        return None
    return found


def _name(launch: str) -> str:
    return f"sweeper-{launch}"
