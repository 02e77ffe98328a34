"""`launch --submit`: the controller runs on the cluster, as a job of Ray; this machine may leave."""

from __future__ import annotations

import os
import secrets
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sweeper.app.supervising import AT_WORK
from sweeper.ports import ConfigError


@dataclass(frozen=True, slots=True)
class Submitted:
    """A job that was submitted. `exit_code`: how it ended already, None while it is at work."""

    name: str
    job: str
    url: str
    directory: str
    exit_code: int | None


def submit(
    config: Path,
    *,
    overrides: Sequence[str] = (),
    name: str | None = None,
    address: str | None = None,
    root: Path,
    options: Sequence[str] = (),
    requirements: Path | None = None,
    notice: Callable[[str], None] = lambda text: None,
) -> Submitted:
    """Send the config's folder to the cluster and have a controller started on it there.

    Returns once the controller is at work, or the job has ended. `root`: where the cluster
    keeps sweeps, an absolute path there. `options`: further words of `launch`. `requirements`:
    packages that Ray installs for the job and its workers. ConfigError for a config that would
    not launch (data is read on the cluster only); ClusterError, AccessRefused.
    """
    from sweeper.execution import cluster, jobs

    where = address or os.environ.get("RAY_ADDRESS") or None
    if where is None:
        raise ConfigError("--submit needs --address (or RAY_ADDRESS): the cluster to submit to")
    if not root.is_absolute():
        raise ConfigError(
            f"--submit needs --dir (or SWEEPER_DIR) as an absolute path on the cluster: {root} "
            "would lie in the job's scratch folder, which goes with the job. Give a place that "
            "outlives the cluster's head, as --dir /shared/sweeps"
        )
    sweep = _checked(config, overrides, name)
    there = jobs.jobs(where)
    job = f"sweep-{sweep}-{secrets.token_hex(4)}"
    sets = [word for override in overrides for word in ("--set", override)]
    words = ["launch", config.name, *sets, *options]
    command = ["python", "-m", "sweeper.app", "supervise", sweep, "--dir", str(root), "--", *words]
    env = cluster.travelling(config.resolve().parent)
    if requirements is not None:
        env["pip"] = str(requirements)
    there.submit(shlex.join(command), env, job, sweep)
    notice(f"submitted to {there.url} as the job {job}")
    for line in there.lines(job):
        notice(line)
        if AT_WORK in line:
            return Submitted(sweep, job, there.url, str(root / sweep), None)
    code, message = there.ended(job)
    if code and message:
        notice(message)
    return Submitted(sweep, job, there.url, str(root / sweep), code)


def _checked(config: Path, overrides: Sequence[str], name: str | None) -> str:
    """The sweep's name. ConfigError for what is wrong with the config, its data aside."""
    import sweeper.config as reading

    loaded = reading.read(config, overrides, name, config.resolve().parent)
    if loaded.problems:
        reading.raise_problems(loaded.problems)
    if loaded.spec is None:
        raise AssertionError("a config without problems has a spec")
    return loaded.spec.name
