"""Whether the cluster that this process hangs on is still there.

Ray does not say so in time. Without its head it goes on calling for a minute and then ends
this process; without the raylet beside us, the next use of the object store does the same.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

PATIENCE = 1.0
"""Seconds in which a call is taken by somebody who is there."""

ABSENT = 15.0
"""Seconds without a head after which it is gone: some come back within a few."""

Place = tuple[str, int]


@dataclass(slots=True)
class Lifeline:
    """The head, and the raylet of the node that this process is on."""

    head: Place
    raylet: Place
    heard: float  # when the head last took a call

    @classmethod
    def here(cls) -> Lifeline:
        import ray

        context: Any = ray.get_runtime_context()
        host, _, port = context.gcs_address.rpartition(":")
        own = next(n for n in ray.nodes() if n["NodeID"] == context.get_node_id())
        raylet = own["NodeManagerAddress"], own["NodeManagerPort"]
        return cls((host.strip("[]"), int(port)), raylet, time.monotonic())

    def cut(self) -> str:
        """What is gone, in words; empty while all is there."""
        if not _answers(self.raylet):
            return f"the node that this launch runs on, {self.raylet[0]}, has left it"
        now = time.monotonic()
        if _answers(self.head):
            self.heard = now
        elif now - self.heard > ABSENT:
            return f"its head at {self.head[0]} has not answered for {ABSENT:.0f} s"
        return ""


def standing(nodes: Iterable[str]) -> set[str]:
    """Those of the nodes that are there. Their raylets say so, long before the head knows."""
    import ray

    asked = set(nodes)
    return {
        each["NodeID"]
        for each in ray.nodes()
        if each["NodeID"] in asked
        and each["Alive"]
        and _answers((each["NodeManagerAddress"], each["NodeManagerPort"]))
    }


def _answers(place: Place) -> bool:
    try:
        socket.create_connection(place, timeout=PATIENCE).close()
    except OSError:
        return False
    return True
