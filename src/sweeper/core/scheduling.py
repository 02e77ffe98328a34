"""Which folds go to which slot next, and how many trials are in flight."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

from sweeper.core.records import Phase, RunKey, RunState, Slot, State, Trial

BATCH_SECONDS = 0.04
"""Shorter folds travel in batches of about this length, so that dispatch costs little."""

AHEAD_SECONDS = 0.1
"""What waits on a slot behind the running fold lasts about so long."""

SHORT = 2.0
"""Seconds. For longer folds the gap between two of them does not matter: nothing waits."""

LEARNING = ("tpe", "gp", "cmaes")
"""Samplers that learn from results, and so want few trials in flight."""


def slot_count(state: State) -> int:
    return sum(node.slots for node in state.nodes)


def concurrency(state: State) -> int:
    """Trials in flight. A number in the config is taken as it is.

    Auto: about slots ÷ folds for samplers that learn, at least 2 when there are two
    slots; else the number of slots. While folds are short, one more trial for each slot,
    so that a slot finds work whose trial has no decision pending.
    """
    asked = state.spec.search.concurrency
    if asked is not None:
        return asked
    slots = slot_count(state)
    if slots <= 1:
        return 1
    base = slots
    if state.sampler in LEARNING:
        base = max(2, math.ceil(slots / state.splits.folds))
    if state.fold_seconds is None or state.fold_seconds >= SHORT:
        return base
    return base + max(slots, math.ceil(2 * slots * _batch(state) / state.splits.folds))


def _batch(state: State) -> int:
    """Fold runs that travel together."""
    seconds = state.fold_seconds
    if seconds is None or seconds >= BATCH_SECONDS:
        return 1
    return min(64, math.ceil(BATCH_SECONDS / max(seconds, 1e-4)))


def depth(state: State) -> int:
    """Fold runs a slot may have, the running one included."""
    seconds = state.fold_seconds
    if state.phase in (Phase.REFIT, Phase.HOLDOUT) or seconds is None or seconds >= SHORT:
        return 1
    return max(2, 1 + math.ceil(AHEAD_SECONDS / max(seconds, 1e-4) / 2), 2 * _batch(state))


def waiting(state: State, trial: Trial, t: float) -> Iterator[RunKey]:
    """The trial's folds that have no score, are not on a slot and do not rest, in fold order."""
    attempts = Counter(run.key.fold for run in trial.runs)
    out = {run.key.fold for run in trial.runs if run.state is RunState.RUNNING}
    for fold in range(state.splits.folds):
        if fold not in trial.scores and fold not in out and trial.resting.get(fold, 0.0) <= t:
            yield RunKey(trial.number, fold, attempts[fold] + 1)


def in_flight(trial: Trial) -> int:
    return sum(1 for run in trial.runs if run.state is RunState.RUNNING)


def assignments(state: State, t: float) -> list[tuple[Slot, tuple[RunKey, ...]]]:
    """What to send now: every idle slot gets work first, then slots with room get more.

    New trials come first, then further folds of running ones, oldest first. A pending
    decision makes a fold worth less, so that folds of a trial with nothing in flight are
    preferred, and look-ahead behind a running fold takes only those while a pruner may
    stop the trial. A fold that ran out of memory has its node to itself.
    """
    free = sorted(_rooms(state), key=lambda room: (room[1], room[0]))
    if not free:
        return []
    trials = [state.trials[n] for n in sorted(state.running)]
    queues = {trial.number: list(waiting(state, trial, t)) for trial in trials}
    flight = {trial.number: in_flight(trial) for trial in trials}
    patient = _patient(state)
    sent: list[tuple[Slot, tuple[RunKey, ...]]] = []
    if state.hungry:
        alone, kept = _set_apart(state, queues)
        sent = [(slot, (key,)) for slot, key in alone]
        free = [room for room in free if room[0].node not in kept]
    for slot, taken in free:
        batch = _take(queues, flight, _batch(state), only_idle=patient and taken > 0)
        if batch:
            sent.append((slot, batch))
    return sent


def _set_apart(
    state: State, queues: dict[int, list[RunKey]]
) -> tuple[list[tuple[Slot, RunKey]], set[str]]:
    """Hungry folds that have an empty node now, and the nodes to which nothing else goes.

    Takes every waiting hungry fold out of `queues`. Each is given the node with the fewest
    runs, which drains until it is empty; how many those are only falls, so it will be.
    """
    loads = {node.name: 0 for node in state.nodes}
    kept: set[str] = set()
    for slot, keys in state.slots.items():
        if slot.node in loads:
            loads[slot.node] += len(keys)
        if any((key.trial, key.fold) in state.hungry for key in keys):
            kept.add(slot.node)
    sent: list[tuple[Slot, RunKey]] = []
    for number, queue in sorted(queues.items()):
        for key in [key for key in queue if (number, key.fold) in state.hungry]:
            queue.remove(key)
            open_nodes = [name for name in loads if name not in kept]
            if not open_nodes:
                continue
            name = min(open_nodes, key=lambda node: (loads[node], node))
            kept.add(name)
            if loads[name] == 0:
                sent.append((Slot(name, 0), key))
    return sent, kept


def _patient(state: State) -> bool:
    """Whether work behind a running fold waits for the pruner's word on its trial.

    Not for folds so short that waiting would cost more than a fold run in vain.
    """
    if state.spec.search.pruner.name == "none" or state.phase is not Phase.SEARCH:
        return False
    return state.fold_seconds is None or state.fold_seconds >= BATCH_SECONDS / 2


def _rooms(state: State) -> Iterator[tuple[Slot, int]]:
    """Each slot with room, and how many runs it has."""
    limit = depth(state)
    for node in state.nodes:
        for index in range(node.slots):
            slot = Slot(node.name, index)
            taken = len(state.slots.get(slot, ()))
            if taken < limit:
                yield slot, taken


def _take(
    queues: dict[int, list[RunKey]], flight: dict[int, int], count: int, only_idle: bool
) -> tuple[RunKey, ...]:
    """The next `count` runs; a suspect travels alone."""
    batch: list[RunKey] = []
    while len(batch) < count:
        ready = [n for n, q in queues.items() if q and not (only_idle and flight[n])]
        if not ready:
            break
        number = min(ready, key=lambda n: (flight[n], n))
        suspect = queues[number][0].attempt > 1
        if suspect and batch:
            break
        batch.append(queues[number].pop(0))
        flight[number] += 1
        if suspect:
            break
    return tuple(batch)


def first_free(state: State) -> Slot | None:
    """An idle slot, for the one run that the refit or the holdout is."""
    return next((slot for slot, taken in _rooms(state) if taken == 0), None)


def refit_reserve(state: State) -> float:
    """Seconds of the time budget kept for the refit: it sees all rows instead of K-1 of K."""
    limit = state.spec.budget.time
    if limit is None or state.fold_seconds is None:
        return 0.0
    folds = state.splits.folds
    rows = folds / (folds - 1) if folds > 1 else 1.25
    return min(0.2 * limit, 2 * rows * state.fold_seconds)


def final_runs(state: State, trial: Trial, fold: int) -> RunKey | None:
    """The next attempt of the refit or holdout run, or None while one is under way."""
    if any(r.key.fold == fold and r.state is RunState.RUNNING for r in trial.runs):
        return None
    return RunKey(trial.number, fold, trial.attempts(fold) + 1)
