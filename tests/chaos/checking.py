"""What must hold after an injection, seen from outside. AssertionError says what does not."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos.forked import forked
from chaos.sweeps import Sweep
from sweeper.core.events import Event, FoldsDispatched, FoldSucceeded
from sweeper.core.evolve import replay
from sweeper.core.invariants import violations
from sweeper.core.records import State, SweepState, TrialState
from sweeper.journal.file import read

NOT_OF_THE_SWEEP = ("disk",)
"""What `doctor` says of this machine and not of the sweep."""


@dataclass(frozen=True, slots=True)
class Told:
    """The acknowledged results of a journal, as an injection left it."""

    lines: tuple[bytes, ...]
    events: int
    folds: frozenset[tuple[int, int, int]]  # trial, fold and attempt that succeeded


def acknowledged(sweep: Sweep) -> Told:
    """What stands in the journal now, a torn tail left aside."""
    if not sweep.journal.exists():
        return Told((), 0, frozenset())
    events = list(read(sweep.journal))
    whole = [line for line in sweep.journal.read_bytes().split(b"\n")[:-1] if line.strip(b"\0")]
    return Told(tuple(whole), len(events), _succeeded(events))


def _succeeded(events: Sequence[Event]) -> frozenset[tuple[int, int, int]]:
    keys = [event.run for event in events if isinstance(event, FoldSucceeded)]
    return frozenset((key.trial, key.fold, key.attempt) for key in keys)


def losses(before: Told, sweep: Sweep) -> int:
    """Of what was acknowledged, how much the journal no longer has as it was written."""
    after = acknowledged(sweep)
    kept = sum(old == new for old, new in zip(before.lines, after.lines, strict=False))
    return len(before.folds - after.folds) + len(before.lines) - kept


def repeats(sweep: Sweep) -> int:
    """How many folds were sent again after their success was in the journal."""
    succeeded: set[tuple[int, int]] = set()
    again = 0
    for event in read(sweep.journal):
        if isinstance(event, FoldSucceeded):
            succeeded.add((event.run.trial, event.run.fold))
        if isinstance(event, FoldsDispatched):
            again += sum((key.trial, key.fold) in succeeded for key in event.runs)
    return again


def sound(sweep: Sweep) -> State:
    """A finished sweep: every invariant holds, and its numbers have no gaps."""
    state = replay(read(sweep.journal))
    assert state.status is SweepState.FINISHED, f"{sweep.name} is {state.status}"
    assert violations(state) == []
    assert sorted(state.trials) == list(range(len(state.trials)))
    return state


def final(state: State) -> list[tuple[Any, ...]]:
    """What a sweep came to, without times, attempts and places.

    Of a trial that was not completed, how many folds it had when it was stopped may depend on
    what else was running; that it was stopped, and why, may not.
    """
    return [
        (
            t.number,
            t.params,
            t.state.value,
            t.value,
            t.scores if t.state is TrialState.COMPLETE else {},
        )
        for t in state.trials.values()
    ]


def same(sweep: Sweep, expected: list[tuple[Any, ...]]) -> None:
    """It is finished and came to these trials; AssertionError names the first other one."""
    found = final(sound(sweep))
    for ours, theirs in zip(found, expected, strict=False):
        assert ours == theirs, (
            f"another trial than that of the undisturbed sweep:\n  {ours}\n  {theirs}"
        )
    assert len(found) == len(expected), f"{len(found)} trials, expected {len(expected)}"


def doctor(sweep: Sweep) -> dict[str, str]:
    """`sweeper doctor NAME --json` finds nothing wrong; what it looked at, with its words."""
    checks = diagnosis(sweep)
    wrong = [c for c in checks if not c["ok"] and c["name"] not in NOT_OF_THE_SWEEP]
    assert not wrong, f"doctor: {wrong}"
    return {check["name"]: check["found"] for check in checks}


def diagnosis(sweep: Sweep) -> list[dict[str, Any]]:
    """All that `sweeper doctor NAME --json` says."""
    said = _said(["doctor", sweep.name, "--dir", str(sweep.root), "--json"])
    start = said.find("{")
    assert start >= 0, f"doctor gave no JSON: {said}"
    found: list[dict[str, Any]] = json.JSONDecoder().raw_decode(said[start:])[0]["checks"]
    return found


def _said(arguments: list[str]) -> str:
    """What a command says. It is forked, for speed, but never from a process that has Ray's
    threads: those do not survive that."""
    from sweeper.cli.main import main

    if "ray" not in sys.modules:
        return forked(lambda: main(arguments)).said
    command = [sys.executable, "-m", "sweeper", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    return done.stdout + done.stderr


def strict_json(path: Path) -> None:
    """Every line is JSON as the standard has it: no NaN, no Infinity."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{path} has {word}, which is not JSON")

    for line in path.read_bytes().splitlines():
        json.loads(line, parse_constant=refuse)


@dataclass(frozen=True, slots=True)
class Row:
    """A version of a model as MLflow's own tables have it, finished or not."""

    version: int
    tags: dict[str, str]
    aliases: tuple[str, ...]


def versions(sweep: Sweep, model: str) -> list[Row]:
    """All of a model's, oldest first, read past MLflow and sweeper."""
    path = sweep.root / "mlflow.db"
    if not path.exists():
        return []
    with closing(sqlite3.connect(path)) as tables:
        numbers = tables.execute("SELECT version FROM model_versions WHERE name = ?", [model])
        return [_row(tables, model, version) for (version,) in sorted(numbers)]


def _row(tables: sqlite3.Connection, model: str, version: int) -> Row:
    tags = tables.execute(
        "SELECT key, value FROM model_version_tags WHERE name = ? AND version = ?",
        [model, version],
    )
    aliases = tables.execute(
        "SELECT alias FROM registered_model_aliases WHERE name = ? AND version = ?",
        [model, version],
    )
    return Row(version, dict(tags), tuple(alias for (alias,) in aliases))
