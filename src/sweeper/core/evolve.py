"""The one door through which state changes: `evolve(state, event) -> state`.

`state` is changed in place and returned (at 100,000 trials copies are not free). Every
change is checked against the tables of `transitions`; nothing here decides anything.
"""

from __future__ import annotations

import bisect
import gc
import hashlib
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

from sweeper.core import events as e
from sweeper.core import pareto, spending, standings
from sweeper.core.endings import is_fold_model
from sweeper.core.records import (
    FailureKind,
    FoldRun,
    HistoryEntry,
    Node,
    Outcome,
    Phase,
    RunKey,
    RunState,
    State,
    SweepState,
    Taken,
    Trial,
    TrialState,
)
from sweeper.core.rooms import Slot
from sweeper.core.scoring import objective_values, prefix, signed_objectives
from sweeper.core.transitions import PHASE, RUN, SWEEP, TRIAL, InvalidTransition
from sweeper.core.usage import UNMEASURED, Usage
from sweeper.core.work import wanted

ENQUEUED = "enqueued"
"""The origin of a trial by hand."""

WEIGHT_OF_NEWEST = 0.1
"""Of one fold run's seconds in the running mean that sizes batches."""

LOT = 1000
"""Events that a replay reads before it applies them: a third quicker than one by one, because
a processor does better at one thing for a while."""


def evolve(state: State | None, event: e.Event) -> State:
    """Apply one event. InvalidTransition when the tables do not allow it."""
    if isinstance(event, e.SweepCreated):
        if state is not None:
            raise InvalidTransition("a journal has one SweepCreated, as its first event")
        return State(
            spec=event.spec,
            filed=event.spec,
            splits=event.splits,
            data=event.data,
            sampler=event.sampler,
            sampler_reason=event.sampler_reason,
            sweep_id=sweep_id(event),
            created=event.wall,
            anchor=(event.wall, event.t),
            now=event.t,
        )
    if state is None:
        raise InvalidTransition(f"{type(event).__name__} before SweepCreated")
    if event.t < state.now:
        raise InvalidTransition(f"{type(event).__name__} at {event.t}, before {state.now}")
    _APPLY[type(event)](state, event)
    state.now = event.t
    return state


def sweep_id(event: e.SweepCreated) -> str:
    """Names this very sweep, not one of the same name made later."""
    data = event.data.sha256 if event.data else ""
    text = f"{event.spec.name}/{event.wall!r}/{data}/{event.splits.sha256}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def replay(events: Iterable[e.Event]) -> State:
    """The state that a whole journal leads to."""
    state: State | None = None
    collecting = gc.isenabled()
    gc.disable()  # a quarter of the time, and nothing that a journal leads to is garbage
    try:
        left = iter(events)
        while lot := list(islice(left, LOT)):
            for event in lot:
                state = evolve(state, event)
    finally:
        if collecting:
            gc.enable()
    if state is None:
        raise InvalidTransition("an empty journal has no state")
    return state


def _launched(state: State, event: e.SweepLaunched) -> None:
    state.status = _sweep(state, event)
    state.anchor = (event.wall, event.t)
    state.launches += 1
    state.environment = event.environment
    state.looks_elsewhere = event.looks
    state.reason = state.stopping = ""
    state.registering = False
    state.spent = ""
    state.asking = ()
    _see(state, ())
    state.reopened = state.reopened and state.phase is not Phase.SEARCH
    _unpause(state, event.t)


def _settings(state: State, event: e.SettingsChanged) -> None:
    if event.spec.budget != state.spec.budget and room(state, event.spec.budget.trials):
        state.reopened = _search_is_over(state)
    state.spec = event.spec
    state.filed = event.filed or state.filed
    state.sets = state.sets if event.sets is None else event.sets
    state.exhausted = False
    state.spent = ""
    for number in state.running:
        _line_up(state, state.trials[number])


def room(state: State, trials: int | None) -> bool:
    """Whether a budget of so many trials leaves some to begin."""
    return trials is None or begun(state) < trials


def begun(state: State) -> int:
    """Trials that count against the budget: they are there, asked for, or wait to be."""
    return len(state.trials) + len(state.asking) + len(state.queue)


def _data(state: State, event: e.DataChanged) -> None:
    state.data, state.splits = event.data, event.splits
    state.finalist = None
    for number in state.running:
        _line_up(state, state.trials[number])


def _history(state: State, event: e.HistoryTaken) -> None:
    if event.sweep_id in state.borrowed:
        raise InvalidTransition(f"the trials of sweep {event.sweep} taken twice")
    state.borrowed[event.sweep_id] = len(event.entries)
    state.history += event.entries


def _taken(state: State, event: e.RequestTaken) -> None:
    if event.id in state.requests:
        raise InvalidTransition(f"request {event.id} taken twice")
    state.requests.add(event.id)
    state.taken.append(Taken(event.t, event.author, event.what, event.refused))


def _paused(state: State, event: e.SweepPaused) -> None:
    state.status = _sweep(state, event)
    state.reason = event.reason
    state.paused = event.t


def _resumed(state: State, event: e.SweepResumed) -> None:
    state.status = _sweep(state, event)
    state.reason = ""
    _unpause(state, event.t)


def _unpause(state: State, t: float) -> None:
    if state.paused is not None:
        state.idle += t - state.paused
        state.paused = None


def _enqueued(state: State, event: e.TrialEnqueued) -> None:
    state.queue = (*state.queue, event.params)
    state.reopened = _search_is_over(state)


def _search_is_over(state: State) -> bool:
    return state.phase is not Phase.SEARCH or state.status is SweepState.FINISHED


def _capacity(state: State, event: e.CapacitySeen) -> None:
    _see(state, event.nodes)


def _see(state: State, nodes: tuple[Node, ...]) -> None:
    state.nodes = nodes
    state.rooms.see({node.name: node.slots for node in nodes})


def _asked(state: State, event: e.TrialAsked) -> None:
    if event.trial in state.trials or event.trial in state.asking:
        raise InvalidTransition(f"trial {event.trial} asked for twice")
    state.asking = (*state.asking, event.trial)


def _sampled(state: State, event: e.TrialSampled) -> None:
    if event.trial in state.trials:
        raise InvalidTransition(f"trial {event.trial} sampled twice")
    state.asking = tuple(n for n in state.asking if n != event.trial)
    if event.origin == ENQUEUED:
        state.queue = state.queue[1:]
    state.trials[event.trial] = Trial(event.trial, event.params, event.origin, sampled=event.t)
    state.running.add(event.trial)
    _line_up(state, state.trials[event.trial])
    state.highest = max(state.highest, event.trial)


def _exhausted(state: State, event: e.SamplerExhausted) -> None:
    state.asking = tuple(n for n in state.asking if n != event.trial)
    state.exhausted = True


def _dispatched(state: State, event: e.FoldsDispatched) -> None:
    queue = _queue(state, event.slot, event.t)
    for key in event.runs:
        trial = state.trials[key.trial]
        if key.attempt != trial.attempts(key.fold) + 1:
            raise InvalidTransition(f"{key} is not the next attempt of its fold")
        trial.runs.append(FoldRun(key, event.slot, event.t, state.spec.resources))
        queue.append(key)
    for number in {key.trial for key in event.runs}:
        _line_up(state, state.trials[number])
    _load(state, event.slot, len(queue))


def _queue(state: State, slot: Slot, t: float) -> list[RunKey]:
    """What the slot has, to be added to."""
    queue = state.slots.get(slot)
    if queue is None:
        state.rooms.take(slot)
        state.since[slot] = t
        state.occupied.begin(slot.places, t)
        return state.slots.setdefault(slot, [])
    _unload(state, slot, len(queue))
    return queue


def _load(state: State, slot: Slot, load: int) -> None:
    bisect.insort(state.loads.setdefault(load, []), slot)


def _unload(state: State, slot: Slot, load: int) -> None:
    slots = state.loads[load]
    del slots[bisect.bisect_left(slots, slot)]
    if not state.loads[load]:
        del state.loads[load]


def _line_up(state: State, trial: Trial) -> None:
    """Where the trial stands among those that have folds to send."""
    if trial.state is TrialState.RUNNING:
        out = {run.key.fold for run in trial.runs if run.state is RunState.RUNNING}
        waiting = sum(fold not in out for fold in wanted(state, trial))
        if waiting:
            state.line.file(trial.number, len(out), waiting)
            return
    state.line.drop(trial.number)


def _checkpoint(state: State, event: e.CheckpointWritten) -> None:
    trial = state.trials[event.run.trial]
    trial.checkpoints.setdefault(event.run.fold, []).append(event.checkpoint)
    state.holding.add(trial.number)


def _dropped(state: State, event: e.CheckpointsDropped) -> None:
    for gone in event.dropped:
        trial = state.trials[gone.trial]
        kept = [c for c in trial.checkpoints[gone.fold] if c.path != gone.path]
        trial.checkpoints[gone.fold] = kept
        if not any(trial.checkpoints.values()):
            trial.checkpoints.clear()
            state.holding.discard(gone.trial)


def _curve(state: State, event: e.CurveReported) -> None:
    trial = state.trials[event.run.trial]
    if trial.state is TrialState.PRUNED:
        trial.ahead[event.rung] = event.step, event.value
    else:
        trial.ahead.pop(event.rung, None)
        standings.enter(state, trial, event.rung, event.value)


def _succeeded(state: State, event: e.FoldSucceeded) -> None:
    run = _end(state, event.run, event, outcome=event.outcome, usage=event.outcome.usage)
    trial = state.trials[event.run.trial]
    if run.key.fold in trial.scores:
        raise InvalidTransition(f"fold {run.key.fold} of trial {run.key.trial} counted twice")
    if run.key.fold >= 0:
        trial.scores[run.key.fold] = event.outcome.scores
        if trial.state is TrialState.RUNNING:
            trial.judged = prefix(trial, state.splits.folds)
        state.successes += 1
        mean = state.fold_seconds
        state.fold_seconds = (
            event.outcome.seconds
            if mean is None
            else mean + WEIGHT_OF_NEWEST * (event.outcome.seconds - mean)
        )
    _line_up(state, trial)
    state.hungry.discard((run.key.trial, run.key.fold))
    state.artifacts.update(event.artifacts)
    if run.key.fold < 0:
        state.reports[run.key.fold] = event.outcome.report


def _failed(state: State, event: e.FoldFailed) -> None:
    key = event.run
    outcome = event.outcome
    _end(
        state,
        key,
        event,
        outcome=outcome,
        usage=outcome.usage,
        reason=event.reason,
        retry=event.retry,
    )
    _line_up(state, state.trials[key.trial])
    if event.pause:
        state.trials[key.trial].resting[key.fold] = event.t + event.pause
    if event.retry and event.outcome.kind is FailureKind.OOM:
        state.hungry.add((key.trial, key.fold))


def _lost(state: State, event: e.FoldLost) -> None:
    _end(state, event.run, event, reason=event.reason)
    _line_up(state, state.trials[event.run.trial])


def _cancelled(state: State, event: e.FoldCancelled) -> None:
    _end(state, event.run, event, reason=event.reason, usage=event.usage)
    _line_up(state, state.trials[event.run.trial])


def _end(
    state: State,
    key: RunKey,
    event: e.Event,
    *,
    outcome: Outcome | None = None,
    usage: Usage = UNMEASURED,
    reason: str = "",
    retry: bool = False,
) -> FoldRun:
    """Close the account of one run and free its place in the slot. The trial is yet to be
    lined up."""
    trial = state.trials.get(key.trial)
    if trial is None:
        raise InvalidTransition(f"{type(event).__name__} for {key}, a trial that is not there")
    run = next((run for run in reversed(trial.runs) if run.key == key), None)
    if run is None:
        raise InvalidTransition(f"{type(event).__name__} for {key}, which was never sent")
    after = RUN.get((run.state, type(event)))
    if after is None:
        raise InvalidTransition(f"{type(event).__name__} for {key}, which is {run.state}")
    queue = state.slots[run.slot]
    run.state, run.ended = after, event.t
    run.outcome, run.usage, run.reason = outcome, usage, reason
    run.held = spending.vacate(state, run, queue)
    run.repeated = spending.again(trial, key.fold, after, retry)
    spending.charge(state, trial, run)
    _unload(state, run.slot, len(queue))
    queue.remove(key)
    if queue:
        _load(state, run.slot, len(queue))
    else:
        del state.slots[run.slot]
        state.occupied.end(run.slot.places, state.since.pop(run.slot))
        state.rooms.leave(run.slot)
    return run


def _completed(state: State, event: e.TrialCompleted) -> None:
    trial = _move(state, event)
    trial.value = event.value
    bisect.insort(state.ranking, (-state.spec.metric.goal.sign * event.value, trial.number))
    standings.complete(state, trial)
    values = objective_values(state, trial)
    if values:
        pareto.enter(state.front, trial.number, signed_objectives(state, trial))
    _tell(state, trial, event.value, values)


def _pruned(state: State, event: e.TrialPruned) -> None:
    trial = _move(state, event)
    trial.value = event.predicted
    trial.judged = event.folds
    state.aside.add(trial.number)
    standings.wait(state, trial)
    _tell(state, trial, event.predicted)


def _trial_failed(state: State, event: e.TrialFailed) -> None:
    trial = _move(state, event)
    standings.leave(state, trial)
    state.history.append(HistoryEntry(trial.number, trial.params, None, bad=event.bad))


def _revived(state: State, event: e.TrialRevived) -> None:
    trial = _move(state, event)
    trial.revived += 1
    trial.judged = prefix(trial, state.splits.folds)
    state.aside.discard(trial.number)
    standings.go_on(state, trial)
    trial.ended = None
    state.running.add(trial.number)
    _line_up(state, trial)


def _move(
    state: State,
    event: e.TrialCompleted | e.TrialPruned | e.TrialFailed | e.TrialRevived,
) -> Trial:
    trial = state.trials[event.trial]
    after = TRIAL.get((trial.state, type(event)))
    if after is None:
        raise InvalidTransition(
            f"{type(event).__name__} for trial {trial.number}, which is {trial.state}"
        )
    before, trial.state = trial.state, after
    spending.move(state, trial, before)
    trial.reason = event.reason
    trial.ended = event.t
    if after is not TrialState.RUNNING:
        state.running.discard(trial.number)
        state.line.drop(trial.number)
        state.hungry = {pair for pair in state.hungry if pair[0] != trial.number}
    return trial


def _tell(state: State, trial: Trial, value: float, values: tuple[float, ...] = ()) -> None:
    state.history.append(HistoryEntry(trial.number, trial.params, value, values=values))


def _phase(state: State, event: e.PhaseEntered) -> None:
    if event.phase not in PHASE[state.phase]:
        raise InvalidTransition(f"from {state.phase} to {event.phase}")
    if event.phase is Phase.SEARCH:
        state.registered = None
        state.reopened = False
    elif event.phase is not Phase.REVIVAL:
        _present(state)
    state.phase = event.phase


def _present(state: State) -> None:
    """The winner's model and what is known of it stay, however often the search goes on, until
    another trial wins or the data change."""
    winner = None if state.best is None else state.best.number
    if winner != state.finalist:
        state.artifacts = {r: a for r, a in state.artifacts.items() if is_fold_model(r)}
        state.reports.clear()
        state.finalist = winner


def _looked(state: State, event: e.HoldoutLooked) -> None:
    state.looks += 1


def _registration(state: State, event: e.RegistrationAsked) -> None:
    state.registering = True


def _put_off(state: State, event: e.RegistrationPutOff) -> None:
    state.registering = False


def _registered(state: State, event: e.VersionRegistered) -> None:
    state.registering = False
    state.registered = event.version


def _stop(state: State, event: e.StopAsked) -> None:
    state.stopping = event.reason


def _budget_spent(state: State, event: e.BudgetSpent) -> None:
    state.spent = event.reason


def _over(state: State, event: e.SweepInterrupted | e.SweepFinished | e.SweepFailed) -> None:
    state.status = _sweep(state, event)
    _unpause(state, event.t)
    state.reason = event.reason


def _sweep(state: State, event: e.Event) -> SweepState:
    after = SWEEP.get((state.status, type(event)))
    if after is None:
        raise InvalidTransition(f"{type(event).__name__} for a sweep that is {state.status}")
    return after


_APPLY: dict[type, Callable[[State, Any], None]] = {
    e.SweepLaunched: _launched,
    e.SettingsChanged: _settings,
    e.DataChanged: _data,
    e.HistoryTaken: _history,
    e.RequestTaken: _taken,
    e.SweepPaused: _paused,
    e.SweepResumed: _resumed,
    e.TrialEnqueued: _enqueued,
    e.CapacitySeen: _capacity,
    e.TrialAsked: _asked,
    e.TrialSampled: _sampled,
    e.SamplerExhausted: _exhausted,
    e.FoldsDispatched: _dispatched,
    e.CheckpointWritten: _checkpoint,
    e.CheckpointsDropped: _dropped,
    e.CurveReported: _curve,
    e.FoldSucceeded: _succeeded,
    e.FoldFailed: _failed,
    e.FoldLost: _lost,
    e.FoldCancelled: _cancelled,
    e.TrialCompleted: _completed,
    e.TrialPruned: _pruned,
    e.TrialFailed: _trial_failed,
    e.TrialRevived: _revived,
    e.PhaseEntered: _phase,
    e.HoldoutLooked: _looked,
    e.RegistrationAsked: _registration,
    e.VersionRegistered: _registered,
    e.RegistrationPutOff: _put_off,
    e.StopAsked: _stop,
    e.BudgetSpent: _budget_spent,
    e.SweepInterrupted: _over,
    e.SweepFinished: _over,
    e.SweepFailed: _over,
}
