"""Folds that end their own process: os._exit, sys.exit, a segmentation fault, SIGKILL."""

from __future__ import annotations

import functools
import math
from collections import Counter
from pathlib import Path

from chaos.checking import doctor, repeats, sound
from chaos.result import Result
from chaos.sweeps import Sweep, finish
from chaos.tally import Tally
from sweeper.core.records import Failure, RunState, State, Trial, TrialState

HOWS = ("os_exit", "sys_exit", "segfault", "sigkill")
CLASS = {"os_exit": "lost", "sys_exit": "error", "segfault": "lost", "sigkill": "lost"}
ATTEMPTS = 2
CONFIG = """
data: {source: "sklearn:iris", target: target, holdout: none}
cv: {splitter: ShuffleSplit, n_splits: 1}
metric: accuracy
train: acts:dies
parameters:
  round: {values: [ROUNDS]}
  how: {values: [well, os_exit, sys_exit, segfault, sigkill]}
search: {sampler: grid, pruner: none}
retries: {error: 1, lost: 1}
register: none
refit: false
tracking: none
"""


def run(count: int, seed: int, folder: Path) -> Result:
    """At least `count` deaths: each trial has two attempts."""
    del seed
    tally, rounds = Tally(), math.ceil(count / (ATTEMPTS * len(HOWS)))
    text = CONFIG.replace("ROUNDS", ", ".join(str(number) for number in range(rounds)))
    sweep = Sweep(folder, "dying").configure(text)
    took = finish(sweep)
    state = sound(sweep)
    for trial in state.trials.values():
        tally.inject(
            f"trial {trial.number} {trial.params}", functools.partial(_as_configured, trial)
        )
    doctor(sweep)
    assert repeats(sweep) == 0
    return tally.result("dying folds", f"{_deaths(state)}; the sweep finished in {took:.0f} s")


def _as_configured(trial: Trial) -> tuple[int, int]:
    """Two attempts, each with the class of its death; the well ones are complete."""
    how = str(trial.params["how"])
    charged = [run.outcome for run in trial.runs if run.state is RunState.FAILED]
    if how == "well":
        assert trial.state is TrialState.COMPLETE, f"{trial.state}: {charged}"
        assert not charged, f"charged with another's death: {charged}"
        return 0, 0
    assert trial.state is TrialState.FAILED, trial.state
    kinds = [str(outcome.kind) for outcome in charged if isinstance(outcome, Failure)]
    assert kinds == [CLASS[how]] * ATTEMPTS, f"charged as {kinds}"
    return 0, 0


def _deaths(state: State) -> str:
    """How often what died in which class."""
    found: Counter[str] = Counter()
    for trial in state.trials.values():
        for run in trial.runs:
            if isinstance(run.outcome, Failure):
                found[f"{trial.params['how']} as {run.outcome.kind}"] += 1
            elif run.state is RunState.LOST:
                found["uncharged"] += 1
    return ", ".join(f"{number} × {what}" for what, number in sorted(found.items()))
