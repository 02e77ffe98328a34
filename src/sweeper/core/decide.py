"""What to do: `decide(state, stimulus) -> (events, commands)`. Pure; changes nothing.

Two steps. `decide` turns one stimulus into the facts it brings, with what follows for its
own trial. `advance` then looks at the state alone and says what comes next: work to send,
trials to ask for, phases to enter. The controller calls `advance` until it has nothing
more to say, and appends everything that came of one stimulus as one record, so that a
crash never leaves half a decision behind. Because `advance` needs no memory, resuming is
replaying the journal and calling it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sweeper.core import commands as c
from sweeper.core import events as e
from sweeper.core import pruning, retry, rungs, stimuli, wishes
from sweeper.core.budgets import limits
from sweeper.core.endings import MODEL, SETTLING, dropped, give_up, pruned, recall
from sweeper.core.phases import advance
from sweeper.core.records import (
    REFIT,
    Failure,
    FailureKind,
    FoldRun,
    Phase,
    RunKey,
    RunState,
    State,
    Success,
    SweepState,
    Trial,
    TrialState,
)
from sweeper.core.retention import running_out, superfluous
from sweeper.core.scheduling import slot_count
from sweeper.core.scoring import mean, prefix

Decision = tuple[list[e.Event], list[c.Command]]


def decide(state: State, stimulus: stimuli.Stimulus) -> Decision:
    """The facts a stimulus brings and what must be done about them at once.

    News of a run that is no longer open (a late answer of an old attempt) is nothing.
    """
    return _DECIDE[type(stimulus)](state, stimulus)


def _launched(state: State, s: stimuli.Launched) -> Decision:
    events: list[e.Event] = [
        e.SweepLaunched(s.t, s.wall, s.host, s.pid, s.environment, s.looks, s.changes)
    ]
    for queue in state.slots.values():
        events += [e.FoldLost(s.t, key, "its controller ended") for key in queue]
    if s.data is not None:
        events.append(e.DataChanged(s.t, s.data.data, s.data.splits, s.author))
    if s.edit is not None:
        events += wishes.edited(state, s.t, s.edit, s.author, filed=s.edit.spec)
    for loan in s.loans:
        if loan.sweep_id not in state.borrowed:
            events.append(e.HistoryTaken(s.t, loan.sweep, loan.sweep_id, loan.entries))
    return events, []


def _capacity(state: State, s: stimuli.CapacityChanged) -> Decision:
    if s.nodes == state.nodes:
        return [], []
    return [e.CapacitySeen(s.t, s.nodes)], []


def _suggested(state: State, s: stimuli.Suggested) -> Decision:
    if s.trial not in state.asking:
        return [], []
    return [e.TrialSampled(s.t, s.trial, s.params, "sampler", s.seconds)], []


def _exhausted(state: State, s: stimuli.Exhausted) -> Decision:
    if s.trial not in state.asking:
        return [], []
    return [e.SamplerExhausted(s.t, s.trial, s.reason)], []


def _sampling_failed(state: State, s: stimuli.SamplingFailed) -> Decision:
    return _fail(state, s.t, f"the sampler failed at trial {s.trial}: {s.error}")


def _run_ended(state: State, s: stimuli.RunEnded) -> Decision:
    trial, run = _open_run(state, s.run)
    if trial is None or run is None:
        return [], []
    if isinstance(s.outcome, Success):
        return _succeeded(state, trial, s, s.outcome)
    return _failed(state, trial, s, s.outcome)


def _open_run(state: State, key: RunKey) -> tuple[Trial | None, FoldRun | None]:
    trial = state.trials.get(key.trial)
    if trial is None:
        return None, None
    run = next((r for r in reversed(trial.runs) if r.key == key), None)
    if run is None or run.state is not RunState.RUNNING:
        return None, None
    return trial, run


def _succeeded(state: State, trial: Trial, s: stimuli.RunEnded, outcome: Success) -> Decision:
    events: list[e.Event] = [e.FoldSucceeded(s.t, s.run, outcome, s.artifacts)]
    if s.run.fold == REFIT and MODEL not in s.artifacts:
        after, orders = _fail(state, s.t, "the refit left no model", s.run)
        return events + after, orders
    if s.run.fold < 0:
        return events, []
    folds = state.splits.folds
    seen = _with(trial, s.run.fold, outcome)
    running = trial.state is TrialState.RUNNING
    if running:  # in the order of the folds, also when they came in another
        verdict = pruning.judge(state, seen, prefix(trial, folds), prefix(seen, folds))
        if verdict is not None:
            return [*events, pruned(state, s.t, trial, verdict)], recall(trial, but=s.run.fold)
    back = trial.state is TrialState.PRUNED and _searching(state) and bool(trial.curve)
    if len(seen.scores) == folds and (back or running):
        name = state.spec.metric.name
        value = mean([seen.scores[k][name] for k in range(folds)])
        if back:
            events.append(e.TrialRevived(s.t, trial.number, "it had finished all the same"))
        events.append(e.TrialCompleted(s.t, trial.number, value, f"all {folds} folds"))
    return events, []


def _searching(state: State) -> bool:
    return state.phase in (Phase.SEARCH, Phase.REVIVAL) and not state.spent


def _with(trial: Trial, fold: int, outcome: Success) -> Trial:
    """The trial as it will be, for looking at only."""
    return Trial(
        trial.number,
        trial.params,
        trial.origin,
        trial.sampled,
        scores={**trial.scores, fold: outcome.scores},
    )


def _failed(state: State, trial: Trial, s: stimuli.RunEnded, failure: Failure) -> Decision:
    if not failure.charged or failure.kind is FailureKind.PREEMPTED:
        return [e.FoldLost(s.t, s.run, failure.message, failure.kind)], []
    if s.run.fold >= 0 and trial.state is not TrialState.RUNNING:
        return [e.FoldFailed(s.t, s.run, failure, False, "its trial had ended")], []
    again = retry.judge(state, trial, s.run.fold, failure)
    events: list[e.Event] = [
        e.FoldFailed(s.t, s.run, failure, again.retry, again.reason, again.pause)
    ]
    if again.retry:
        return events, []
    reason = f"{failure.error}: {failure.message}" if failure.message else failure.error
    if s.run.fold < 0:
        after, orders = _fail(state, s.t, f"{_final(s.run.fold)} failed: {reason}", s.run)
        return events + after, orders
    events.append(
        e.TrialFailed(
            s.t,
            trial.number,
            f"fold {s.run.fold}: {reason}",
            bad=failure.kind in retry.TAUGHT,
        )
    )
    alike = retry.common_cause(state, failure)
    if alike is not None and alike >= max(3, slot_count(state)):
        why = f"the first {alike} trials all failed with {reason}"
        after, orders = _fail(state, s.t, why, s.run)
        return events + after, orders
    return events, recall(trial, but=s.run.fold)


def _final(fold: int) -> str:
    return "the refit" if fold == REFIT else "the look at the holdout"


def _fail(state: State, t: float, reason: str, ended: RunKey | None = None) -> Decision:
    """End the sweep with an error; leaving ends what runs, except for what just ended."""
    underway = (key for queue in state.slots.values() for key in queue if key != ended)
    events: list[e.Event] = [e.FoldCancelled(t, key, "the sweep failed") for key in underway]
    return [*events, e.SweepFailed(t, reason)], [c.Finish(reason)]


def _checkpoint(state: State, s: stimuli.CheckpointMade) -> Decision:
    _, run = _open_run(state, s.run)
    if run is None:
        return [], []
    events, orders = dropped(state, s.t, superfluous(state, s.run, s.checkpoint.size))
    events = [e.CheckpointWritten(s.t, s.run, s.checkpoint), *events]
    short = running_out(state, s.checkpoint.size, s.room)
    if short and state.status is SweepState.RUNNING and not state.stopping:
        events.append(e.SweepPaused(s.t, short))
    return events, orders


def _reported(state: State, s: stimuli.Reported) -> Decision:
    """A run is not kept waiting for the verdict: what it does meanwhile is not lost, and a
    rung's comparison is of what was reported there, however much later it is decided. So
    what a run says of its next rung after its trial was set aside is kept for then."""
    trial, run = _open_run(state, s.run)
    if trial is None or run is None:
        return [], []
    rung = rungs.reached(state, trial, s.run.fold, s.step)
    if rung is None:
        return [], []
    step, value = trial.ahead.get(rung, (s.step, s.value))
    events: list[e.Event] = [e.CurveReported(s.t, s.run, step, value, rung)]
    if trial.state is not TrialState.RUNNING:
        later = trial.state is TrialState.PRUNED and state.spec.search.pruner.halving
        return events if later and rung not in trial.ahead else [], []
    verdict = rungs.judge(state, trial, rung, value)
    if verdict is None:
        return events, []
    return [*events, pruned(state, s.t, trial, verdict)], recall(trial, grace=SETTLING)


def _cancelled(state: State, s: stimuli.RunCancelled) -> Decision:
    trial, run = _open_run(state, s.run)
    if trial is None or run is None:
        return [], []
    back = trial.state is TrialState.RUNNING
    ended = "its trial had been set aside" if back else "its trial had ended"
    reason = "the sweep is stopping" if state.stopping else ended
    return [e.FoldCancelled(s.t, s.run, reason, s.usage)], []


def _registration(state: State, s: stimuli.RegistrationEnded) -> Decision:
    if not state.registering:
        return [], []
    if s.later:
        return [e.RegistrationPutOff(s.t, s.error), e.StopAsked(s.t, s.error)], []
    if s.version is None:
        return _fail(state, s.t, f"the model could not be registered: {s.error}")
    return [
        e.VersionRegistered(s.t, s.version),
        e.PhaseEntered(s.t, Phase.DONE, "registered"),
    ], []


def _stop(state: State, s: stimuli.StopRequested) -> Decision:
    return wishes.stop(state, s.t, s.reason, s.now)


def _ticked(state: State, s: stimuli.ClockTicked) -> Decision:
    if not _searching(state) or state.stopping or state.status is SweepState.PAUSED:
        return [], []
    over = next((limit for limit in limits(state, s.t) if limit.over), None)
    if over is None:
        return [], []
    why = f"{over.words} is spent"
    kept = f", {over.kept:.3g} of it kept for the refit" if over.kept else ""
    events, orders = give_up(state, s.t, why)
    return [e.BudgetSpent(s.t, why + kept), *events], orders


_DECIDE: dict[type, Callable[[State, Any], Decision]] = {
    stimuli.Launched: _launched,
    stimuli.Requested: wishes.take,
    stimuli.CapacityChanged: _capacity,
    stimuli.Suggested: _suggested,
    stimuli.Exhausted: _exhausted,
    stimuli.SamplingFailed: _sampling_failed,
    stimuli.RunEnded: _run_ended,
    stimuli.CheckpointMade: _checkpoint,
    stimuli.Reported: _reported,
    stimuli.RunCancelled: _cancelled,
    stimuli.RegistrationEnded: _registration,
    stimuli.StopRequested: _stop,
    stimuli.ClockTicked: _ticked,
}

__all__ = ["advance", "decide"]
