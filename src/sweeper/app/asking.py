"""Asking for a sweep on a cluster by the cluster's address, from a machine of it or from outside."""

from __future__ import annotations

import json
import os
import secrets
import shlex
from collections.abc import Callable, Sequence

from sweeper.ports import SweeperError

Tell = Callable[[str, str], None]
"""Takes what was printed on stdout, and on stderr."""

MARK = "sweeper:"
"""Before each line of an answer that comes through a job's log."""


def ask(address: str, name: str, argv: Sequence[str], tell: Tell) -> int:
    """Have `sweeper ARGV` run where sweep `name` was submitted to; its exit code.

    By a dashboard's URL through a small job, as nothing else of the cluster need be reached;
    by HEAD:PORT as a member of the cluster. ClusterError, AccessRefused.
    """
    if "://" not in address:
        from sweeper.execution import desk

        return desk.ask(address, name, argv, tell)
    return _through_a_job(address, name, argv, tell)


def _through_a_job(address: str, name: str, argv: Sequence[str], tell: Tell) -> int:
    from sweeper.execution import cluster, jobs

    there = jobs.jobs(address)
    words = ["python", "-m", "sweeper.app", "ask", name, "--", *argv]
    job = f"ask-{name}-{secrets.token_hex(4)}"
    there.submit(shlex.join(words), {"py_modules": [str(cluster.PACKAGE)]}, job, name)
    said: list[str] = []
    code: int | None = None
    for line in there.lines(job):
        if not line.startswith(MARK):
            said.append(line)
            continue
        out, err, code = json.loads(line.removeprefix(MARK))
        tell(out, err)
    if code is None:
        told = "\n".join(said[-5:])
        raise cluster.ClusterError(f"the job {job}, which asked, ended without an answer:\n{told}")
    return code


def answer(argv: Sequence[str]) -> int:
    """That job: asks as a member of the cluster, and prints each piece in a line of its own."""
    from sweeper.execution import desk

    name, _, *words = argv
    try:
        code = desk.ask(os.environ["RAY_ADDRESS"], name, words, _print)
        _print("", "", code)
    except SweeperError as error:
        _print("", f"{error}\n", error.exit_code)
    return 0


def _print(out: str, err: str, code: int | None = None) -> None:
    if out or err or code is not None:
        print(MARK + json.dumps([out, err, code]), flush=True)
