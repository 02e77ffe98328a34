"""What people ask of a sweep while it runs, rests or is over, and what comes of it.

Every request leaves a `RequestTaken`, refused or not; read twice, it counts once.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from sweeper.core import commands as c
from sweeper.core import events as e
from sweeper.core.endings import recall
from sweeper.core.evolve import begun
from sweeper.core.merge import merge
from sweeper.core.records import LIVE, State, SweepState, TrialState
from sweeper.core.specs import SweepSpec
from sweeper.core.stimuli import CancelTrial, Edit, Enqueue, Pause, Requested, Resume, Stop

Decision = tuple[list[e.Event], list[c.Command]]

DRAIN = 7.0
"""Seconds running folds have to finish when the sweep is asked to stop."""


class _Refused(Exception):
    """Why a wish cannot be granted."""


def take(state: State, s: Requested) -> Decision:
    """The request on record, with what it brings about or why it is refused."""
    if s.id in state.requests:
        return [], []
    what = _WORDS[type(s.wish)](s.wish)
    try:
        events, commands = _GRANT[type(s.wish)](state, s, s.wish)
    except _Refused as reason:
        return [e.RequestTaken(s.t, s.id, s.author, what, refused=str(reason))], []
    return [e.RequestTaken(s.t, s.id, s.author, what), *events], commands


def stop(state: State, t: float, reason: str, now: bool) -> Decision:
    """Drain, or end what runs at once; asked again, only the latter is news."""
    if state.status not in LIVE:
        return [], []
    runs = tuple(key for queue in state.slots.values() for key in queue)
    orders: list[c.Command] = [c.Cancel(runs, 0.0 if now else DRAIN)] if runs else []
    if state.stopping:
        return [], orders
    return [e.StopAsked(t, reason)], orders


def edited(
    state: State, t: float, edit: Edit, author: str, filed: SweepSpec | None = None
) -> list[e.Event]:
    """Settings as they are after the edit. `filed`: what the config file says, if it is one.

    What has begun has begun: a budget of fewer trials becomes one of so many.
    """
    spec = merge(edit.base, state.spec, edit.spec)
    if spec.budget.trials is not None and spec.budget.trials < begun(state):
        least = dataclasses.replace(spec.budget, trials=begun(state))
        spec = dataclasses.replace(spec, budget=least)
    if spec == state.spec and filed in (None, state.filed):
        return []
    sets = edit.sets if filed is not None else (*state.sets, *edit.sets)
    return [e.SettingsChanged(t, spec, edit.changes, author, filed, sets)]


def _stop(state: State, s: Requested, wish: Stop) -> Decision:
    if state.status not in LIVE:
        raise _Refused(f"the sweep is {state.status}")
    return stop(state, s.t, f"{s.author} asked for it", wish.now)


def _pause(state: State, s: Requested, wish: Pause) -> Decision:
    if state.status is not SweepState.RUNNING or state.stopping:
        raise _Refused(f"the sweep is {'stopping' if state.stopping else state.status}")
    return [e.SweepPaused(s.t, f"{s.author} asked for it")], []


def _resume(state: State, s: Requested, wish: Resume) -> Decision:
    if state.status is not SweepState.PAUSED or state.stopping:
        raise _Refused(f"the sweep is {'stopping' if state.stopping else state.status}")
    return [e.SweepResumed(s.t, f"{s.author} asked for it")], []


def _edit(state: State, s: Requested, wish: Edit) -> Decision:
    events = edited(state, s.t, wish, s.author)
    if not events:
        trials = wish.spec.budget.trials
        if trials is not None and trials < begun(state):
            raise _Refused(f"{begun(state)} trials have begun already")
        raise _Refused("the sweep has these settings already")
    return events, []


def _enqueue(state: State, s: Requested, wish: Enqueue) -> Decision:
    """A budget that has no room for them grows by as many."""
    events: list[e.Event] = []
    budget = state.spec.budget
    begun = len(state.trials) + len(state.asking) + len(state.queue) + len(wish.params)
    if budget.trials is not None and begun > budget.trials:
        larger = dataclasses.replace(budget, trials=begun)
        spec = dataclasses.replace(state.spec, budget=larger)
        changes = (("budget.trials", budget.trials, begun),)
        events.append(e.SettingsChanged(s.t, spec, changes, s.author))
    return [*events, *(e.TrialEnqueued(s.t, params) for params in wish.params)], []


def _cancel(state: State, s: Requested, wish: CancelTrial) -> Decision:
    trial = state.trials.get(wish.trial)
    if trial is None:
        raise _Refused(f"there is no trial {wish.trial}")
    if trial.state is not TrialState.RUNNING:
        raise _Refused(f"trial {wish.trial} is {trial.state}")
    return [e.TrialFailed(s.t, trial.number, f"cancelled by {s.author}")], recall(trial)


_GRANT: dict[type, Callable[[State, Requested, Any], Decision]] = {
    Stop: _stop,
    Pause: _pause,
    Resume: _resume,
    Edit: _edit,
    Enqueue: _enqueue,
    CancelTrial: _cancel,
}


def _edit_words(wish: Edit) -> str:
    told = (
        f"{key.removeprefix('space.')} {short(old)} → {short(new)}"
        for key, old, new in wish.changes
    )
    return ", ".join(("edit", *wish.sets)) if not wish.changes else f"edit {', '.join(told)}"


def short(value: object) -> str:
    """A setting's value in at most 60 characters."""
    text = "none" if value is None else str(value)
    return text if len(text) <= 60 else text[:57] + "…"


_WORDS: dict[type, Callable[[Any], str]] = {
    Stop: lambda wish: "stop now" if wish.now else "stop",
    Pause: lambda wish: "pause",
    Resume: lambda wish: "resume",
    Edit: _edit_words,
    Enqueue: lambda wish: f"enqueue {len(wish.params)}",
    CancelTrial: lambda wish: f"cancel {wish.trial}",
}
