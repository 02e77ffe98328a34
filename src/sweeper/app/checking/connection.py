"""Checks of a cluster, one after the other, until one says why nothing behind it can work."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from sweeper.app.checking.check import Check, listed
from sweeper.app.filesystem import filesystem
from sweeper.execution import access, cluster, visit, web
from sweeper.execution.knock import Heard, knock
from sweeper.ports import SweeperError

START = "on the head, `RAY_AUTH_MODE=token ray start --head --port=6379`"
SAME = (
    "give both sides one file: copy ~/.ray/auth_token of the head here, mode 600, and see that "
    "RAY_AUTH_TOKEN and RAY_AUTH_TOKEN_PATH do not name another"
)

MEMBER = (
    "run this on a machine of the cluster (`ray start --address=HEAD:6379` makes this one a "
    "member), or hand the sweep over: `sweeper launch CONFIG --submit`"
)


def check(address: str, root: Path) -> Iterator[Check]:
    """What stands between this machine and the cluster, from the outside in. `root`: of the
    sweeps that a launch from here would keep."""
    if "://" in address:
        yield from _by_url(address)
        return
    try:
        at = cluster.located(address)
    except SweeperError as error:
        yield Check("address", False, str(error), "correct it")
        return
    for found in (_token(at), _reached(at)):
        yield found
        if not found.ok:
            return
    cluster.quiet()
    heard = knock(at)
    found = head(at, heard)
    yield found
    if not found.ok:
        return
    yield _access(at, knock(at, with_token=False).answered)
    yield from _inside(at)
    yield _storage(root)


def _by_url(url: str) -> Iterator[Check]:
    """The same for a dashboard, as far as it can be seen from outside the cluster."""
    yield (found := _token(url))
    if not found.ok:
        return
    heard = web.look(url)
    if heard.denied:
        yield Check("ray", False, f"the dashboard at {url} wants another token than ours", SAME)
        return
    if not heard.answered:
        mend = (
            "see that `ray[default]` is installed on the head, that it was started with "
            "--dashboard-host=0.0.0.0 or is reached through `ssh -L 8265:127.0.0.1:8265 HEAD`, "
            "and that the port is the dashboard's (8265)"
        )
        yield Check("reachable", False, f"no Ray dashboard answers at {url}: {heard.said}", mend)
        return
    yield Check("ray", True, f"Ray {heard.ray} takes jobs at {url}")
    yield _access(url, web.look(url, with_token=False).answered)


def _token(address: str) -> Check:
    token = access.token()
    if not token.problem:
        return Check("token", True, f"from {token.source}")
    needed = not access.is_loopback(access.host_of(address))
    return Check("token", not needed, token.problem, access.SET)


def _reached(address: str) -> Check:
    try:
        cluster.reach(address)
    except SweeperError:
        mend = (
            f"see that Ray runs there: {START}; that the address is the one that `ray start` "
            "printed; that a firewall lets this machine through"
        )
        return Check("reachable", False, f"nothing listens at {address}", mend)
    return Check("reachable", True, f"{address} takes connections")


def head(address: str, heard: Heard) -> Check:
    """Ray, of our version, with our token."""
    if heard.denied:
        return Check("ray", False, f"the head at {address} wants another token than ours", SAME)
    if not heard.answered:
        return Check(
            "ray",
            False,
            f"what listens at {address} is no Ray head that answers: {heard.said}",
            "give the port of `ray start --head` (6379), not the dashboard's (8265) or the "
            "client's (10001); a head that hangs needs `ray stop` and a new start",
        )
    ours = metadata.version("ray"), platform.python_version()
    if (heard.ray, heard.python) != ours:
        return Check(
            "ray",
            False,
            f"the cluster has Ray {heard.ray} on Python {heard.python}, and here it is Ray "
            f"{ours[0]} on Python {ours[1]}",
            "install the same on both sides (Python to the last digit, Ray from "
            "requirements.lock); or run the command on a machine of the cluster, or --submit",
        )
    return Check("ray", True, f"Ray {heard.ray}, Python {heard.python}, as here")


def _access(address: str, is_open: bool) -> Check:
    if not is_open:
        return Check("access", True, "only with the token")
    loopback = access.is_loopback(access.host_of(address))
    said = f"the cluster at {address} asks nobody for a token"
    mend = "`ray stop`, and `ray start` again with RAY_AUTH_MODE=token on every machine"
    return Check("access", loopback, f"{said}; only its loopback was looked at", mend)


def _inside(address: str) -> Iterator[Check]:
    try:
        cluster.join(address, cluster.travelling(Path.cwd()))
    except SweeperError as error:
        too_big = isinstance(error, cluster.CannotTravel)
        yield Check("join", False, str(error), "see the message" if too_big else MEMBER)
        return
    try:
        visits = visit.visit_all()
    finally:
        cluster.disconnect()
    yield Check("join", True, "this machine is a member, and this folder travels to the others")
    yield _room(visits)
    for one in visits:
        yield _node(one)


def _room(visits: list[visit.Visit]) -> Check:
    cpus = sum(one.resources.get("CPU", 0) for one in visits)
    gpus = sum(one.resources.get("GPU", 0) for one in visits)
    found = f"{len(visits)} nodes with {cpus:g} CPUs and {gpus:g} GPUs"
    mend = (
        "let machines join (`ray start --address=HEAD:6379`), or give the head CPUs "
        "(--num-cpus); with an autoscaler the first launch brings them"
    )
    return Check("room", cpus > 0, found, mend)


def _node(one: visit.Visit) -> Check:
    name = f"node {one.host}"
    if one.error:
        return Check(name, False, one.error, "its logs are in /tmp/ray/session_latest/logs there")
    ours = dict(visit.here()[1])
    theirs = dict(one.packages)
    differ = [
        f"{package} {theirs.get(package, 'missing')} (here {ours.get(package, 'missing')})"
        for package in sorted(theirs.keys() | ours.keys())
        if theirs.get(package) != ours.get(package)
    ]
    has = ", ".join(f"{one.resources[k]:g} {k}" for k in ("CPU", "GPU") if one.resources.get(k))
    if differ:
        return Check(name, False, listed(differ), "install requirements.lock on every machine")
    return Check(name, True, f"answers: Python {one.python}, the same packages; {has or 'no CPU'}")


def _storage(root: Path) -> Check:
    """Told only: where a launch from here would keep the sweep."""
    return Check("storage", True, f"of this machine: {filesystem(root).words}")
