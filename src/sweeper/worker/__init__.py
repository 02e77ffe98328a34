"""What runs on a worker: one fold, the refit, the look at the holdout."""

from __future__ import annotations

from sweeper.ports import Channel, Job, Order, RunResult


def run(job: Job, order: Order, channel: Channel, capture: bool = True) -> RunResult:
    """Do one order and say how it ended, as a value: no exception of user code gets out.

    `capture` False is for runs inside the controller's own process: stdout and stderr are
    left alone, limits of threads and torchrun's variables are as before afterwards, and
    KeyboardInterrupt passes through, for it may be somebody's Ctrl-C. On a worker nobody but
    user code raises one, and every run sets limits and variables of its own.
    """
    from sweeper.worker.foldrun import perform

    return perform(job, order, channel, capture)
