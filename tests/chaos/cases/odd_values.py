"""What cannot travel or be told: returns, exceptions, models, sources; and what is very big."""

from __future__ import annotations

import functools
from pathlib import Path

from chaos.checking import doctor, repeats, sound, strict_json
from chaos.odd import VALUES
from chaos.result import Result
from chaos.sweeps import HERE, Sweep, finish, said
from chaos.tally import Tally
from sweeper.core.records import Failure, State, TrialState

CONFIG = f"""
data: {{source: "sklearn:iris", target: target, holdout: none}}
cv: 2
metric: accuracy
train: odd:value
parameters: {{what: {{values: [fine, {", ".join(VALUES)}]}}}}
search: {{sampler: grid, pruner: none}}
retries: {{error: 0, lost: 0}}
register: none
refit: false
tracking: none
"""
NAMED = {
    "locked_error": "this exception holds a lock",
    "broken_str": "Unsayable",
    "big_error": "xxxx",
    "lambda_return": "must return a dict",
    "unpicklable_model": "Model",
}
"""Of what fails, the words that its message must have."""

MANY = """
data: {source: "sklearn:iris", target: target, holdout: none}
cv: 2
metric: accuracy
train: odd:many
search: {sampler: random, pruner: none}
budget: {trials: 2}
register: none
refit: false
tracking: none
parameters:
  long: "%s"
  x: {min: 0.0, max: 1.0}
%s
"""


def run(count: int, seed: int, folder: Path) -> Result:
    """Each on Ray, and a sweep with 10,000 parameters, one of them of 1 MB."""
    del count, seed
    tally = Tally()
    sweep = Sweep(folder / "values", "odd").configure(CONFIG, HERE / "odd.py")
    finish(sweep)
    state = sound(sweep)
    for what in VALUES:
        tally.inject(what, functools.partial(_typed, state, what))
    tally.inject("fine", lambda: _fine(sweep, state))
    many = MANY % ("x" * 1_000_000, "\n".join(f"  p{number}: {number}" for number in range(9_998)))
    big = Sweep(folder / "many", "many").configure(many, HERE / "odd.py")
    tally.inject("10,000 parameters, one of 1 MB", lambda: _goes_through(big))
    locked = CONFIG.replace(
        '{source: "sklearn:iris", target: target, holdout: none}',
        "{source: 'odd:unpicklable_source', holdout: none}",
    )
    source = Sweep(folder / "source", "source").configure(
        locked.replace("odd:value", "odd:many"), HERE / "odd.py"
    )
    tally.inject("unpicklable rows", lambda: _named(source))
    return tally.result("odd values", f"as value: {', '.join(VALUES)}")


def _typed(state: State, what: str) -> tuple[int, int]:
    """A failed fold whose message names what was wrong, or one that is well after all."""
    (trial,) = (t for t in state.trials.values() if t.params["what"] == what)
    failures = [run.outcome for run in trial.runs if isinstance(run.outcome, Failure)]
    if what in NAMED:
        assert trial.state is TrialState.FAILED, trial.state
        assert failures, "no failure is recorded"
        assert NAMED[what] in f"{failures[0].error}: {failures[0].message}", failures[0]
        assert len(failures[0].message) <= 2000, "a message of megabytes"
        return 0, 0
    assert trial.state is TrialState.COMPLETE, f"{trial.state}: {failures}"
    return 0, 0


def _fine(sweep: Sweep, state: State) -> tuple[int, int]:
    assert state.best is not None
    assert state.best.params == {"what": "fine"}
    strict_json(sweep.journal)
    assert sweep.journal.stat().st_size < 1_000_000, "something big went into the journal"
    doctor(sweep)
    return 0, repeats(sweep)


def _goes_through(sweep: Sweep) -> tuple[int, int]:
    finish(sweep)
    sound(sweep)
    doctor(sweep)
    return 0, repeats(sweep)


def _named(sweep: Sweep) -> tuple[int, int]:
    """Nothing can run: one clear message, no traceback."""
    finish(sweep, code=1)
    told = said(sweep)
    assert "Traceback" not in told, told[-2000:]
    assert "LockedRows" in told or "lock" in told, told[-1500:]
    return 0, 0
