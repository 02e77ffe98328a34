"""A fold that eats memory beside others that do not, with a limit in the config."""

from __future__ import annotations

import functools
from pathlib import Path

from chaos.checking import doctor, repeats, sound
from chaos.result import Result
from chaos.sweeps import Sweep, finish
from chaos.tally import Tally
from sweeper.core.records import Failure, RunState, State, TrialState

CONFIG = """
data: {source: "sklearn:iris", target: target, holdout: none}
cv: {splitter: ShuffleSplit, n_splits: 1}
metric: accuracy
train: acts:eats
parameters:
  x: {values: [ROUNDS]}
  kind: {values: [modest, greedy, insatiable]}
search: {sampler: grid, pruner: none, concurrency: 2}
resources: {cpus: 1, memory: 700MB}
retries: {oom: 1}
timeout: 2m
register: none
refit: false
tracking: none
"""


def run(count: int, seed: int, folder: Path) -> Result:
    """`count` greedy trials with as many modest neighbours."""
    del seed
    tally = Tally()
    text = CONFIG.replace("ROUNDS", ", ".join(f"0.{number}" for number in range(1, count + 1)))
    sweep = Sweep(folder, "hog").configure(text)
    took = finish(sweep)
    state = sound(sweep)
    for number in state.trials:
        tally.inject(f"trial {number}", functools.partial(_charged, state, number))
    doctor(sweep)
    assert repeats(sweep) == 0
    left_out = ("a fold that fills its whole node: it would take this machine with it",)
    return tally.result(
        "memory",
        f"{count} folds of 1.5 GB under a limit of 700 MB, as many that end in MemoryError; {took:.0f} s",
        left_out=left_out,
    )


def _charged(state: State, number: int) -> tuple[int, int]:
    """The greedy: once, and then it has its node to itself. The insatiable: each time, to
    the end of its retries. The modest: never."""
    trial = state.trials[number]
    charged = [run.outcome for run in trial.runs if run.state is RunState.FAILED]
    kinds = [str(outcome.kind) for outcome in charged if isinstance(outcome, Failure)]
    if trial.params["kind"] == "modest":
        assert trial.state is TrialState.COMPLETE, f"{trial.state}: {charged}"
        assert not kinds, f"an innocent neighbour was charged: {charged}"
    elif trial.params["kind"] == "greedy":
        assert kinds == ["oom"], f"{kinds}: {charged}"
        assert trial.state is TrialState.COMPLETE, f"{trial.state}: {charged}"
    else:
        assert kinds == ["oom", "oom"], f"{kinds}: {charged}"
        assert trial.state is TrialState.FAILED, trial.state
    return 0, 0
