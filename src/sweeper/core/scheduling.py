"""Which folds go to which slot next, and how many trials are in flight."""

from __future__ import annotations

import itertools
import math

from sweeper.core.records import Phase, RunKey, RunState, State, Trial
from sweeper.core.rooms import Free, Shape, Slot
from sweeper.core.work import Work, shape, waiting

BATCH_SECONDS = 0.04
"""Shorter folds travel in batches of about this length, so that dispatch costs little."""

UNHURRIED_SECONDS = 0.25
"""The same where no result decides what comes next: a batch costs about 8 ms on its way."""

AHEAD_SECONDS = 0.1
"""What waits on a slot behind the running fold lasts about so long."""

SHORT = 2.0
"""Seconds. For longer folds the gap between two of them does not matter: nothing waits."""

LEARNING = ("tpe", "gp", "cmaes")
"""Samplers that learn from results, and so want few trials in flight."""


def slot_count(state: State) -> int:
    """Fold runs that go on side by side when nothing else does."""
    return state.rooms.total // state.spec.resources.workers


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
    base, folds = slots, 1 if state.spec.search.pruner.halving else state.splits.folds
    if state.sampler in LEARNING:
        base = max(2, math.ceil(slots / folds))
    if state.fold_seconds is None or state.fold_seconds >= SHORT:
        return base
    batches = 2 * slots + 1  # two for each slot, and one that waits
    return base + max(slots, math.ceil(batches * _batch(state) / folds))


def _batch(state: State) -> int:
    """Fold runs that travel together: one where there are gangs, which answer for each alone."""
    seconds = state.fold_seconds
    if state.spec.resources.workers > 1 or seconds is None:
        return 1
    hurried = state.sampler in LEARNING or state.spec.search.pruner.name != "none"
    length = BATCH_SECONDS if hurried else UNHURRIED_SECONDS
    return min(64, math.ceil(length / max(seconds, 1e-4)))


def depth(state: State) -> int:
    """Fold runs a slot may have, the running one included."""
    seconds = state.fold_seconds
    if state.phase in (Phase.REFIT, Phase.HOLDOUT) or seconds is None or seconds >= SHORT:
        return 1
    return max(2, 1 + math.ceil(AHEAD_SECONDS / max(seconds, 1e-4) / 2), 2 * _batch(state))


Batch = tuple[Slot, tuple[RunKey, ...]]
"""What is sent to a slot at once."""


def assignments(state: State, t: float) -> list[Batch]:
    """What to send now: free places get work first, then slots with room get more.

    New trials come first, then further folds of running ones, oldest first. A pending
    decision makes a fold worth less, so that folds of a trial with nothing in flight are
    preferred, and look-ahead behind a running fold takes only those while a pruner may
    stop the trial. A fold that ran out of memory has its nodes to itself; one that needs more
    room than there is has nodes kept for it while small work drains from them.
    """
    if not len(state.line):
        return []
    kept: set[str] = set()
    sent = _set_apart(state, t, kept) if state.hungry else []
    work = Work(state, t)
    if state.rooms.open:
        sent += _onto_free(state, work, kept)
    return sent + _behind(state, work, kept)


def _set_apart(state: State, t: float, kept: set[str]) -> list[Batch]:
    """Hungry folds that have empty nodes now; adds the nodes to which nothing else goes.

    Each is given the nodes with the least on them, which drain until they are empty; how much
    that is only falls, so they will be.
    """
    for slot, keys in state.slots.items():
        if any((key.trial, key.fold) in state.hungry for key in keys):
            kept.update(slot.nodes)
    sent: list[Batch] = []
    for number, fold in sorted(state.hungry):
        trial = state.trials[number]
        key = next((k for k in waiting(state, trial, t) if k.fold == fold), None)
        if key is None:
            continue
        need = shape(state, trial, fold)
        chosen: dict[str, int] = {}
        taken = state.rooms.taken
        for name in sorted(state.rooms.nodes, key=lambda node: (taken[node], node)):
            if name not in kept and sum(n // need.size for n in chosen.values()) < need.least:
                chosen[name] = state.rooms.nodes[name]
        kept.update(chosen)
        nodes = need.placed(Free.of(chosen))
        if nodes and not any(taken[name] for name in chosen):
            sent.append((Slot(nodes[0], 0, nodes[1:], need.size), (key,)))
    return sent


def _onto_free(state: State, work: Work, kept: set[str]) -> list[Batch]:
    """Runs for the places that nobody has."""
    free = state.rooms.free.without(kept)
    names = _Names(state)
    sent: list[Batch] = []
    while free and (trial := work.first()) is not None:
        need = work.shape
        nodes = need.placed(free, _sharing(state, need))
        if nodes is None:
            for name in need.awaited(state.rooms, free):
                free.put(name, 0)
                kept.add(name)
            work.pass_over(trial)
            continue
        for name in nodes:
            free.put(name, free.left[name] - need.size)
        slot = Slot(nodes[0], names.index(nodes[0]), nodes[1:], need.size)
        sent.append((slot, work.batch(_batch(state))))
    return sent


def _sharing(state: State, need: Shape) -> int:
    """Runs that share the room that there is."""
    return 1 if need.least == need.most else state.line.waiting


def _behind(state: State, work: Work, kept: set[str]) -> list[Batch]:
    """Runs to wait behind those that slots have. A slot that has a batch gets no part of one:
    what is sent in pieces comes back in pieces, and each costs as much as a whole one."""
    sent: list[Batch] = []
    deepest = depth(state)
    if deepest == 1:
        return sent
    patient, size = _patient(state), _batch(state)
    for load in sorted(state.loads):
        if load >= deepest:
            break
        for slot in state.loads[load]:
            if load >= size > 1 and state.line.waiting < work.taken + size:
                return sent
            trial = work.first()
            if trial is None or (patient and work.flight):
                return sent
            fits = work.shape.size == slot.size and work.shape.least <= len(slot.nodes)
            if fits and _stands(state, slot, kept):
                sent.append((slot, work.batch(size, only_idle=patient)))
    return sent


def _patient(state: State) -> bool:
    """Whether work behind a running fold waits for the pruner's word on its trial.

    Not for folds so short that waiting would cost more than a fold run in vain.
    """
    if state.spec.search.pruner.name == "none" or state.phase is not Phase.SEARCH:
        return False
    return state.fold_seconds is None or state.fold_seconds >= BATCH_SECONDS / 2


def _stands(state: State, slot: Slot, kept: set[str]) -> bool:
    """Whether more can be sent to the slot: no node of it is gone, kept, or given to others."""
    nodes = state.rooms.nodes
    return all(
        name in nodes and name not in kept and state.rooms.taken[name] <= nodes[name]
        for name in slot.nodes
    )


class _Names:
    """Indices for new slots: on a leader's node, the smallest that no slot there has."""

    def __init__(self, state: State) -> None:
        self._used: dict[str, set[int]] = {}
        self._state = state

    def index(self, leader: str) -> int:
        if leader not in self._used:
            self._used[leader] = set(self._state.rooms.indices.get(leader, ()))
        used = self._used[leader]
        found = next(i for i in itertools.count() if i not in used)
        used.add(found)
        return found


def final_slot(state: State, trial: Trial, fold: int) -> Slot | None:
    """Where the one run that the refit or the holdout is can go now."""
    need = shape(state, trial, fold)
    nodes = need.placed(state.rooms.free)
    return Slot(nodes[0], _Names(state).index(nodes[0]), nodes[1:], need.size) if nodes else None


def final_runs(state: State, trial: Trial, fold: int) -> RunKey | None:
    """The next attempt of the refit or holdout run, or None while one is under way."""
    if any(r.key.fold == fold and r.state is RunState.RUNNING for r in trial.runs):
        return None
    return RunKey(trial.number, fold, trial.attempts(fold) + 1)
