"""Replays of sweeps: the real core over known fold scores, in simulated time, without Ray.

Only the fits are pretended: what is decided, sent, cancelled and revived is decided by
`sweeper.core`. A fold that has begun when its trial is stopped runs to its end and counts.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sweeper.core import commands as c
from sweeper.core import stimuli
from sweeper.core.decide import advance, decide
from sweeper.core.events import SweepCreated
from sweeper.core.evolve import evolve
from sweeper.core.records import HistoryEntry, Node, Phase, RunKey, SplitDigest, State, Success
from sweeper.core.rooms import Slot
from sweeper.core.space import Space
from sweeper.core.specs import Budget, Goal, Metric, PrunerSpec, SearchSpec, SweepSpec

Suggest = Callable[[int, Sequence[HistoryEntry]], dict[str, Any]]
Score = Callable[[dict[str, Any], int], float]


@dataclass(frozen=True)
class Setting:
    """Everything about a sweep but its scores."""

    pruner: str
    folds: int
    trials: int
    goal: Goal = Goal.MAXIMIZE
    slots: int = 1
    concurrency: int | None = 1
    seconds: float = 1.0  # per fold, before ± 30 %
    sampler: str = "random"
    limit: int | None = None  # end abruptly after so many fits
    seed: int = 0


@dataclass
class Replay:
    """What a replayed sweep came to. `leaders[i]`: the best complete trial after i + 1 fits."""

    state: State
    fits: int = 0
    revival: int = 0  # of the fits, those of stopped trials that came back
    leaders: list[int | None] = field(default_factory=list)

    @property
    def winner(self) -> int:
        if self.state.best is None:
            raise AssertionError("a replay ends with a winner")
        return self.state.best.number


def replay(setting: Setting, suggest: Suggest, score: Score) -> Replay:
    """Run one sweep to its end, or to its limit of fits."""
    return _Machine(setting, suggest, score).run()


class _Machine:
    """Slots that work off their queues one fold at a time."""

    def __init__(self, setting: Setting, suggest: Suggest, score: Score) -> None:
        self._setting, self._suggest, self._score = setting, suggest, score
        self._result = Replay(evolve(None, _created(setting)))
        self._rng = random.Random(setting.seed)
        self._queues: dict[Slot, deque[RunKey]] = {}
        self._busy: list[tuple[float, Slot, RunKey]] = []
        self._over = False
        self._t = 0.0

    def run(self) -> Replay:
        self._feed(stimuli.Launched(0.0, 0.0, "replay", 1, {}))
        self._feed(stimuli.CapacityChanged(0.0, (Node("n", self._setting.slots),)))
        while not self._over and self._busy:
            self._t, slot, key = heapq.heappop(self._busy)
            self._ended(key)
            self._begin(slot)
            if self._setting.limit is not None and self._result.fits >= self._setting.limit:
                break
        return self._result

    def _ended(self, key: RunKey) -> None:
        result = self._result
        result.fits += 1
        result.revival += result.state.phase is Phase.REVIVAL
        value = self._score(result.state.trials[key.trial].params, key.fold)
        outcome = Success({"m": value}, self._setting.seconds)
        self._feed(stimuli.RunEnded(self._t, key, outcome))
        best = result.state.best
        result.leaders.append(best.number if best else None)

    def _begin(self, slot: Slot) -> None:
        if any(slot == busy for _, busy, _ in self._busy) or not self._queues.get(slot):
            return
        took = self._setting.seconds * self._rng.uniform(0.7, 1.3)
        heapq.heappush(self._busy, (self._t + took, slot, self._queues[slot].popleft()))

    def _feed(self, stimulus: stimuli.Stimulus) -> None:
        """Decide one stimulus and all that follows, then carry out the commands."""
        state, orders = self._result.state, []
        events, commands = decide(state, stimulus)
        while events or commands:
            for event in events:
                evolve(state, event)
            orders += commands
            if any(isinstance(command, c.Finish) for command in commands):
                self._over = True
                break
            events, commands = advance(state, stimulus.t)
        for command in orders:
            self._execute(command)

    def _execute(self, command: c.Command) -> None:
        match command:
            case c.Ask(trial):
                state = self._result.state
                running = [
                    HistoryEntry(n, state.trials[n].params, None, running=True)
                    for n in sorted(state.running)
                ]
                params = self._suggest(trial, [*state.history, *running])
                self._feed(stimuli.Suggested(self._t, trial, params, 0.0))
            case c.Dispatch(slot, runs):
                self._queues.setdefault(slot, deque()).extend(runs)
                self._begin(slot)
            case c.Cancel(runs, _):
                for key in runs:
                    self._cancel(key)

    def _cancel(self, key: RunKey) -> None:
        for queue in self._queues.values():
            if key in queue:
                queue.remove(key)
                self._feed(stimuli.RunCancelled(self._t, key))


def _created(setting: Setting) -> SweepCreated:
    spec = SweepSpec(
        name="replay",
        seed=setting.seed,
        metric=Metric("m", setting.goal),
        space=Space(),
        search=SearchSpec(setting.sampler, PrunerSpec(setting.pruner), setting.concurrency),
        budget=Budget(setting.trials),
        refit=False,
    )
    splits = SplitDigest(setting.folds, (1,) * setting.folds, "")
    return SweepCreated(0.0, 0.0, spec, splits, None, setting.sampler, "")
