"""What a training function may give back as its metric and must not: one trial for each."""

from __future__ import annotations

import functools
import json
from pathlib import Path

from chaos.checking import doctor, repeats, sound, strict_json
from chaos.forked import forked
from chaos.odd import METRICS
from chaos.result import Result
from chaos.sweeps import HERE, Sweep, finish, launch_here
from chaos.tally import Tally
from sweeper.core.records import Failure, FailureKind, State, TrialState

CONFIG = f"""
data: {{source: "sklearn:iris", target: target, holdout: none}}
cv: 2
metric: accuracy
train: odd:metric
parameters: {{what: {{values: [fine, {", ".join(METRICS)}]}}}}
search: {{sampler: grid, pruner: none}}
retries: {{error: 0}}
register: none
refit: false
tracking: none
"""
REASONS = ("metric 'accuracy'", "must return")
"""What a reason has in it: the metric's name, or what the function must return."""


def run(count: int, seed: int, folder: Path) -> Result:
    """Every oddity once in process and once on Ray."""
    del count, seed
    tally = Tally()
    for where in ("in process", "on Ray"):
        sweep = Sweep(folder / where.replace(" ", "-"), "odd").configure(CONFIG, HERE / "odd.py")
        if where == "on Ray":
            finish(sweep)
        else:
            ended = forked(functools.partial(launch_here, sweep))
            assert ended.code == 0, ended.said[-2000:]
        state = sound(sweep)
        for what in METRICS:
            tally.inject(f"{what} {where}", functools.partial(_refused, state, what))
        tally.inject(f"the sweep {where}", functools.partial(_strict, sweep, state))
    return tally.result("metrics", "as metric: " + ", ".join(METRICS))


def _refused(state: State, what: str) -> tuple[int, int]:
    """The trial failed as invalid, with a reason that names the metric."""
    (trial,) = (t for t in state.trials.values() if t.params["what"] == what)
    assert trial.state is TrialState.FAILED, f"the trial is {trial.state}"
    failures = [run.outcome for run in trial.runs if isinstance(run.outcome, Failure)]
    assert failures, "no fold run failed"
    for failure in failures:
        assert failure.kind is FailureKind.INVALID, (
            f"its class is {failure.kind}: {failure.message}"
        )
        assert any(reason in failure.message for reason in REASONS), failure.message
    return 0, 0


def _strict(sweep: Sweep, state: State) -> tuple[int, int]:
    """The good trial is best; journal and `--json` are JSON as the standard has it."""
    from sweeper.cli.main import main

    assert state.best is not None
    assert state.best.params == {"what": "fine"}, f"best is {state.best.params}"
    strict_json(sweep.journal)
    for command in (["status", sweep.name], ["show", sweep.name]):
        said = forked(functools.partial(main, [*command, "--json", "--dir", str(sweep.root)])).said
        json.loads(said, parse_constant=lambda word: 1 / 0)
    doctor(sweep)
    return 0, repeats(sweep)
