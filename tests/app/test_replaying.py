"""Suggestions derived again from the journal alone, however the sweep went."""

from __future__ import annotations

import dataclasses
import importlib.util
import queue
import random
import threading
from pathlib import Path

import pytest

from sweeper import sampling
from sweeper.app.replaying import replay
from sweeper.controller import Controller, SystemClock
from sweeper.core import events as e
from sweeper.core import stimuli
from sweeper.core.evolve import replay as state_of
from sweeper.core.records import HistoryEntry, Node, State, Success, SweepState
from sweeper.core.space import Condition, Dimension, Range, Space, Values
from sweeper.core.specs import PrunerSpec, SearchSpec
from sweeper.journal.file import FileJournal, read
from sweeper.ports import Order, SweeperError
from world import created, spec

FLAT = Space((Dimension("x", Range(0, 20, integer=True)), Dimension("y", Range(0, 1, step=0.05))))
NARROW = Space((Dimension("x", Range(0, 12, integer=True)), FLAT.dimensions[1]))
TREE = Space(
    (
        Dimension("kind", Values(("a", "b"))),
        Dimension("a.x", Range(0, 20, integer=True), (Condition("kind", "a"),)),
        Dimension("b.y", Range(0.01, 1, log=True), (Condition("kind", "b"),)),
    )
)
SLOTS = 4


class Shuffled:
    """An executor whose runs end soon, in another order than they began."""

    def __init__(self, wishes: dict[int, stimuli.Stimulus]) -> None:
        """`wishes`: what is posted when so many runs have been sent."""
        self._wishes = wishes
        self._sent = 0
        self._runs: queue.SimpleQueue[Order | None] = queue.SimpleQueue()
        self._random = random.Random(1)

    def start(self, post):
        self._post = post
        post(stimuli.CapacityChanged(0, (Node("n", SLOTS),)))
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def want(self, more):
        pass

    def dispatch(self, slot, orders):
        for order in orders:
            self._sent += 1
            self._runs.put(order)
            if self._sent in self._wishes:
                self._post(self._wishes[self._sent])

    def cancel(self, runs, grace):
        for key in runs:
            self._post(stimuli.RunCancelled(0, key))

    def close(self):
        self._runs.put(None)
        self._thread.join()

    def _work(self):
        while True:
            orders = [self._runs.get()]
            while not self._runs.empty():
                orders.append(self._runs.get())
            if None in orders:
                return
            self._random.shuffle(orders)
            for order in orders:
                self._post(stimuli.RunEnded(0, order.key, Success({"m": score(order)}, 0.0)))


def score(order: Order) -> float:
    values = [float(v) for v in order.params.values() if not isinstance(v, str)]
    return -sum((v - 0.4) ** 2 for v in values) + 0.01 * order.key.fold


def no_version(state: State):
    raise AssertionError("nothing is registered here")


def launch(
    directory: Path,
    sampler: str,
    concurrency: int,
    space: Space = FLAT,
    wishes: dict[int, stimuli.Stimulus] | None = None,
    loans: tuple[stimuli.Loan, ...] = (),
    trials: int = 30,
) -> State:
    """Begin the sweep in `directory`, or go on with it."""
    directory.mkdir(exist_ok=True)
    journal = FileJournal(directory / "journal.jsonl")
    if not journal.length():
        search = SearchSpec(sampler, PrunerSpec("racing"), concurrency)
        plain = spec(trials=trials, refit=False, register=False)
        told = dataclasses.replace(plain, space=space, search=search)
        event = created(told, folds=2, sampler=sampler)
        journal.append([[dataclasses.replace(event, data=None)]])
    state = state_of(journal.replay())
    controller = Controller(
        state=state,
        journal=journal,
        sampler=lambda spec: sampling.make(sampler, spec.space, spec.seed, spec.goals),
        executor=Shuffled(wishes or {}),
        order=lambda state, key: Order(key, state.trials[key.trial].params, 0),
        register=no_version,
        remove=lambda paths: None,
        observer=lambda state: None,
        clock=SystemClock(),
    )
    try:
        return controller.run(
            [stimuli.Launched(0, 0, "host", 1, {"packages": {"optuna": "0.1"}}, "me", loans=loans)]
        )
    finally:
        journal.close()


def narrowed(wanted: Space, base: Space) -> stimuli.Requested:
    before = dataclasses.replace(spec(), space=base)
    after = dataclasses.replace(before, space=wanted)
    return stimuli.Requested(0, "edit", "ana", stimuli.Edit(before, after, (("x", 20, 12),)))


def by_hand(*params: dict[str, object]) -> stimuli.Requested:
    return stimuli.Requested(0, "enqueue", "ana", stimuli.Enqueue(params))


def eventful(directory: Path, sampler: str, concurrency: int) -> State:
    """History of another sweep, a stop in the middle, trials by hand, a narrower range."""
    borrowed = [HistoryEntry(-n, {"x": n, "y": 0.05 * n}, -float(n)) for n in range(1, 6)]
    trials = 16 if sampler == "gp" else 30  # it takes its time
    loan = stimuli.Loan("other", "id-other", tuple(borrowed))
    stop = {9: stimuli.StopRequested(0, "asked")}
    first = launch(directory, sampler, concurrency, wishes=stop, loans=(loan,), trials=trials)
    assert first.status is SweepState.INTERRUPTED
    wishes = {5: by_hand({"x": 3, "y": 0.15}, {"x": 20, "y": 1.0}), 14: narrowed(NARROW, FLAT)}
    return launch(directory, sampler, concurrency, wishes=wishes)


NEEDS_TORCH = pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="gp needs torch")


@pytest.mark.parametrize("concurrency", [1, SLOTS])
@pytest.mark.parametrize(
    "sampler", ["tpe", pytest.param("gp", marks=NEEDS_TORCH), "cmaes", "random", "qmc", "grid"]
)
def test_every_suggestion_comes_out_again(tmp_path, sampler, concurrency):
    state = eventful(tmp_path / "toy", sampler, concurrency)
    assert state.status is SweepState.FINISHED
    assert state.spec.space == NARROW
    found = replay(tmp_path / "toy")
    assert found.differences == []
    assert (found.enqueued, found.differing) == (2, 0)
    assert found.identical >= state.spec.budget.trials - 2
    assert found.identical + found.enqueued >= len(state.trials)


def test_branches_of_a_choice_come_out_again(tmp_path):
    launch(tmp_path / "toy", "tpe", SLOTS, space=TREE)
    found = replay(tmp_path / "toy")
    assert (found.identical, found.differences) == (30, [])


def rewritten(path: Path, change) -> None:
    """The journal with events changed, its checksums right."""
    events = [change(event) for event in read(path)]
    path.unlink()
    journal = FileJournal(path)
    journal.append([[event] for event in events if event is not None])
    journal.close()


def test_a_parameter_that_comes_out_differently_is_named(tmp_path):
    launch(tmp_path / "toy", "random", 1, trials=6)

    def changed(event):
        if isinstance(event, e.TrialSampled) and event.trial == 4:
            return dataclasses.replace(event, params={**event.params, "x": 0, "z": 1})
        return event

    now = {
        e.trial: e.params for e in read(tmp_path / "toy" / "journal.jsonl") if hasattr(e, "params")
    }
    rewritten(tmp_path / "toy" / "journal.jsonl", changed)
    found = replay(tmp_path / "toy")
    assert (found.identical, found.differing) == (5, 1)
    told = [(d.trial, d.parameter, d.then, d.now) for d in found.differences]
    assert told == [(4, "x", 0, now[4]["x"]), (4, "z", 1, "absent")]


def test_the_last_bit_counts(tmp_path):
    space = Space((Dimension("x", Range(0.0, 1.0)),))
    launch(tmp_path / "toy", "random", 1, space=space, trials=2)

    def nudged(event):
        if isinstance(event, e.TrialSampled) and event.trial == 1:
            return dataclasses.replace(event, params={"x": event.params["x"] + 2**-53})
        return event

    rewritten(tmp_path / "toy" / "journal.jsonl", nudged)
    assert replay(tmp_path / "toy").differing == 1


def test_a_result_that_the_sampler_never_saw_is_found_out(tmp_path):
    """Another score in the journal makes another history, and so other suggestions."""
    launch(tmp_path / "toy", "tpe", 1, trials=25)

    def other(event):
        if isinstance(event, e.TrialCompleted | e.TrialPruned) and event.trial == 3:
            name = "value" if isinstance(event, e.TrialCompleted) else "predicted"
            return dataclasses.replace(event, **{name: 1e6})
        return event

    rewritten(tmp_path / "toy" / "journal.jsonl", other)
    found = replay(tmp_path / "toy")
    assert found.differing > 0
    assert min(d.trial for d in found.differences) > 3


def test_an_ask_without_an_answer_is_counted_apart(tmp_path):
    path = tmp_path / "toy" / "journal.jsonl"
    launch(tmp_path / "toy", "random", 1, trials=3)
    events = list(read(path))
    last = max(i for i, event in enumerate(events) if isinstance(event, e.TrialAsked))
    path.unlink()
    journal = FileJournal(path)
    journal.append([[event] for event in events[: last + 1]])
    journal.close()
    found = replay(tmp_path / "toy")
    assert (found.identical, found.unanswered) == (2, 1)
    launch(tmp_path / "toy", "random", 1)
    found = replay(tmp_path / "toy")
    assert (found.identical, found.unanswered) == (3, 1)


def test_the_end_of_a_grid_comes_out_again(tmp_path):
    launch(tmp_path / "toy", "grid", 1, space=Space((Dimension("x", Values((1, 2, 3))),)))
    found = replay(tmp_path / "toy")
    assert (found.identical, found.differences) == (4, [])  # three points, and the end

    def went_on(event):
        if isinstance(event, e.SamplerExhausted):
            return e.TrialSampled(event.t, event.trial, {"x": 1}, "sampler", 0.0)
        return event if event.t == 0 or not isinstance(event, e.PhaseEntered) else None

    path = tmp_path / "toy" / "journal.jsonl"
    events = list(read(path))
    end = next(i for i, event in enumerate(events) if isinstance(event, e.SamplerExhausted))
    path.unlink()
    journal = FileJournal(path)
    journal.append([[went_on(event)] for event in events[: end + 1]])
    journal.close()
    (found,) = replay(tmp_path / "toy").differences
    assert (found.trial, found.then, found.now) == (3, {"x": 1}, None)


def test_versions_then_and_now_are_told(tmp_path):
    launch(tmp_path / "toy", "random", 1, trials=1)
    (optuna,) = [p for p in replay(tmp_path / "toy").packages if p.name == "optuna"]
    assert optuna.then == ("0.1",)
    assert optuna.now not in (None, "0.1")


def test_progress_counts_up_to_all_asks(tmp_path):
    launch(tmp_path / "toy", "random", SLOTS, trials=5)
    told = []
    replay(tmp_path / "toy", lambda done, of: told.append((done, of)))
    assert told == [(n, 5) for n in range(1, 6)]


@pytest.mark.skipif(importlib.util.find_spec("torch") is not None, reason="torch is there")
def test_a_sampler_that_cannot_run_here_says_what_it_needs(tmp_path):
    launch(tmp_path / "toy", "random", 1, trials=2)

    def by_gp(event):
        return (
            dataclasses.replace(event, sampler="gp") if isinstance(event, e.SweepCreated) else event
        )

    rewritten(tmp_path / "toy" / "journal.jsonl", by_gp)
    with pytest.raises(SweeperError, match="pip install"):
        replay(tmp_path / "toy")
