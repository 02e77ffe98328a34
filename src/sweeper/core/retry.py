"""Whether a failed fold run is tried again. Each class of failure has its own budget."""

from __future__ import annotations

from dataclasses import dataclass

from sweeper.core.records import Failure, FailureKind, State, Trial


@dataclass(frozen=True, slots=True)
class Again:
    """`retry` and why."""

    retry: bool
    reason: str
    pause: float = 0.0


PAUSE, LONGEST = 0.5, 60.0
"""Seconds before the first retry of a class, doubled for each further one; and at most."""


def judge(state: State, trial: Trial, fold: int, failure: Failure) -> Again:
    """What follows this failure, which is not yet on the trial's account."""
    if failure.kind is FailureKind.INFEASIBLE:
        return Again(False, "infeasible parameters stay so")
    limit = getattr(state.spec.retries, failure.kind.value)
    used = trial.charged(fold, failure.kind)
    if used < limit:
        pause = min(PAUSE * 2**used, LONGEST)
        alone = ", alone on its node" if failure.kind is FailureKind.OOM else ""
        reason = f"retry {used + 1} of {limit} for {failure.kind.value} after {pause:g} s{alone}"
        return Again(True, reason, pause)
    if limit == 0:
        return Again(False, f"{failure.kind.value} is not retried")
    return Again(False, f"all {limit} retries for {failure.kind.value} are used")


TAUGHT = (
    FailureKind.INVALID,
    FailureKind.OOM,
    FailureKind.TIMEOUT,
    FailureKind.INFEASIBLE,
)
"""Failures that say something about the parameters: the sampler hears of them as bad."""


def common_cause(state: State, failure: Failure) -> int | None:
    """How many trials of this launch failed in this way, if nothing has succeeded yet.

    None where some fold has given a score, or a trial failed otherwise.
    """
    if state.successes or failure.kind is FailureKind.INFEASIBLE:
        return None
    launched = state.anchor[1]
    alike = 1
    for trial in state.trials.values():
        if trial.ended is None or trial.ended < launched:
            continue
        last = next((r.outcome for r in reversed(trial.runs) if r.outcome is not None), None)
        if not isinstance(last, Failure) or last.fingerprint != failure.fingerprint:
            return None
        alike += 1
    return alike
