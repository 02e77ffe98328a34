"""What comes next, from the state alone: `advance(state, t) -> (events, commands)`.

One step at a time; called again after its events are applied, until it returns nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

from sweeper.core import commands as c
from sweeper.core import events as e
from sweeper.core import pruning, racing, rungs, scheduling
from sweeper.core.endings import GRACE, MODEL, dropped, give_up, pruned, winning_model
from sweeper.core.evolve import ENQUEUED, room
from sweeper.core.records import HOLDOUT, LIVE, REFIT, Phase, RunKey, State, SweepState, Trial
from sweeper.core.retention import superfluous
from sweeper.core.scoring import fold_values, mean, prefix

Decision = tuple[list[e.Event], list[c.Command]]


def advance(state: State, t: float) -> Decision:
    """The next step, or nothing where the sweep waits for the outside."""
    if state.status not in LIVE or not state.launches:
        return [], []
    if state.stopping:
        return _drain(state, t)
    if state.status is SweepState.PAUSED:
        return [], []
    if state.reopened and not state.registering:
        return _reopen(state, t)
    return _PHASES[state.phase](state, t)


def _reopen(state: State, t: float) -> Decision:
    """Back to the search; a refit or a look that is under way is of no more use."""
    finals = [key for queue in state.slots.values() for key in queue if key.fold < 0]
    events: list[e.Event] = [e.FoldCancelled(t, key, "the search goes on") for key in finals]
    orders: list[c.Command] = [c.Cancel(tuple(finals), GRACE)] if finals else []
    return [*events, e.PhaseEntered(t, Phase.SEARCH, "there is more to try")], orders


def _drain(state: State, t: float) -> Decision:
    if state.slots or state.asking or state.registering:
        return [], []
    return [e.SweepInterrupted(t, state.stopping)], [c.Finish(state.stopping)]


def _search(state: State, t: float) -> Decision:
    reached = _target(state)
    if reached:
        return _end_search(state, t, reached)
    sent = _send(state, t)
    if sent[0]:
        return sent
    back = _take_up(state, t)
    if back:
        return back, []
    asked = _ask(state, t)
    if asked[0]:
        return asked
    if state.running or state.asking or state.slots:
        return [], []
    if not state.nodes and not state.spent and (_may_ask(state) or rungs.promotable(state)):
        return [], []
    return _after_search(state, t)


def _target(state: State) -> str:
    """Why the metric's target is reached, or nothing."""
    metric = state.spec.metric
    if metric.target is None or state.best is None or state.best.value is None:
        return ""
    if metric.goal.sign * (state.best.value - metric.target) < 0:
        return ""
    return f"trial {state.best.number} reached the target {metric.target:g}"


def _end_search(state: State, t: float, reason: str) -> Decision:
    """The target is reached: what still runs is called back."""
    events, orders = give_up(state, t, reason)
    return [*events, e.PhaseEntered(t, _after_winner(state), reason)], orders


def _send(state: State, t: float) -> Decision:
    batches = scheduling.assignments(state, t)
    events: list[e.Event] = [e.FoldsDispatched(t, slot, runs) for slot, runs in batches]
    return events, [c.Dispatch(slot, runs) for slot, runs in batches]


def _take_up(state: State, t: float) -> list[e.Event]:
    """A trial that was set aside at a rung and is among the best there by now."""
    if not state.aside or not state.nodes or state.spent or _full(state):
        return []
    found = rungs.promotable(state)
    return [] if found is None else _revived(state, t, state.trials[found[0]], found[1])


def wants_room(state: State) -> bool:
    """Whether there is work that waits for nothing but a free place."""
    if state.status is not SweepState.RUNNING or state.stopping:
        return False
    if state.phase in (Phase.SEARCH, Phase.REVIVAL):
        return bool(len(state.line)) or (_may_ask(state) and not _full(state))
    return state.phase in (Phase.REFIT, Phase.HOLDOUT) and not state.slots


def _full(state: State) -> bool:
    return len(state.running) + len(state.asking) >= scheduling.concurrency(state)


def _may_ask(state: State) -> bool:
    if state.spent:
        return False
    return bool(state.queue) or (not state.exhausted and room(state, state.spec.budget.trials))


def _ask(state: State, t: float) -> Decision:
    """Begin a trial by hand, or ask the sampler for one; a grid is asked one by one."""
    if not state.nodes or not _may_ask(state):
        return [], []
    if _full(state):
        return [], []
    number = _next_number(state)
    if state.queue:
        return [e.TrialSampled(t, number, state.queue[0], ENQUEUED, 0.0)], []
    if state.sampler == "grid" and state.asking:
        return [], []
    return [e.TrialAsked(t, number)], [c.Ask(number)]


def _next_number(state: State) -> int:
    """The smallest number not in use. A crash may leave a gap: an ask that was never answered."""
    used = len(state.trials) + len(state.asking)
    if max(state.highest, *state.asking, -1) < used:
        return used
    return next(n for n in itertools.count() if n not in state.trials and n not in state.asking)


def _after_search(state: State, t: float) -> Decision:
    if state.best is None:
        why = _nobody(state)
        return [e.SweepFinished(t, why)], [c.Finish(why)]
    reason = _search_over(state)
    if state.spec.search.pruner.name == "racing" and state.aside and not state.spent:
        return [e.PhaseEntered(t, Phase.REVIVAL, reason)], []
    return [e.PhaseEntered(t, _after_winner(state), reason)], []


def _nobody(state: State) -> str:
    """Why no trial won."""
    if not state.ranking or state.spec.register is None:
        return f"none of {len(state.trials)} trials succeeded"
    limits = " and ".join(f"{name} {limit:g}" for name, limit in state.spec.register.within)
    return f"none of {len(state.ranking)} complete trials keeps within {limits}"


def _search_over(state: State) -> str:
    if state.spent:
        return state.spent
    if state.exhausted:
        return "the sampler has no further point"
    return f"all {len(state.trials)} trials are done"


def _revival(state: State, t: float) -> Decision:
    """Stopped trials come back, likeliest first, until the rest together hardly matter."""
    sent = _send(state, t)
    if sent[0]:
        return sent
    field = racing.field_of(state)
    if field is None or state.spent:
        why = "nothing left for stopped trials" if state.spent else "too few complete trials"
        return _wait_or(state, t, why)
    room = (state.spec.search.concurrency or max(1, scheduling.slot_count(state))) - len(
        state.running
    )
    if room <= 0:
        return [], []
    back = racing.revivals(state, field)
    if not back:
        return _wait_or(
            state, t, f"the stopped trials' chance of winning is below {racing.RESIDUE}"
        )
    events: list[e.Event] = []
    for number, chance in back[:room]:
        why = f"chance {chance:.2g} of winning"
        events += _revived(state, t, state.trials[number], why)
    return events, []


def _revived(state: State, t: float, trial: Trial, why: str) -> list[e.Event]:
    """It goes on with the scores that have come in since it was stopped: one after the other,
    as if they came now."""
    events: list[e.Event] = [e.TrialRevived(t, trial.number, why)]
    folds = state.splits.folds
    verdict = pruning.judge(state, trial, trial.judged, prefix(trial, folds))
    if verdict is not None:
        events.append(pruned(state, t, trial, verdict))
    elif len(trial.scores) == folds:
        value = mean(fold_values(state, trial))
        events.append(e.TrialCompleted(t, trial.number, value, "all folds were there"))
    return events


def _wait_or(state: State, t: float, reason: str) -> Decision:
    if state.running or state.slots:
        return [], []
    return [e.PhaseEntered(t, _after_winner(state), reason)], []


def _after_winner(state: State) -> Phase:
    """The phase that follows the search."""
    return Phase.REFIT if state.spec.refit else _after_refit(state)


def _after_refit(state: State) -> Phase:
    if state.data is not None and state.data.holdout_rows:
        return Phase.HOLDOUT
    return _after_holdout(state)


def _after_holdout(state: State) -> Phase:
    return Phase.REGISTER if state.spec.register is not None else Phase.DONE


def _refit(state: State, t: float) -> Decision:
    if MODEL in state.artifacts:
        return [e.PhaseEntered(t, _after_refit(state), "the winner is trained on all rows")], []
    return _final(state, t, REFIT, [])


def _holdout(state: State, t: float) -> Decision:
    if state.holdout is not None:
        return [e.PhaseEntered(t, _after_holdout(state), f"look {state.look}")], []
    if winning_model(state) is None:
        return _no_model(t)
    digest = state.data.holdout if state.data else ""
    return _final(state, t, HOLDOUT, [e.HoldoutLooked(t, state.look + 1, digest)])


def _final(state: State, t: float, fold: int, before: list[e.Event]) -> Decision:
    """Send the one run that the refit or the look at the holdout is."""
    if state.best is None:
        raise AssertionError("a phase after the search without a winner")
    key: RunKey | None = scheduling.final_runs(state, state.best, fold)
    slot = scheduling.final_slot(state, state.best, fold)
    if key is None or slot is None or state.best.resting.get(fold, 0.0) > t:
        return [], []
    return [*before, e.FoldsDispatched(t, slot, (key,))], [c.Dispatch(slot, (key,))]


def _register(state: State, t: float) -> Decision:
    if state.registering or state.best is None:
        return [], []
    if winning_model(state) is None:
        return _no_model(t)
    number = state.best.number
    return [e.RegistrationAsked(t, number)], [c.Register(number)]


def _no_model(t: float) -> Decision:
    reason = "no fold of the winner saved a model, and `refit: false` trains none"
    return [e.SweepFailed(t, reason)], [c.Finish(reason)]


def _done(state: State, t: float) -> Decision:
    if state.slots:
        return [], []
    gone = superfluous(state)
    if gone:
        return dropped(state, t, gone)
    best = state.best
    reason = f"trial {best.number} won" if best else "done"
    return [e.SweepFinished(t, reason)], [c.Finish(reason)]


_PHASES: dict[Phase, Callable[[State, float], Decision]] = {
    Phase.SEARCH: _search,
    Phase.REVIVAL: _revival,
    Phase.REFIT: _refit,
    Phase.HOLDOUT: _holdout,
    Phase.REGISTER: _register,
    Phase.DONE: _done,
}
