"""Sweeps told by their events, so that every state shown is one that a journal can lead to."""

from __future__ import annotations

import dataclasses
import sys
import types
from pathlib import Path

import pytest

import sweeper
from sweeper.core import events as e
from sweeper.core.evolve import evolve
from sweeper.core.records import (
    DataDigest,
    Failure,
    FailureKind,
    Node,
    Phase,
    Registered,
    RunKey,
    SplitDigest,
    State,
    Success,
)
from sweeper.core.rooms import Slot
from sweeper.core.space import Dimension, Object, Range, Space
from sweeper.core.specs import (
    Budget,
    Candidate,
    DataSpec,
    Goal,
    Metric,
    ModelSpec,
    RegisterSpec,
    SweepSpec,
    TrackingSpec,
)

WALL = 1_700_000_000.0

REPORT = {
    "task": "classification",
    "metric": "roc_auc",
    "goal": "maximize",
    "recorded": ["roc_auc", "accuracy"],
    "unit": "rows",
    "units": 6512,
    "resamples": 2000,
    "confidence": 0.95,
    "weighted": False,
    "metrics": {
        "roc_auc": {"value": 0.9271, "low": 0.9212, "high": 0.9335},
        "accuracy": {"value": 0.8712, "low": 0.8631, "high": 0.8795},
        "log_loss": {"value": 0.2811, "low": 0.2702, "high": 0.2933},
        "mcc": {"value": None, "low": None, "high": None, "note": "undefined"},
    },
    "user_reported": [],
    "notes": [],
    "baselines": {
        "dummy": {
            "model": "predicts the prior",
            "metrics": {"roc_auc": {"value": 0.5, "low": 0.5, "high": 0.5}},
        },
        "default": {"error": "ValueError: no default"},
    },
    "confusion_matrix": {"labels": ["<=50K", ">50K"], "counts": [[4700, 210], [629, 973]]},
}


def spec(name: str = "income", **changes: object) -> SweepSpec:
    candidates = (
        Candidate("boosting", Object("sklearn.ensemble.HistGradientBoostingClassifier")),
        Candidate("logistic", Object("sklearn.linear_model.LogisticRegression")),
    )
    plain = SweepSpec(
        name=name,
        seed=7,
        metric=Metric("roc_auc", Goal.MAXIMIZE),
        space=Space((Dimension("boosting.learning_rate", Range(0.01, 0.5, log=True)),)),
        data=DataSpec("data/income.csv", target="income"),
        model=ModelSpec(candidates, "model"),
        budget=Budget(trials=40),
        register=RegisterSpec("income"),
        tracking=TrackingSpec(),
    )
    return dataclasses.replace(plain, **changes)


class Story:
    """Tells a sweep event by event; `state` is what it has come to."""

    def __init__(self, told: SweepSpec | None = None, folds: int = 5, nodes: int = 1) -> None:
        created = e.SweepCreated(
            0.0,
            WALL,
            told or spec(),
            SplitDigest(folds, (100,) * folds, "s" * 64),
            DataDigest("d" * 64, 1000, (("age", "int64"),), "h" * 64, 200),
            "tpe",
            "a conditional space",
        )
        self.events: list[e.Event] = [created]
        self.state: State = evolve(None, created)
        self.t = 0.0
        self.folds = folds
        self.launched()
        there = tuple(Node(f"node-{i}", 2) for i in range(nodes))
        self.tell(e.CapacitySeen(self.t, there))

    def tell(self, event: e.Event) -> None:
        evolve(self.state, event)
        self.events.append(event)

    def after(self, seconds: float) -> Story:
        self.t += seconds
        return self

    def launched(self) -> Story:
        self.tell(e.SweepLaunched(self.t, WALL + self.t, "host", 4711, {}))
        return self

    def sampled(self, number: int, **params: object) -> Story:
        chosen = params or {"model": "boosting", "boosting.learning_rate": 0.0512}
        self.tell(e.TrialAsked(self.t, number))
        self.tell(e.TrialSampled(self.t, number, dict(chosen), "sampler", 0.01))
        return self

    def sent(self, trial: int, fold: int, slot: int = 0) -> RunKey:
        key = RunKey(trial, fold, self.state.trials[trial].attempts(fold) + 1)
        self.tell(e.FoldsDispatched(self.t, Slot("node-0", slot), (key,)))
        return key

    def scored(self, trial: int, fold: int, value: float, **others: float) -> Story:
        key = self.sent(trial, fold)
        self.after(1.0)
        scores = {self.state.spec.metric.name: value, **others}
        self.tell(e.FoldSucceeded(self.t, key, Success(scores, 0.5, "node-0")))
        return self

    def broken(self, trial: int, fold: int, error: str, message: str, retry: bool = True) -> Story:
        key = self.sent(trial, fold)
        failure = Failure(FailureKind.ERROR, error, message, f"{error}@fit", 0.2, "node-0")
        said = "run again" if retry else "no retry left"
        self.tell(e.FoldFailed(self.t, key, failure, retry, said))
        return self

    def complete(self, number: int, *values: float, **params: object) -> Story:
        self.sampled(number, **params)
        for fold, value in enumerate(values):
            self.scored(number, fold, value)
        return self.completed(number)

    def completed(self, number: int) -> Story:
        name = self.state.spec.metric.name
        values = [scores[name] for scores in self.state.trials[number].scores.values()]
        mean = sum(values) / len(values)
        self.tell(e.TrialCompleted(self.t, number, mean, "every fold is done"))
        return self

    def pruned(self, number: int, *values: float) -> Story:
        self.sampled(number)
        for fold, value in enumerate(values):
            self.scored(number, fold, value)
        reason = "chance 0.012 of beating trial 0, under 0.05"
        self.tell(e.TrialPruned(self.t, number, len(values), values[-1], 0.012, reason))
        return self

    def revived(self, number: int) -> Story:
        self.tell(e.TrialRevived(self.t, number, "chance 0.02 of winning"))
        return self

    def failed(self, number: int, error: str = "ValueError", message: str = "C is 0") -> Story:
        self.sampled(number).broken(number, 0, error, message, retry=False)
        self.tell(e.TrialFailed(self.t, number, f"fold 0: {error}: {message}", bad=True))
        return self

    def phase(self, phase: Phase) -> Story:
        self.tell(e.PhaseEntered(self.t, phase, "next"))
        return self

    def finished(self, alias: str = "champion") -> Story:
        """The winner is refitted, scored on the holdout, registered."""
        winner = self.state.best
        assert winner is not None
        self.phase(Phase.REFIT).phase(Phase.HOLDOUT)
        self.tell(e.HoldoutLooked(self.t, 1, "h" * 64))
        key = self.sent(winner.number, -2)
        outcome = Success({"roc_auc": 0.9271}, 0.4, "node-0", report=REPORT)
        self.tell(e.FoldSucceeded(self.t, key, outcome))
        self.phase(Phase.REGISTER)
        self.tell(e.RegistrationAsked(self.t, winner.number))
        verdict = "the first version: there was no champion to beat"
        version = Registered("income", 3, "a" * 64, alias, verdict)
        self.tell(e.VersionRegistered(self.t, version))
        self.phase(Phase.DONE)
        self.tell(e.SweepFinished(self.t, f"trial {winner.number} won"))
        return self

    def interrupted(self, reason: str = "SIGINT received") -> Story:
        self.tell(e.StopAsked(self.t, reason))
        self.tell(e.SweepInterrupted(self.t, reason))
        return self


@pytest.fixture
def story() -> Story:
    return Story()


@pytest.fixture
def tell() -> type[Story]:
    """For a test that needs another spec, or more than one sweep."""
    return Story


@pytest.fixture
def make_spec() -> object:
    return spec


class StandIn(types.ModuleType):
    """`sweeper.app` with states that tests tell, in place of journals on disk."""

    def __init__(self, root: Path) -> None:
        super().__init__("sweeper.app")
        self.where = root
        self.states: dict[str, State] = {}
        self.holders: set[str] = set()
        self.asked: list[str] = []

    def root(self, explicit: Path | None) -> Path:
        return explicit or self.where

    def sweeps(self, root: Path) -> list[Path]:
        return [root / name for name in self.states]

    def erased(self, directory: Path) -> None:
        """Nothing ever was."""

    def read(self, directory: Path) -> State:
        state = self.states[directory.name]
        if isinstance(state, Exception):
            raise state
        return state

    def holder(self, directory: Path) -> str | None:
        return "pid 4711 on host" if directory.name in self.holders else None

    def log_path(self, directory: Path, run: RunKey, rank: int = 0) -> Path:
        name = {-1: "refit", -2: "holdout"}.get(run.fold, f"fold-{run.fold}")
        of_rank = f"-rank-{rank}" if rank else ""
        folder = directory / "logs" / f"trial-{run.trial:05d}"
        return folder / f"{name}-attempt-{run.attempt}{of_rank}.log"


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> StandIn:
    standin = StandIn(tmp_path / "sweeps")
    monkeypatch.setitem(sys.modules, "sweeper.app", standin)
    monkeypatch.setattr(sweeper, "app", standin, raising=False)
    return standin
