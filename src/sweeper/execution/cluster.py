"""A Ray cluster: start or join one, and count what it has room for."""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import json
import math
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sweeper.core.records import Node
from sweeper.core.specs import Resources
from sweeper.execution import access
from sweeper.execution.knock import knock
from sweeper.execution.lightly import lightly
from sweeper.ports import Job, SweeperError

SHIPPED_NOT = ["sweeps/", ".venv/", ".git/", "__pycache__/", "*.egg-info/"]
"""Left behind when the config's folder travels to a cluster."""

TAKEN = (3, 4)
"""Ray's reasons for a node's death that mean it was taken away: preempted, drained as idle."""

KNOCK = 5.0
"""Seconds to wait for a connection to a cluster's head."""

OPTIONS: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
"""Ray's news is told by us."""

JOB = "RAY_JOB_CONFIG_JSON_ENV_VAR"
"""Set by Ray in a submitted job: its runtime environment, which may not be given twice."""

ROOMY = 1024
"""Bytes, for a `struct sigaction` of any system."""

PACKAGE = Path(__file__).resolve().parents[1]
"""This package, to be sent along."""


class ClusterError(SweeperError):
    """The cluster cannot be reached, or has no room for what is asked."""


class CannotTravel(ClusterError):
    """The config's folder cannot be sent: it is too big."""


def start() -> None:
    """Start a Ray of our own on this machine and connect to it. ClusterError when it fails."""
    quiet()
    import ray

    _hush()
    try:
        with lightly(), _signals_kept():
            ray.init(address="local", include_dashboard=False, **OPTIONS)
    except Exception as error:
        raise ClusterError(
            f"Ray did not start on this machine: {said(error)}. Launch again; its own logs "
            "are in /tmp/ray/session_latest/logs"
        ) from error
    _close_token()


def travelling(directory: Path) -> dict[str, Any]:
    """The runtime environment in which this package and the config's folder come along."""
    return {
        "working_dir": str(directory),
        "excludes": SHIPPED_NOT,
        "py_modules": [str(PACKAGE)],
    }


def import_path() -> str:
    """PYTHONPATH for a process that is to find this very package."""
    return os.pathsep.join([str(PACKAGE.parent), *filter(None, [os.environ.get("PYTHONPATH")])])


def join(address: str, env: dict[str, Any]) -> None:
    """Join the cluster at `address`, whose machine this one is.

    AccessRefused before anything is sent to a cluster that others can reach and that has no
    token, or whose token we lack; ClusterError when nothing answers, or refuses us.
    """
    quiet()
    address = located(address)
    access.require_token(address)
    reach(address)
    if JOB not in os.environ:  # else who sent the job has looked
        refuse_open(address)
    import ray

    _hush()
    try:
        with _signals_kept():
            ray.init(address=address, runtime_env=_not_yet_there(env), **OPTIONS)
    except ray.exceptions.RuntimeEnvSetupError as error:
        ray.shutdown()  # it had joined
        raise CannotTravel(cannot_travel(error)) from error
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise ClusterError(unreachable(address, said(error))) from error


def cannot_travel(error: Exception) -> str:
    """Ray's words for what it could not send, without its advice on options we do not have."""
    why = str(error).strip().splitlines()[-1].split(" To exclude")[0]
    return (
        f"the config's folder cannot travel to the cluster: {why} Keep data outside of it and name "
        "it by an absolute path, or list what stays behind in a file .rayignore there"
    )


def _not_yet_there(env: dict[str, Any]) -> dict[str, Any]:
    """Without what came along with the job that this process is in, if it is in one."""
    came = json.loads(os.environ.get(JOB, "{}")).get("runtime_env") or {}
    if "working_dir" in came:
        came["excludes"] = []
    return {name: value for name, value in env.items() if name not in came}


def located(address: str) -> str:
    """HOST:PORT of the head; `auto` is the cluster that this machine has joined last."""
    if address != "auto":
        host, _, port = address.rpartition(":")
        if "://" in address or not host or not port.isdigit():
            raise ClusterError(
                f"--address (or RAY_ADDRESS) is {address!r}: expected HOST:PORT, as `ray start` "
                "prints it, or auto. Through a dashboard's URL, a sweep can be submitted: "
                "`sweeper launch CONFIG --submit --address http://HOST:8265`"
            )
        return address
    from ray._private.services import canonicalize_bootstrap_address

    try:
        return str(canonicalize_bootstrap_address("auto"))
    except ConnectionError as error:
        raise ClusterError(
            "--address is auto, and no Ray runs on this machine: `ray start` first"
        ) from error


def refuse_open(address: str) -> None:
    """AccessRefused where the cluster takes orders without a token from whoever reaches it."""
    if not access.is_loopback(access.host_of(address)) and knock(address, False).answered:
        raise access.AccessRefused(open_to_all(address))


def open_to_all(address: str) -> str:
    return (
        f"the cluster at {address} asks nobody for a token: whoever reaches it runs what he "
        "likes there. `ray stop` it, and start it again on every machine with "
        "RAY_AUTH_MODE=token set and one token (`ray get-auth-token --generate` makes it)"
    )


@contextlib.contextmanager
def _signals_kept() -> Iterator[None]:
    """Ray puts handlers of its own in place when it starts: a SIGTERM would abort the launch after
    three seconds. Python sets handlers on its main thread only; what Ray changes on another is the
    system's, and put back there."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    ours = {number: signal.getsignal(number) for number in numbers}
    systems = {number: _action(number) for number in numbers}
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            for number, handler in ours.items():
                signal.signal(number, handler)
        else:
            for number, action in systems.items():
                ctypes.CDLL(None).sigaction(number, action, None)


def _action(number: int) -> Any:
    """What the system does at that signal: a `struct sigaction`, whose size differs."""
    action = ctypes.create_string_buffer(ROOMY)
    ctypes.CDLL(None).sigaction(number, None, action)
    return action


def reach(address: str) -> None:
    """Is anybody there at all? Ray itself would take minutes to say no."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=KNOCK).close()
    except OSError as error:
        raise ClusterError(unreachable(address, error.strerror or str(error))) from error


def unreachable(address: str, why: str) -> str:
    return (
        f"no Ray cluster answers at {address}: {why}. Check the address, and that "
        f"RAY_AUTH_MODE and the token here are those of the cluster"
    )


def _hush() -> None:
    """Ray prints news of dead workers on the driver's stdout; failures carry them for us."""
    from ray._private import worker

    worker.print_to_stdstream = lambda *arguments, **options: None


def _close_token() -> None:
    """Ray leaves its token readable to everybody; it is for its owner."""
    token = Path.home() / ".ray" / "auth_token"
    if token.exists() and token.owner() == Path.home().owner():
        token.chmod(0o600)


def quiet() -> None:
    """What must be set before Ray is imported: tokens on, no usage reports, no notices.

    Where somebody imported Ray already, it has read its settings: setting the mode now
    would reach its servers but not this process. It turns tokens on by itself then.
    """
    if "ray" not in sys.modules:
        os.environ.setdefault("RAY_AUTH_MODE", "token")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_IGNORE_UNHANDLED_ERRORS", "1")  # of tasks nobody asks about any more
    os.environ.setdefault("RAY_ENABLE_AUTO_CONNECT", "0")  # no call may start a second cluster
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")


def disconnect() -> None:
    """Leave the cluster, and end it when it is ours."""
    import ray

    ray.shutdown()


def moved(job: Job, local: bool) -> Job:
    """The job as workers see it: on a joined cluster the config's folder is their own."""
    return job if local else dataclasses.replace(job, directory=".")


def placed(node: str, need: dict[str, float]) -> dict[str, Any]:
    """Options of a task that takes `need` on this very node."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    strategy = NodeAffinitySchedulingStrategy(node, soft=False)
    return {**amounts(need), "scheduling_strategy": strategy}


def amounts(need: dict[str, float]) -> dict[str, Any]:
    """The options that say how much a task or an actor takes."""
    return {
        "num_cpus": need.get("CPU", 0),
        "num_gpus": need.get("GPU", 0),
        "memory": need.get("memory") or None,
    }


def demand(resources: Resources) -> dict[str, float]:
    """One fold run's needs in Ray's words."""
    need = {"CPU": resources.cpus, "GPU": resources.gpus, "memory": resources.memory or 0}
    return {name: float(amount) for name, amount in need.items() if amount}


@dataclass(frozen=True, slots=True)
class Count:
    """The cluster, counted. `leaving`: nodes being taken away, or taken, and why."""

    rooms: tuple[Node, ...]
    leaving: dict[str, str]


def count(need: dict[str, float], held: Mapping[str, int]) -> Count:
    """Every node that stays, with the fold runs it has room for, those we hold included."""
    import ray
    from ray._private.state import available_resources_per_node, state

    free = available_resources_per_node()
    draining = state.get_draining_nodes()
    leaving = dict.fromkeys(draining, "it is being drained")
    found = []
    for node in ray.nodes():
        name = node["NodeID"]
        if not node["Alive"]:
            if node["DeathReason"] in TAKEN:
                leaving[name] = node["DeathReasonMessage"] or "it was preempted"
            continue
        slots = held.get(name, 0) + fits(need, free.get(name, {}))
        slots = min(slots, fits(need, node["Resources"]))
        if slots and name not in draining:
            found.append(Node(name, slots))
    return Count(tuple(sorted(found, key=lambda n: n.name)), leaving)


def fits(need: Mapping[str, float], has: Mapping[str, float]) -> int:
    """How often `need` goes into `has`; without needs, once for each CPU."""
    if not need:
        return max(1, int(has.get("CPU", 0)))
    return min(math.floor(has.get(name, 0) / amount + 1e-9) for name, amount in need.items())


def alive() -> list[dict[str, Any]]:
    """The nodes of the cluster, as Ray describes them."""
    import ray

    return [node for node in ray.nodes() if node["Alive"]]


def total() -> dict[str, float]:
    """The resources of all nodes together."""
    import ray

    return dict(ray.cluster_resources())


def impossible(need: dict[str, float], workers: int) -> str:
    """Why the cluster as it is could never run this, in words; empty when it could."""
    nodes = [node["Resources"] for node in alive()]
    places = sum(fits(need, has) for has in nodes)
    if places >= workers:
        return ""
    if places:
        return (
            f"a fold run asks for {workers} workers, and all nodes together have room for {places}"
        )
    biggest: dict[str, float] = max(nodes, key=lambda has: has.get("CPU", 0), default={})
    asked = ", ".join(f"{amount:g} {name}" for name, amount in need.items())
    has = ", ".join(f"{biggest.get(name, 0):g} {name}" for name in need)
    return f"a fold run asks for {asked}, and the biggest node has {has}"


def shape() -> dict[str, Any]:
    """Ray's version and the cluster's nodes with their resources, for lineage."""
    import ray

    nodes = [
        {k: v for k, v in node["Resources"].items() if k in ("CPU", "GPU", "memory")}
        for node in ray.nodes()
        if node["Alive"]
    ]
    return {"ray": ray.__version__, "nodes": nodes}


def said(error: BaseException) -> str:
    """An error in one line; for one that crossed from a worker, what it was there."""
    cause = getattr(error, "cause", None)
    if isinstance(cause, BaseException):
        error = cause
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
