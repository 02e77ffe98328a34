"""A whole sweep over code that does everything wrong: its journal stays strict, its best good."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sweeper import app, view
from sweeper.core.invariants import violations
from sweeper.core.records import FailureKind, SweepState, TrialState

CODE = """
import threading, sys, warnings
import numpy as np
from sweeper import Infeasible

class Odd(Exception):
    def __str__(self): return "x" * 10**7

class Silent(Exception):
    def __str__(self): raise ValueError("no")

def raised(error):
    raise error

def nested(error):
    try:
        raise ValueError("inside")
    except ValueError as cause:
        raise error from cause

WHAT = {
    "good": lambda: 0.9, "numpy": lambda: np.float32(0.5), "int": lambda: 1,
    "nan": lambda: float("nan"), "inf": lambda: float("inf"), "-inf": lambda: -float("inf"),
    "none": lambda: None, "str": lambda: "0.9", "bool": lambda: True, "huge": lambda: 10**400,
    "complex": lambda: 1 + 2j, "array": lambda: np.array([0.5]), "scalar": lambda: np.array(0.5),
    "dict": lambda: {"a": 1}, "error": lambda: raised(ValueError("\\ud800 odd")),
    "odd": lambda: raised(Odd()), "silent": lambda: nested(Silent()),
    "base": lambda: raised(BaseException("b")), "exit": lambda: sys.exit("x" * 10**6),
    "generator": lambda: raised(GeneratorExit()), "memory": lambda: raised(MemoryError()),
    "cuda": lambda: raised(RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")),
    "infeasible": lambda: raised(Infeasible("too small")),
    "missing": lambda: "missing", "text": lambda: "text",
}

def train(trial):
    what = trial.params["what"]
    value = WHAT[what]()
    if what == "text":
        return "x" * 10**8
    if what == "missing":
        return {"loss": 0.1}
    return {"score": value, "note": "x" * 10**6, "nan": float("nan"), 3: 4, "loss": 10**4000}
"""

GOOD = {"good", "numpy", "int"}
KIND = {
    FailureKind.OOM: {"memory", "cuda"},
    FailureKind.INFEASIBLE: {"infeasible"},
    FailureKind.ERROR: {"error", "odd", "silent", "base", "exit", "generator"},
}


def refuse(text: str) -> None:
    raise AssertionError(f"the journal holds {text}")


def launch(folder: Path, config: str, **options):
    (folder / "sweep.yaml").write_text(config)
    return app.launch(folder / "sweep.yaml", root=folder / "sweeps", inline=True, **options)


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    """One sweep, every value of WHAT once."""
    folder = tmp_path_factory.mktemp("everything")
    (folder / "everything_wrong.py").write_text(CODE)
    names = {}
    exec(CODE, names)
    config = (
        "name: wrong\ntrain: everything_wrong:train\nmetric: {name: score, goal: maximize}\n"
        "search: {sampler: grid}\nregister: none\nrefit: false\ntracking: none\n"
        "retries: {error: 0, oom: 0}\n"
        f"parameters:\n  what: {{values: {json.dumps(list(names['WHAT']))}}}\n"
    )
    return launch(folder, config), folder / "sweeps" / "wrong"


def test_the_sweep_finishes_and_its_best_is_a_good_one(everything):
    outcome, _ = everything
    assert outcome.exit_code == 0
    assert outcome.state.status is SweepState.FINISHED
    assert not violations(outcome.state)
    done = {t.params["what"] for t in outcome.state.trials.values() if t.value is not None}
    assert done == GOOD
    assert outcome.state.best.params == {"what": "int"}


def test_every_line_of_its_journal_is_strict_json(everything):
    _, directory = everything
    lines = (directory / "journal.jsonl").read_bytes().splitlines()
    for line in lines:
        json.loads(line, parse_constant=refuse)
    assert max(map(len, lines)) < 20_000


def test_each_failure_has_its_class_and_a_message_of_bounded_length(everything):
    outcome, _ = everything
    for trial in outcome.state.trials.values():
        if trial.state is TrialState.FAILED:
            found = trial.runs[-1].outcome
            what = trial.params["what"]
            assert found.kind is next(
                (k for k, v in KIND.items() if what in v), FailureKind.INVALID
            )
            assert 0 < len(view.failure_line(found)) < 600


def test_its_logs_are_of_bounded_length(everything):
    _, directory = everything
    sizes = [path.stat().st_size for path in directory.glob("logs/**/*.log")]
    assert sizes
    assert max(sizes) < 100_000


MANY = """
name: many
train: few:train
metric: {name: score, goal: maximize}
search: {sampler: random}
budget: {trials: 3}
register: none
refit: false
tracking: none
parameters:
"""


def test_ten_thousand_parameters_and_one_of_a_megabyte_are_no_trouble(tmp_path):
    (tmp_path / "few.py").write_text(
        "def train(trial):\n    assert len(trial.params['s']) == 10**6\n"
        "    return {'score': len(trial.params)}\n"
    )
    ranges = "".join(f"  p{i}: {{min: 0.0, max: 1.0}}\n" for i in range(10_000))
    outcome = launch(tmp_path, f"{MANY}{ranges}  s: {{values: [{'a' * 10**6}, {'b' * 10**6}]}}\n")
    assert outcome.exit_code == 0
    assert outcome.state.best.value == 10_001


def test_an_interrupt_that_user_code_raises_ends_an_inline_launch(tmp_path):
    (tmp_path / "interrupting.py").write_text("def train(trial):\n    raise KeyboardInterrupt\n")
    config = MANY.replace("few:train", "interrupting:train")
    with pytest.raises(KeyboardInterrupt):
        launch(tmp_path, config + "  x: {min: 0.0, max: 1.0}\n")
