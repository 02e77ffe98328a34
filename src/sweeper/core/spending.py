"""The accounts of fold runs: when each had its slot, and what a sweep's runs took together.

Kept up by `evolve` as runs and trials end; nothing here looks at all trials.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields, replace

from sweeper.core.records import (
    FoldRun,
    RunKey,
    RunState,
    State,
    Trial,
    TrialState,
)
from sweeper.core.usage import Spending, Spent


def vacate(state: State, run: FoldRun, queue: Sequence[RunKey]) -> float:
    """Seconds that the run, which has just ended, had its slot, which has this `queue`. The
    next in line has it from here on.

    One that was not first in line never had it. Runs of a batch end all at once: each has had
    it for as long as its worker says, and the last for what is left.
    """
    if queue[0] != run.key or run.ended is None:
        return 0.0
    since = state.since[run.slot]
    held = run.ended - since
    if run.outcome is not None and len(queue) > 1 and _sent(state, queue[1]) == run.sent:
        held = min(held, run.outcome.seconds)
    state.since[run.slot] = since + held
    state.occupied.since += run.slot.places * held
    return held


def _sent(state: State, key: RunKey) -> float:
    return next(r.sent for r in reversed(state.trials[key.trial].runs) if r.key == key)


def again(trial: Trial, fold: int, ended: RunState, retry: bool) -> bool:
    """Whether the fold of a run that ended so is yet to be done. `retry`: what was decided on
    its failure."""
    if ended is RunState.SUCCEEDED:
        return False
    if ended is RunState.FAILED and fold >= 0:
        return retry
    return fold < 0 or trial.state is TrialState.RUNNING


def charge(state: State, trial: Trial, run: FoldRun) -> None:
    """Enter an ended run."""
    spending, took = state.spending, of_run(run)
    spending.total.add(took)
    spending.memory = max(spending.memory, run.usage.memory)
    part = spending.repeated if run.repeated else _part(spending, trial.state)
    if part is not None:
        part.add(took)


def move(state: State, trial: Trial, before: TrialState) -> None:
    """The trial is in another state: what it took counts there from now on."""
    for part, sign in (
        (_part(state.spending, before), -1),
        (_part(state.spending, trial.state), 1),
    ):
        if part is not None:
            part.add(of_trial(trial), sign)


def _part(spending: Spending, state: TrialState) -> Spent | None:
    if state is TrialState.PRUNED:
        return spending.pruned
    return spending.failed if state is TrialState.FAILED else None


def of_trial(trial: Trial) -> Spent:
    """What counts with the trial."""
    found = Spent()
    for run in trial.runs:
        if run.ended is not None and not run.repeated:
            found.add(of_run(run))
    return found


def of_run(run: FoldRun) -> Spent:
    """An ended run's own."""
    at_work = wall(run)
    waited = 0.0 if run.ended is None else max(0.0, run.ended - run.sent - at_work)
    cpus, gpus = reserved(run)
    return Spent(1, waited, at_work, run.usage.cpu, run.held * cpus, run.held * gpus)


def wall(run: FoldRun) -> float:
    """Seconds at work: as its worker says, else as long as it had its slot."""
    said = 0.0 if run.outcome is None else run.outcome.seconds
    return said or run.held


def reserved(run: FoldRun) -> tuple[float, float]:
    """Processors and GPUs that were kept for it, over all its workers."""
    places = run.slot.places
    return places * run.resources.cpus, places * run.resources.gpus


def spent(state: State, t: float) -> Spent:
    """Of all fold runs that ended, and what is reserved for those under way until `t`."""
    under_way, resources = state.occupied.until(t), state.spec.resources
    return replace(
        state.spending.total,
        reserved_cpu=state.spending.total.reserved_cpu + under_way * resources.cpus,
        reserved_gpu=state.spending.total.reserved_gpu + under_way * resources.gpus,
    )


def recounted(state: State) -> Spending:
    """`state.spending`, made from the runs themselves. Looks at every one."""
    fresh = Spending()
    for trial in state.trials.values():
        for run in (run for run in trial.runs if run.ended is not None):
            took = of_run(run)
            fresh.total.add(took)
            fresh.memory = max(fresh.memory, run.usage.memory)
            part = fresh.repeated if run.repeated else _part(fresh, trial.state)
            if part is not None:
                part.add(took)
    return fresh


def alike(one: Spent, other: Spent) -> bool:
    """Equal, but for what adding and taking away leaves of the last digits."""
    return all(
        math.isclose(getattr(one, f.name), getattr(other, f.name), rel_tol=1e-6, abs_tol=1e-6)
        for f in fields(Spent)
    )
