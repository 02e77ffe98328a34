"""Which checkpoints are of no more use.

Kept are the latest of each fold that is not done, for whatever goes on from there: of running
trials, and of stopped ones while they may come back. Of complete trials those of the best are
kept. A limit in bytes takes from complete trials first, worst first, then from stopped ones;
what a running trial would go on from is never taken.
"""

from __future__ import annotations

from collections.abc import Iterable

from sweeper.core.events import Dropped
from sweeper.core.records import Checkpoint, Phase, RunKey, State, Trial, TrialState

Held = tuple[Trial, int, Checkpoint]

LEAST = 200_000_000
"""Bytes that a storage should always have left."""


def superfluous(state: State, fresh: RunKey | None = None, size: int = 0) -> tuple[Dropped, ...]:
    """What can go. `fresh`: a run that has just written one more, of so many bytes."""
    spec = state.spec.checkpoints
    best = {number for _, number in state.ranking[: spec.keep]}
    kept: list[Held] = []
    gone: list[Held] = []
    for number in sorted(state.holding):
        trial = state.trials[number]
        for fold, checkpoints in trial.checkpoints.items():
            own = fresh is not None and (fresh.trial, fresh.fold) == (number, fold)
            count = spec.per_trial - own if _of_use(state, trial, fold, best) else 0
            border = len(checkpoints) - count
            gone += [(trial, fold, c) for c in checkpoints[:border]]
            kept += [(trial, fold, c) for c in checkpoints[border:]]
    if spec.max_bytes is not None:
        gone += _beyond(state, kept, spec.max_bytes - size)
    return tuple(Dropped(trial.number, fold, c.path) for trial, fold, c in gone)


def running_out(state: State, size: int, room: int | None) -> str:
    """Whether checkpoints of `size` bytes will soon have no room, in words; else empty.

    Enough is room for two more of each run under way, and LEAST for everything else.
    """
    runs = sum(map(len, state.slots.values()))
    if room is None or room >= 2 * size * runs + LEAST:
        return ""
    return (
        f"only {room / 1e9:.2f} GB are left in the checkpoints' storage, and a checkpoint takes "
        f"{size / 1e9:.3g} GB: make room there, or lower checkpoints.max_gb, then resume"
    )


def _of_use(state: State, trial: Trial, fold: int, best: set[int]) -> bool:
    if trial.state is TrialState.COMPLETE:
        return trial.number in best
    if trial.state is TrialState.PRUNED:
        comes_back = state.phase in (Phase.SEARCH, Phase.REVIVAL)
        return comes_back and fold not in trial.scores
    return trial.state is TrialState.RUNNING


def _beyond(state: State, kept: Iterable[Held], room: int) -> list[Held]:
    """What to give up so that the rest fits into `room` bytes, as far as that can be."""
    held = list(kept)
    over = sum(c.size for _, _, c in held) - room
    sign = state.spec.metric.goal.sign
    found: list[Held] = []
    ended = (each for each in held if each[0].state is not TrialState.RUNNING)
    for each in sorted(ended, key=lambda h: (_last(h[0]), sign * (h[0].value or 0.0), h[1])):
        if over <= 0:
            break
        found.append(each)
        over -= each[2].size
    return found


def _last(trial: Trial) -> bool:
    """Whether its checkpoints go after those of others."""
    return trial.state is TrialState.PRUNED
