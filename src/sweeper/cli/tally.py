"""What changed since the last look, and counts kept up at the cost of what changed.

The live view looks at the state five times a second, from inside the controller's loop. It
must not walk through 100,000 trials each time: only trials that are running, new, or still
have runs in flight can have changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from sweeper import view
from sweeper.cli.text import duration, number, one_line, plural, shorten, with_spread
from sweeper.core.records import (
    LIVE,
    FoldRun,
    Phase,
    RunState,
    State,
    SweepState,
    Taken,
    Trial,
    TrialState,
)

PHASES = {
    Phase.SEARCH: "searching",
    Phase.REVIVAL: "second chances: missing folds of stopped trials that might still win",
    Phase.REFIT: "training the winner on all training rows",
    Phase.HOLDOUT: "scoring the saved model on the holdout",
    Phase.REGISTER: "registering",
    Phase.DONE: "done",
}

PAUSED = "paused: what runs goes on to its end, nothing new is sent out"

CATCHING_UP = "over; MLflow is being brought up to date"

REASON = 100
"""Characters of a reason that a progress line has room for; `sweeper show` has it whole."""


@dataclass(frozen=True, slots=True)
class Change:
    """Something worth a line. `notable`: worth it at once, however busy the sweep is."""

    text: str
    style: str = ""  # complete | pruned | failed | running | "": the colour it may have
    notable: bool = False


@dataclass(frozen=True, slots=True)
class _Seen:
    """A trial's part in the counts, as last added."""

    state: TrialState
    revived: int
    folds: tuple[tuple[RunState, int], ...]


class Tally:
    """Counts of a live state. `update` is the only way in."""

    def __init__(self) -> None:
        self.counts = view.Counts()
        self._seen: dict[int, _Seen] = {}
        self._watched: set[int] = set()
        self._taken = 0
        self._now = PHASES[Phase.SEARCH]

    @property
    def ended(self) -> int:
        trials = self.counts.trials
        return trials.total() - trials[TrialState.RUNNING]

    def update(self, state: State) -> list[Change]:
        """Brings the counts up to date; what happened since the last call, in order.

        The first look at a sweep that was launched before tells nothing of its past.
        """
        past = not self._seen and state.launches > 1
        changed = self._enter(state)
        more = [*self._asked(state), *self._sweep(state)]
        if past:
            return []
        return [
            change for trial, before in changed for change in _told(state, trial, before)
        ] + more

    def _touched(self, state: State) -> list[int]:
        """Trials that may have changed: watched ones, running ones, new ones."""
        new = islice(reversed(state.trials), len(state.trials) - len(self._seen))
        in_flight = {key.trial for runs in state.slots.values() for key in runs}
        now = state.running | in_flight
        touched = self._watched | now | set(new)
        self._watched = now
        return sorted(touched)

    def _enter(self, state: State) -> list[tuple[Trial, _Seen | None]]:
        """Trials whose part in the counts changed, and what it was before."""
        changed = []
        for which in self._touched(state):
            trial, before = state.trials[which], self._seen.get(which)
            folds = view.run_counts(trial)
            after = _Seen(trial.state, trial.revived, tuple(folds.items()))
            if before == after:
                continue
            self._seen[which] = after
            if before is not None:
                self.counts.trials[before.state] -= 1
                self.counts.folds.subtract(dict(before.folds))
            self.counts.add(trial)
            changed.append((trial, before))
        return changed

    def _asked(self, state: State) -> list[Change]:
        """What people asked of the sweep meanwhile."""
        news = state.taken[self._taken :]
        self._taken = len(state.taken)
        return [Change(asked_line(taken), notable=True) for taken in news]

    def _sweep(self, state: State) -> list[Change]:
        now = now_line(state)
        if now == self._now:
            return []
        self._now = now
        return [Change(now, notable=True)]


def _told(state: State, trial: Trial, before: _Seen | None) -> list[Change]:
    """What to say of a trial whose part in the counts changed."""
    changes = []
    failed = dict(before.folds).get(RunState.FAILED, 0) if before is not None else 0
    news = [run for run in trial.runs if run.state is RunState.FAILED and run.key.fold >= 0]
    if trial.state is not TrialState.FAILED:
        changes += [fold_change(run) for run in news[failed:]]
    revived = before.revived if before is not None else 0
    if trial.revived > revived:
        changes.append(
            Change(f"trial {trial.number} runs again: {reason(trial.reason)}", "running")
        )
    if trial.state is not TrialState.RUNNING and (
        before is None or before.state is not trial.state
    ):
        changes.append(end_change(state, trial))
    return changes


def fold_change(run: FoldRun) -> Change:
    key = run.key
    why = reason(view.run_reason(run))
    return Change(
        f"trial {key.trial} fold {key.fold} attempt {key.attempt} failed: {why}", "failed"
    )


def asked_line(taken: Taken) -> str:
    """A request in one line: who, what, and why not."""
    refused = f": refused, {taken.refused}" if taken.refused else ""
    return f"{taken.author}: {one_line(taken.what)}{refused}"


def end_change(state: State, trial: Trial) -> Change:
    """A trial's end in one line."""
    why = reason(trial.reason)
    if trial.state is TrialState.COMPLETE:
        value = with_spread(trial.value, view.spread(state, trial))
        seconds = sum(run.outcome.seconds for run in trial.runs if run.outcome is not None)
        took = f"{plural(len(trial.scores), 'fold')} in {duration(seconds)}"
        best = state.best is trial and len(state.ranking) > 1
        said = (
            f"trial {trial.number} complete: {value} ({took}){', the best so far' if best else ''}"
        )
        return Change(said, "complete", notable=best)
    if trial.state is TrialState.PRUNED:
        return Change(f"trial {trial.number} pruned: {why}", "pruned")
    return Change(f"trial {trial.number} failed: {why}", "failed")


def reason(text: str) -> str:
    return shorten(one_line(text), REASON)


def now_line(state: State) -> str:
    """What the sweep is at."""
    if state.status is SweepState.PAUSED and not state.stopping:
        return PAUSED
    if state.status not in LIVE:
        return CATCHING_UP if state.spec.tracking.enabled else "over"
    return f"stopping: {state.stopping}" if state.stopping else PHASES[state.phase]


def standing_line(state: State, tally: Tally) -> str:
    """The counts in one line, for plain output."""
    trials = tally.counts.trials
    total = state.spec.budget.trials
    of = f" of {total:,}" if total is not None else ""
    parts = [f"{trials[TrialState.COMPLETE]:,} complete"]
    for each in (TrialState.PRUNED, TrialState.FAILED):
        if trials[each]:
            parts.append(f"{trials[each]:,} {each}")
    best = state.best
    said = f"; best {number(best.value)} (trial {best.number})" if best is not None else ""
    return f"{', '.join(parts)}{of}{said}"
