"""Any order of answers, failures, stops and crashes: nothing lost, nothing counted twice."""

from __future__ import annotations

import dataclasses

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sweeper.core import commands as c
from sweeper.core import rungs, stimuli
from sweeper.core.invariants import violations
from sweeper.core.records import FailureKind, Node, RunState, Success, SweepState
from sweeper.core.specs import Budget, PrunerSpec, Retries
from world import Underway, World, failure, learning, spec

PRUNERS = st.sampled_from(
    [
        *map(PrunerSpec, ("racing", "median", "wilcoxon", "asha", "none")),
        PrunerSpec("asha", min_steps=2, max_steps=5, reduction=2),
        PrunerSpec("hyperband", max_steps=6, reduction=2),
        PrunerSpec("median", startup=1, min_steps=2),
    ]
)


class Sweep(RuleBasedStateMachine):
    """The controller's world, where a crash is just another step."""

    @initialize(
        pruner=PRUNERS,
        slots=st.integers(1, 4),
        folds=st.integers(1, 6),
        concurrency=st.sampled_from([None, 1, 3]),
        trials=st.integers(1, 12),
        steps=st.sampled_from([0, 3, 7]),
        keep=st.integers(0, 3),
    )
    def begin(self, pruner, slots, folds, concurrency, trials, steps, keep):
        self.trials = trials
        retries = Retries(error=1, lost=2)
        sweep = spec(trials=trials, pruner=pruner, concurrency=concurrency, retries=retries)
        curve = learning if steps else None
        self.world = World(sweep, folds, slots, curve=curve, steps=steps, keep=keep)
        self.acknowledged: dict[tuple[int, int], dict[str, float]] = {}

    def remember(self):
        for trial in self.world.now().trials.values():
            for fold, scores in trial.scores.items():
                self.acknowledged[trial.number, fold] = scores

    @precondition(lambda self: not self.world.finished and self.world.waiting)
    @rule(index=st.integers(0, 40))
    def answer(self, index):
        self.world.answer(index % len(self.world.waiting))
        self.remember()

    @precondition(lambda self: not self.world.finished and self.world.waiting)
    @rule(
        index=st.integers(0, 40),
        kind=st.sampled_from(list(FailureKind)),
        charged=st.booleans(),
        what=st.sampled_from("abc"),
    )
    def fail(self, index, kind, charged, what):
        world = self.world
        index %= len(world.waiting)
        if isinstance(world.waiting[index], c.Dispatch | Underway):
            world.answer(index, failure(kind, charged, what))
        else:
            world.answer(index)
        self.remember()

    @rule()
    def crash(self):
        """SIGKILL: memory is gone, the records are there."""
        self.world.launch()

    @precondition(lambda self: self.world.finished)
    @rule()
    def launch_again(self):
        if self.world.now().status is not SweepState.FINISHED or self.world.now().reopened:
            self.world.launch()

    @rule()
    def tear(self):
        """A crash inside a write: the last record is gone, if nothing was acknowledged by it."""
        if len(self.world.records) > 2 and not self.world.finished:
            last = self.world.records.pop()
            self.world.launch()
            self.trials = self.world.now().spec.budget.trials
            for body in last:
                if body["type"] == "FoldSucceeded":
                    run = body["run"]
                    self.acknowledged.pop((run["trial"], run["fold"]), None)

    @precondition(lambda self: not self.world.finished)
    @rule()
    def stop(self):
        self.world.feed(stimuli.StopRequested(self.world.t, "asked"))

    @precondition(lambda self: not self.world.finished and not self.world.waiting)
    @rule()
    def rest(self):
        """Nothing is under way: a fold rests, or the sweep is paused."""
        self.world.t += 100
        self.world.feed(stimuli.ClockTicked(self.world.t))

    @precondition(lambda self: not self.world.finished)
    @rule(wish=st.sampled_from([stimuli.Pause(), stimuli.Resume(), stimuli.Stop(now=True)]))
    def ask(self, wish):
        self.world.wish(wish)

    @rule(values=st.lists(st.floats(0, 1), min_size=1, max_size=3))
    def enqueue(self, values):
        """Also with no controller at work: then the command writes it itself."""
        self.world.wish(stimuli.Enqueue(tuple({"x": value} for value in values)))
        self.trials = self.world.now().spec.budget.trials

    @rule(more=st.integers(-3, 3))
    def change_the_budget(self, more):
        before = self.world.now().spec
        after = dataclasses.replace(before, budget=Budget(max(1, self.trials + more)))
        self.world.wish(stimuli.Edit(before, after, ()))
        self.trials = self.world.now().spec.budget.trials

    @rule(pruner=PRUNERS)
    def change_the_pruner(self, pruner):
        before = self.world.now().spec
        after = dataclasses.replace(
            before, search=dataclasses.replace(before.search, pruner=pruner)
        )
        self.world.wish(stimuli.Edit(before, after, ()))

    @precondition(lambda self: self.world.now().running)
    @rule(index=st.integers(0, 5))
    def cancel(self, index):
        running = sorted(self.world.now().running)
        self.world.wish(stimuli.CancelTrial(running[index % len(running)]))

    @precondition(lambda self: not self.world.finished)
    @rule(slots=st.integers(1, 5))
    def scale(self, slots):
        self.world.feed(stimuli.CapacityChanged(self.world.t, (Node("n", slots),)))

    @precondition(lambda self: self.world.now().trials)
    @rule(data=st.data())
    def late_news(self, data):
        """An old attempt speaks up after its end."""
        runs = [
            r
            for t in self.world.now().trials.values()
            for r in t.runs
            if r.state is not RunState.RUNNING
        ]
        if runs and not self.world.finished:
            key = data.draw(st.sampled_from(runs)).key
            before = len(self.world.records)
            self.world.feed(stimuli.Reported(self.world.t, key, 3, 9.9))
            self.world.feed(stimuli.RunEnded(self.world.t, key, Success({"m": 9.9}, 1.0)))
            assert len(self.world.records) == before

    @invariant()
    def sound(self):
        if hasattr(self, "world"):
            assert violations(self.world.now()) == []
            assert len(self.world.now().trials) <= self.trials

    @invariant()
    def nothing_acknowledged_is_lost(self):
        if hasattr(self, "world"):
            trials = self.world.now().trials
            for (number, fold), scores in self.acknowledged.items():
                assert trials[number].scores[fold] == scores

    def teardown(self):
        if not hasattr(self, "world"):
            return
        for _ in range(3):
            if self.world.now().status is SweepState.FINISHED and not self.world.now().reopened:
                break
            self.world.launch()
            self.world.run()
        if self.world.now().status is SweepState.FINISHED:
            assert len(self.world.now().trials) == self.trials
            assert rungs.promotable(self.world.now()) is None
        assert self.world.replayed() == self.world.now()


Sweep.TestCase.settings = settings(max_examples=30, stateful_step_count=40)
TestSweep = Sweep.TestCase
