"""The executor of a launch: on Ray, or in this process."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from sweeper.app import preflight
from sweeper.app.directory import Directory
from sweeper.ports import Executor, Job

if TYPE_CHECKING:
    from sweeper.execution.connection import Connection


@contextlib.contextmanager
def connected(address: str | None, inline: bool) -> Iterator[Connection | None]:
    """The launch's way to Ray, which ends with the context; None for a launch in this process."""
    if inline:
        yield None
        return
    from sweeper.execution.connection import Connection

    with Connection(address) as connection:
        yield connection


def beginning(connection: Connection | None) -> Callable[[], None]:
    """What has a Ray of our own start while something else is done; nothing without one."""
    return connection.begin if connection is not None else lambda: None


def executor(
    job: Job,
    directory: Directory,
    storage: str,
    connection: Connection | None,
    notice: Callable[[str], None],
) -> Executor:
    """Runs orders of `job`; what they leave is kept in `directory`, checkpoints in `storage`.

    Without a `connection` they run in this process.
    """
    from sweeper import worker
    from sweeper.execution.inline import InlineExecutor
    from sweeper.execution.ray_tasks import RayExecutor

    if connection is None:
        return InlineExecutor(job, functools.partial(worker.run, capture=False), directory.keep)
    spec, check = job.spec, None
    if spec.train is not None:
        check = functools.partial(preflight.look, spec, storage, notice)
    return RayExecutor(
        job,
        worker.run,
        directory.keep,
        spec.resources,
        connection,
        directory.show,
        notice,
        check,
    )
