"""A desk beside a sweep that was submitted: people elsewhere have sweeper's commands run there.

The supervisor of the job opens it, as a named actor without resources. It starts the very
command that somebody typed on another machine, in the place where the sweep's directory is, and
hands on what it prints. So an answer by address is the answer that the command gives there.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from sweeper.execution import cluster
from sweeper.execution.cluster import ClusterError
from sweeper.execution.store import ClusterStore

NAMESPACE = "sweeper"

TOGETHER = 32
"""So many people can ask at the same time."""

NEWS = 1.0
"""Seconds that a reader waits for something new."""

FORGOTTEN = 60.0
"""Seconds after which a command that nobody listens to any more is ended."""

Tell = Callable[[str, str], None]
"""Takes what was printed on stdout, and on stderr."""


@dataclass(slots=True)
class _Task:
    """One command at work, and how far its output has been handed on."""

    process: subprocess.Popen[bytes]
    outputs: tuple[BinaryIO, BinaryIO]
    given: list[int] = field(default_factory=lambda: [0, 0])
    heard: float = field(default_factory=time.monotonic)

    def rest(self) -> list[str]:
        found = [self._new(i) for i in (0, 1)]
        self.heard = time.monotonic()
        return found

    def _new(self, i: int) -> str:
        """Whole lines only, while it runs: a letter may be half written."""
        raw = os.pread(self.outputs[i].fileno(), 1 << 24, self.given[i])
        whole = raw if self.process.poll() is not None else raw[: raw.rfind(b"\n") + 1]
        self.given[i] += len(whole)
        return whole.decode(errors="replace")


class Desk:
    """The actor. `words`: what stands between Python and what people type."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = tuple(words)
        self._tasks: dict[int, _Task] = {}
        self._lock = threading.Lock()
        self._last = 0

    def begin(self, argv: Sequence[str]) -> int:
        """Start a command; its number."""
        outputs = (tempfile.TemporaryFile(), tempfile.TemporaryFile())  # noqa: SIM115
        process = subprocess.Popen(
            [sys.executable, *self._words, *argv],
            env={**os.environ, "PYTHONPATH": cluster.import_path()},
            stdin=subprocess.DEVNULL,
            stdout=outputs[0],
            stderr=outputs[1],
        )
        with self._lock:
            self._sweep()
            self._last += 1
            self._tasks[self._last] = _Task(process, outputs)
            return self._last

    def read(self, number: int) -> tuple[str, str, int | None]:
        """What it has printed since the last time, and its exit code once it has ended."""
        task = self._tasks[number]
        deadline = time.monotonic() + NEWS
        while True:
            code = task.process.poll()
            out, err = task.rest()
            if out or err or code is not None or time.monotonic() > deadline:
                break
            time.sleep(0.05)
        if code is not None:
            self._close(number)
        return out, err, code

    def _sweep(self) -> None:
        for number, task in list(self._tasks.items()):
            if time.monotonic() - task.heard > FORGOTTEN:
                task.process.kill()
                task.process.wait()
                self._close(number)

    def _close(self, number: int) -> None:
        task = self._tasks.pop(number, None)
        for output in task.outputs if task else ():
            output.close()


def open_desk(name: str, words: Sequence[str]) -> Any:
    """Open the desk of sweep `name` on this node, and leave a note where it is.

    The cluster must be joined. The reference keeps the desk open.
    """
    import ray

    node = ray.get_runtime_context().get_node_id()
    ClusterStore().put(_key(name), json.dumps({"node": node, "words": list(words)}))
    return _actor(name, node, words)


def ask(address: str, name: str, argv: Sequence[str], tell: Tell) -> int:
    """Have a command run at the desk of sweep `name`; its exit code.

    After the job's end the desk is opened anew, as long as the cluster lives. ClusterError
    when nobody knows that sweep there, or its node is gone.
    """
    import ray

    cluster.join(address, {"py_modules": [str(cluster.PACKAGE)]})
    try:
        desk = _found(address, name)
        number = ray.get(desk.begin.remote(tuple(argv)))
        while True:
            out, err, code = ray.get(desk.read.remote(number))
            tell(out, err)
            if code is not None:
                return int(code)
    except ray.exceptions.RayError as error:
        raise ClusterError(
            f"the place of sweep {name} at {address} does not answer: {cluster.said(error)}"
        ) from error
    finally:
        ray.shutdown()


def _found(address: str, name: str) -> Any:
    raw = ClusterStore().get(_key(name))
    if raw is None:
        raise ClusterError(
            f"no sweep called {name} was submitted to the cluster at {address} since it started: "
            "`sweeper launch CONFIG --submit` does that"
        )
    note = json.loads(raw)
    if note["node"] not in {node["NodeID"] for node in cluster.alive()}:
        raise ClusterError(
            f"the machine that sweep {name} was submitted to has left the cluster at {address}: "
            "submit it again, and it goes on from its journal, wherever that is kept"
        )
    return _actor(name, note["node"], note["words"])


def _actor(name: str, node: str, words: Sequence[str]) -> Any:
    import ray

    options = {
        **cluster.placed(node, {}),
        "name": f"desk-{name}",
        "namespace": NAMESPACE,
        "get_if_exists": True,
        "max_concurrency": TOGETHER,
        "max_restarts": -1,
    }
    return ray.remote(Desk).options(**options).remote(tuple(words))


def _key(name: str) -> str:
    return f"sweep:{name}"
