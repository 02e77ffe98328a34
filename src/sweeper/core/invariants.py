"""What must hold of every state, whatever happened. Checked by tests and by `doctor`."""

from __future__ import annotations

import math
from collections.abc import Iterator

from sweeper.core import pareto, spending, standings
from sweeper.core.line import Line
from sweeper.core.records import (
    LIVE,
    Rung,
    RunState,
    Standings,
    State,
    SweepState,
    Trial,
    TrialState,
)
from sweeper.core.rooms import Rooms
from sweeper.core.scoring import mean, prefix, signed_objectives
from sweeper.core.work import wanted


def violations(state: State) -> list[str]:
    """Each broken invariant in words; empty for a sound state."""
    checks = (
        _numbers,
        _slots,
        _rooms,
        _line,
        _sets,
        _holding,
        _rungs,
        _prefixes,
        _front,
        _spending,
        _all_trials,
        _end,
    )
    return [broken for check in checks for broken in check(state)]


def _numbers(state: State) -> Iterator[str]:
    if state.status is SweepState.FINISHED and state.highest != len(state.trials) - 1:
        yield "the sweep is finished and trial numbers have gaps"
    limit = state.spec.budget.trials
    if limit is not None and len(state.trials) > limit:
        yield f"{len(state.trials)} trials, and the budget is {limit}"
    if state.status is SweepState.FINISHED and state.queue and not state.reopened:
        yield f"the sweep is finished and {len(state.queue)} enqueued trials were forgotten"


def _slots(state: State) -> Iterator[str]:
    listed = [key for queue in state.slots.values() for key in queue]
    running = [
        run.key
        for trial in state.trials.values()
        for run in trial.runs
        if run.state is RunState.RUNNING
    ]
    if sorted(listed) != sorted(running):
        yield "what the slots have is not what is running"


def _rooms(state: State) -> Iterator[str]:
    """What is kept up to date by each event is what counting anew would give."""
    counted = Rooms()
    for slot in state.slots:
        counted.take(slot)
    counted.see({node.name: node.slots for node in state.nodes})
    rooms = state.rooms
    if (counted.taken, counted.free, counted.open) != (rooms.taken, rooms.free, rooms.open):
        yield "the places that are free are not what the nodes have less what the slots take"
    loads = {slot: len(keys) for slot, keys in state.slots.items()}
    filed = {slot: load for load, slots in state.loads.items() for slot in slots}
    if filed != loads or any(slots != sorted(slots) for slots in state.loads.values()):
        yield "the slots are not filed by what they have"


def _line(state: State) -> Iterator[str]:
    expected = Line()
    for number in state.running:
        trial = state.trials[number]
        out = {run.key.fold for run in trial.runs if run.state is RunState.RUNNING}
        waiting = len(set(wanted(state, trial)) - out)
        if waiting:
            expected.file(number, len(out), waiting)
    if expected != state.line:
        yield "the line is not of the running trials that have folds to send"


def _sets(state: State) -> Iterator[str]:
    by_state: dict[TrialState, set[int]] = {kind: set() for kind in TrialState}
    for trial in state.trials.values():
        by_state[trial.state].add(trial.number)
    if state.running != by_state[TrialState.RUNNING]:
        yield "the set of running trials is wrong"
    if state.aside != by_state[TrialState.PRUNED]:
        yield "the set of pruned trials is wrong"
    if {number for _, number in state.ranking} != by_state[TrialState.COMPLETE]:
        yield "the ranking does not have exactly the complete trials"
    if state.ranking != sorted(state.ranking):
        yield "the ranking is out of order"


def _holding(state: State) -> Iterator[str]:
    holding = {t.number for t in state.trials.values() if any(t.checkpoints.values())}
    if holding != state.holding:
        yield "the set of trials with checkpoints is wrong"


def _rungs(state: State) -> Iterator[str]:
    seen: dict[Rung, list[tuple[float, int]]] = {rung: [] for rung in state.rungs}
    waiting: dict[Rung, list[tuple[float, int]]] = {rung: [] for rung in state.rungs}
    for trial in state.trials.values():
        if trial.state is TrialState.FAILED:
            continue
        for rung in trial.curve:
            seen.setdefault(rung, []).append(standings.place(state, trial, rung))
        if trial.state is TrialState.PRUNED and trial.rung is not None:
            waiting[trial.rung].append(standings.place(state, trial, trial.rung))
    for rung, expected in seen.items():
        found = state.rungs.get(rung, Standings())
        if found.seen != sorted(expected):
            yield f"{rung} does not have exactly the trials that were there, in order"
        if found.waiting != sorted(waiting.get(rung, ())):
            yield f"{rung} does not have exactly the trials that were set aside there"


def _prefixes(state: State) -> Iterator[str]:
    expected: dict[int, list[tuple[float, int]]] = {}
    for _, number in state.ranking:
        for folds, value in standings.prefix_means(state, state.trials[number]):
            expected.setdefault(folds, []).append((-value, number))
    if state.prefixes != {folds: sorted(entries) for folds, entries in expected.items()}:
        yield "the means over first folds are not those of the complete trials"


def _front(state: State) -> Iterator[str]:
    expected: dict[int, pareto.Values] = {}
    for _, number in state.ranking if state.spec.objectives else ():
        pareto.enter(expected, number, signed_objectives(state, state.trials[number]))
    if expected != state.front:
        yield "the front is not of the complete trials that no other beats"


def _spending(state: State) -> Iterator[str]:
    kept, counted = state.spending, spending.recounted(state)
    parts = ("total", "pruned", "failed", "repeated")
    for part in parts:
        if not spending.alike(getattr(kept, part), getattr(counted, part)):
            yield f"what fold runs took ({part}) is not the sum of the runs"
    if kept.memory != counted.memory:
        yield "the most memory is not that of any run"
    if state.since.keys() != state.slots.keys():
        yield "it is not known of exactly the slots since when their first runs have them"
    begun = sum(slot.places * t for slot, t in state.since.items())
    if not math.isclose(state.occupied.since, begun, rel_tol=1e-6, abs_tol=1e-3):
        yield "the places that slots take are not known by when they were taken"
    if state.occupied.places != sum(slot.places for slot in state.since):
        yield "the places that slots take are not as many as they have"


def _all_trials(state: State) -> Iterator[str]:
    for trial in state.trials.values():
        yield from _trial(state, trial)
        yield from _judged(state, trial)


def _judged(state: State, trial: Trial) -> Iterator[str]:
    if trial.judged > prefix(trial, state.splits.folds):
        yield f"trial {trial.number} was judged by more folds than it has"


def _trial(state: State, trial: Trial) -> Iterator[str]:
    who = f"trial {trial.number}"
    runs = [r for r in trial.runs if r.key.fold >= 0]
    succeeded = [r.key.fold for r in runs if r.state is RunState.SUCCEEDED]
    if len(succeeded) != len(set(succeeded)):
        yield f"{who} has a fold that succeeded twice"
    if set(succeeded) != set(trial.scores):
        yield f"{who} has scores that no run gave"
    keys = [run.key for run in trial.runs]
    if len(keys) != len(set(keys)):
        yield f"{who} has two runs of one attempt"
    if trial.state is TrialState.COMPLETE:
        name = state.spec.metric.name
        if len(trial.scores) != state.splits.folds:
            yield f"{who} is complete with {len(trial.scores)} folds"
        elif trial.value != mean([trial.scores[k][name] for k in range(state.splits.folds)]):
            yield f"{who} has a value that is not the mean of its folds"


def _end(state: State) -> Iterator[str]:
    if state.status not in LIVE and state.slots:
        yield f"the sweep is {state.status} and fold runs are still under way"
    if state.status is SweepState.FINISHED and state.running:
        yield "the sweep is finished and trials are still running"
