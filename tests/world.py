"""A small world around the pure core: no threads, no clock, no Ray.

`World` plays controller, sampler and executor: it takes commands, and answers them in the
order that the test asks for. Every record goes through the codec, so that what a restart
replays is what the disk would hold.
"""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from sweeper.core import codec, rungs, stimuli
from sweeper.core import commands as c
from sweeper.core.decide import advance, decide
from sweeper.core.events import Event, SweepCreated
from sweeper.core.evolve import evolve, replay
from sweeper.core.invariants import violations
from sweeper.core.records import (
    HOLDOUT,
    REFIT,
    Artifact,
    Checkpoint,
    DataDigest,
    Failure,
    FailureKind,
    Node,
    Outcome,
    Registered,
    RunKey,
    SplitDigest,
    State,
    Success,
)
from sweeper.core.space import Dimension, Range, Space
from sweeper.core.specs import (
    Budget,
    Goal,
    Metric,
    PrunerSpec,
    RegisterSpec,
    Retries,
    SearchSpec,
    SweepSpec,
)
from sweeper.execution.sieve import Sieve

Score = Callable[[int, int], float]
Curve = Callable[[int, int, int], float]


def spec(
    trials: int = 8,
    pruner: str | PrunerSpec = "racing",
    concurrency: int | None = None,
    goal: Goal = Goal.MAXIMIZE,
    target: float | None = None,
    time: float | None = None,
    retries: Retries | None = None,
    refit: bool = True,
    register: bool = True,
) -> SweepSpec:
    """A sweep over one parameter in [0, 1] with the metric `m`."""
    return SweepSpec(
        name="toy",
        seed=3,
        metric=Metric("m", goal, target=target),
        space=Space((Dimension("x", Range(0.0, 1.0)),)),
        search=SearchSpec(
            "random", PrunerSpec(pruner) if isinstance(pruner, str) else pruner, concurrency
        ),
        budget=Budget(trials, time),
        retries=retries or Retries(),
        register=RegisterSpec("toy") if register else None,
        refit=refit,
    )


def created(sweep: SweepSpec, folds: int = 5, sampler: str = "random") -> SweepCreated:
    return SweepCreated(
        t=0.0,
        wall=1_700_000_000.0,
        spec=sweep,
        splits=SplitDigest(folds, (10,) * folds, "s" * 64),
        data=DataDigest("d" * 64, 50, (("x", "float64"),), "h" * 64, 10),
        sampler=sampler,
        sampler_reason="named in the config",
    )


@cache
def smooth(trial: int, fold: int) -> float:
    """Trials differ, folds differ, and a little noise that is the same every time."""
    quality = random.Random(trial).random()
    noise = random.Random(trial * 1009 + fold).gauss(0, 0.02)
    return quality + 0.1 * fold + noise


@cache
def cost(trial: int, fold: int) -> float:
    """What a second objective may be: unlike `smooth`, but not against it."""
    return random.Random(trial * 17 + 5).random() + 0.01 * fold


@cache
def learning(trial: int, fold: int, step: int) -> float:
    """A curve that rises to `smooth`; how fast it does differs, so that curves cross."""
    speed = 2 + 10 * random.Random(trial * 31).random()
    return smooth(trial, fold) * (1 - math.exp(-(step + 1) / speed))


@dataclass(slots=True)
class Underway:
    """A run that has begun, and the step that it does next."""

    key: RunKey
    step: int
    sieve: Sieve


class World:
    """Runs the core by hand. `waiting` holds commands that have not been answered, and runs
    that report on their way.

    `curve`: what a run reports at each of its `steps`; it is told to stop at a report. With
    `keep` it writes a checkpoint after every so many steps, which its next attempt goes on
    from.
    """

    def __init__(
        self,
        sweep: SweepSpec,
        folds: int = 5,
        slots: int = 2,
        score: Score = smooth,
        sampler: str = "random",
        curve: Curve | None = None,
        steps: int = 0,
        keep: int = 0,
    ) -> None:
        self.curve, self.steps, self.keep = curve, steps, keep
        self.stops: set[RunKey] = set()
        self.trained: list[tuple[RunKey, int]] = []
        self.records: list[list[dict[str, object]]] = []
        self.score = score
        self.spec = sweep
        self.slots = slots
        self.t = 0.0
        self.waiting: deque[c.Command | Underway] = deque()
        self.ran: list[RunKey] = []
        self.finished = False
        self.state: State | None = None
        self._append([created(sweep, folds, sampler)])
        self.launch()

    def wish(self, wish: stimuli.Wish, id: str = "") -> None:
        """Somebody asks for something."""
        id = id or f"request {len(self.records)}"
        self.feed(stimuli.Requested(self.t, id, "ana", wish))

    def launch(
        self, edit: stimuli.Edit | None = None, data: stimuli.DataChange | None = None
    ) -> None:
        """A controller starts: from the records alone."""
        self.waiting.clear()
        self.stops.clear()
        self.finished = False
        self.state = None
        for record in self.records:
            for body in record:
                self.state = evolve(self.state, codec.decode(body))
        self.t = self.now().now
        self.feed(
            stimuli.Launched(self.t, 1_700_000_000.0 + self.t, "host", 1, {}, "me", edit, data=data)
        )
        self.feed(stimuli.CapacityChanged(self.t, (Node("n", self.slots),)))

    def replayed(self) -> State:
        """What the records alone lead to."""
        return replay(codec.decode(body) for record in self.records for body in record)

    def now(self) -> State:
        assert self.state is not None
        return self.state

    def feed(self, stimulus: stimuli.Stimulus) -> None:
        """Decide one stimulus and all that follows, as one record."""
        events, commands = decide(self.now(), stimulus)
        record: list[Event] = []
        while True:
            for event in events:
                self.state = evolve(self.state, event)
            record += events
            self.waiting += commands
            if any(isinstance(command, c.Finish) for command in commands):
                self.finished = True
                break
            events, commands = advance(self.now(), stimulus.t)
            if not events:
                break
        self._append(record)
        self.check()

    def check(self) -> None:
        assert violations(self.now()) == []

    def rest(self) -> None:
        """Let time pass until a fold that rests is sent again."""
        resting = [t for trial in self.now().trials.values() for t in trial.resting.values()]
        assert max(resting, default=0.0) > self.t, "the sweep waits for nothing and is not over"
        self.t = min(t for t in resting if t > self.t)
        self.feed(stimuli.ClockTicked(self.t))

    def _append(self, record: list[Event]) -> None:
        if record:
            self.records.append([codec.encode(event) for event in record])
            if self.state is None:
                self.state = evolve(None, record[0])

    def answer(self, index: int = 0, outcome: Outcome | None = None) -> None:
        """Carry out one waiting command; `outcome` takes the place of a fold's success."""
        self.waiting.rotate(-index)
        command = self.waiting.popleft()
        self.waiting.rotate(index)
        self.t += 1.0
        match command:
            case c.Ask(trial):
                params = {"x": random.Random(f"x{trial}").random()}
                self.feed(stimuli.Suggested(self.t, trial, params, 0.001))
            case c.Dispatch(_, runs):
                self._run(runs, outcome)
            case Underway(key) if outcome is not None:
                self.stops.discard(key)
                self.feed(stimuli.RunEnded(self.t, key, outcome))
            case Underway():
                self._step(command)
            case c.Cancel(runs, _):
                self._cancel(runs)
            case c.Register():
                version = Registered("toy", 1, "l" * 64, "champion", "first")
                self.feed(stimuli.RegistrationEnded(self.t, version))
            case c.Finish():
                pass

    def _run(self, runs: tuple[RunKey, ...], outcome: Outcome | None) -> None:
        first, rest = runs[0], runs[1:]
        if rest:
            self.waiting.appendleft(c.Dispatch(None, rest))  # type: ignore[arg-type]
        self.ran.append(first)
        if self.steps and first.fold >= 0 and outcome is None:
            kept = self.now().trials[first.trial].checkpoints.get(first.fold, [])
            begin = kept[-1].step + 1 if kept else 0
            sieve = Sieve("m", rungs.watched(self.now(), first))
            self.waiting.append(Underway(first, begin, sieve))
            return
        artifacts = {}
        if first.fold == REFIT:
            artifacts = {"model": Artifact("checkpoints/model.pkl", "m" * 64, 1)}
        self.feed(stimuli.RunEnded(self.t, first, outcome or self._success(first), artifacts))

    def _step(self, run: Underway) -> None:
        """One step of a run, its report, and a checkpoint where one is due; or its end."""
        if run.step >= self.steps:
            self.stops.discard(run.key)
            self.feed(stimuli.RunEnded(self.t, run.key, self._success(run.key)))
            return
        assert self.curve is not None
        self.trained.append((run.key, run.step))
        if self.keep and (run.step + 1) % self.keep == 0:
            kept = Checkpoint(run.step, f"{run.key}", "c" * 64, 1)
            self.feed(stimuli.CheckpointMade(self.t, run.key, kept))
        value = self.curve(run.key.trial, run.key.fold, run.step)
        heard = run.sieve.heard(run.step, {"m": value})
        if heard is not None:
            self.feed(stimuli.Reported(self.t, run.key, run.step, heard))
        if run.key in self.stops:
            self.stops.discard(run.key)
            self.feed(stimuli.RunCancelled(self.t, run.key))
        else:
            run.step += 1
            self.waiting.append(run)

    def _success(self, key: RunKey) -> Success:
        if key.fold == HOLDOUT:
            return Success({"m": 0.5}, 1.0, report={"metrics": {}})
        if key.fold == REFIT:
            return Success({}, 1.0)
        last = self.steps - 1
        score = self.curve(key.trial, key.fold, last) if self.curve else None
        scores = {"m": self.score(key.trial, key.fold) if score is None else score}
        if self.spec.objectives:
            scores["cost"] = cost(key.trial, key.fold)
        return Success(scores, 3.0)

    def _cancel(self, runs: tuple[RunKey, ...]) -> None:
        """What still waits is dropped; it had not begun. What has is told at its report."""
        underway = {each.key for each in self.waiting if isinstance(each, Underway)}
        self.stops |= underway & set(runs)
        kept: deque[c.Command | Underway] = deque()
        for command in self.waiting:
            if isinstance(command, c.Dispatch):
                left = tuple(key for key in command.runs if key not in runs)
                if left:
                    kept.append(c.Dispatch(command.slot, left))
            else:
                kept.append(command)
        self.waiting = kept
        for key in [key for key in runs if key not in underway]:
            self.feed(stimuli.RunCancelled(self.t, key))

    def run(self, pick: Callable[[int], int] = lambda count: 0, limit: int = 100_000) -> State:
        """Answer everything until the sweep is over."""
        for _ in range(limit):
            if self.finished:
                return self.now()
            if self.waiting:
                self.answer(pick(len(self.waiting)))
            else:
                self.rest()
        raise AssertionError("the sweep does not end")


def failure(
    kind: FailureKind = FailureKind.ERROR, charged: bool = True, what: str = "a"
) -> Failure:
    return Failure(kind, "ValueError", f"went wrong: {what}", f"print-{what}", charged=charged)
