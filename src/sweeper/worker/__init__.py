"""What runs on a worker: one fold, the refit, the look at the holdout."""

from __future__ import annotations

from sweeper.ports import Channel, Job, Order, RunResult


def run(job: Job, order: Order, channel: Channel, capture: bool = True) -> RunResult:
    """Do one order and say how it ended, as a value: no exception of user code gets out.

    KeyboardInterrupt alone passes through: it means the run is to end at once. `capture`
    False leaves stdout and stderr alone, for runs inside the controller's own process.
    """
    from sweeper.worker.foldrun import perform

    return perform(job, order, channel, capture)
