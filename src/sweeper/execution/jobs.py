"""Ray's jobs, over HTTP: what reaches a cluster from a machine that is none of its own."""

from __future__ import annotations

import contextlib
import logging
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sweeper.execution import access, cluster
from sweeper.execution.cluster import ClusterError
from sweeper.execution.knock import knock
from sweeper.execution.web import look

LOOK, SELDOM = 0.3, 2.0
"""Seconds between two looks at a job's log: soon after news, less often without."""


TOO_BIG = "Maximum request body size"
"""In a dashboard's answer to a folder that is too big."""


@dataclass(frozen=True, slots=True)
class Jobs:
    """The jobs of one cluster. `url`: of its dashboard, where they are submitted."""

    url: str
    client: Any

    def submit(self, words: str, env: dict[str, Any], job: str, name: str) -> None:
        """Start a shell command as the job called `job`, for sweep `name`."""
        with _explained(self.url):
            self.client.submit_job(
                entrypoint=words,
                submission_id=job,
                runtime_env=env,
                metadata={"sweeper": name},
            )

    def lines(self, job: str) -> Iterator[str]:
        """What the job prints, line by line, until it ends."""
        given, pause = 0, LOOK
        while True:
            with _explained(self.url):
                over = self.client.get_job_status(job).is_terminal()
                text = self.client.get_job_logs(job)
            whole = text if over else text[: text.rfind("\n") + 1]
            yield from whole[given:].splitlines()
            pause = LOOK if len(whole) > given else min(pause * 2, SELDOM)
            given = len(whole)
            if over:
                return
            time.sleep(pause)

    def ended(self, job: str) -> tuple[int, str]:
        """How a job that is over ended: its exit code, and Ray's first line on it."""
        with _explained(self.url):
            info = self.client.get_job_info(job)
        code = info.driver_exit_code
        if code is None:
            code = 0 if info.status == "SUCCEEDED" else 1
        return code, (info.message or "").split("\n")[0]


def jobs(address: str) -> Jobs:
    """Those of the cluster at `address`: its dashboard's URL, or its head's HOST:PORT.

    AccessRefused and ClusterError as in `cluster.join`; also when `ray[default]`, which Ray's
    jobs need, is not installed here.
    """
    cluster.quiet()
    access.require_token(address)
    url = address if "://" in address else _dashboard(cluster.located(address))
    if not url.startswith(("http://", "https://")):
        raise ClusterError(f"{url}: expected http://HOST:8265, the dashboard, or HOST:PORT")
    _refuse_open(url)
    try:
        from ray.job_submission import JobSubmissionClient

        for news in ("ray", "ray.dashboard.modules.dashboard_sdk"):
            logging.getLogger(news).setLevel(logging.ERROR)
        with _explained(url):
            return Jobs(url, JobSubmissionClient(url))
    except ImportError as error:
        raise ClusterError(
            f"Ray's jobs need more than is installed here ({error}): pip install 'sweeper[cluster]'"
        ) from error


def _dashboard(address: str) -> str:
    """Where the head says its dashboard is."""
    cluster.reach(address)
    heard = knock(address)
    if not heard.answered:
        raise ClusterError(cluster.unreachable(address, heard.said))
    if not heard.dashboard:
        raise ClusterError(
            f"the head at {address} has no dashboard, and jobs are submitted there: install "
            "'ray[default]' on it and start it without --include-dashboard=false"
        )
    host, _, port = heard.dashboard.rpartition(":")
    head = access.host_of(address)
    if access.is_loopback(host.strip("[]")) and not _is_here(head):
        raise ClusterError(
            f"the dashboard of {address} listens on the head's loopback only: run "
            f"`ssh -L {port}:127.0.0.1:{port} {head}`, and give --address http://127.0.0.1:{port}"
        )
    return f"http://{heard.dashboard}"


def _is_here(host: str) -> bool:
    """Whether an address of `host` is one of this machine: one can listen on it."""
    with contextlib.suppress(OSError), socket.create_server((host, 0)):
        return True
    return False


def _refuse_open(url: str) -> None:
    """AccessRefused where the dashboard takes orders without a token from whoever reaches it."""
    if access.is_loopback(access.host_of(url)):
        return
    heard = look(url, with_token=False)
    if heard.answered:
        raise access.AccessRefused(cluster.open_to_all(url))
    if not heard.denied:
        raise ClusterError(cluster.unreachable(url, heard.said))


@contextlib.contextmanager
def _explained(url: str) -> Iterator[None]:
    """Ray's errors of the way, in our words."""
    import ray.exceptions

    try:
        yield
    except ray.exceptions.RuntimeEnvSetupError as error:
        raise cluster.CannotTravel(cluster.cannot_travel(error)) from error
    except RuntimeError as error:
        if TOO_BIG in str(error):
            why = RuntimeError("Through a dashboard at most 100 MiB can be sent, packed.")
            raise cluster.CannotTravel(cluster.cannot_travel(why)) from error
        raise ClusterError(cluster.unreachable(url, cluster.said(error))) from error
    except (ray.exceptions.AuthenticationError, OSError) as error:
        raise ClusterError(cluster.unreachable(url, cluster.said(error))) from error
