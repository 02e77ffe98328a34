"""The executor of a launch: on Ray, or in this process."""

from __future__ import annotations

import functools
from collections.abc import Callable

from sweeper.app import preflight
from sweeper.app.directory import Directory
from sweeper.ports import Executor, Job


def executor(
    job: Job,
    directory: Directory,
    storage: str,
    address: str | None,
    inline: bool,
    notice: Callable[[str], None],
) -> Executor:
    """Runs orders of `job`; what they leave is kept in `directory`, checkpoints in `storage`."""
    from sweeper import worker
    from sweeper.execution.inline import InlineExecutor
    from sweeper.execution.ray_tasks import RayExecutor

    if inline:
        return InlineExecutor(job, functools.partial(worker.run, capture=False), directory.keep)
    spec, check = job.spec, None
    if spec.train is not None:
        check = functools.partial(preflight.look, spec, storage, notice)
    return RayExecutor(
        job,
        worker.run,
        directory.keep,
        spec.resources,
        address,
        directory.show,
        notice,
        check,
    )
