"""The same error in the first trials: the sweep stops with it, and says so."""

from __future__ import annotations

from pathlib import Path

from chaos.checking import acknowledged, diagnosis
from chaos.forked import forked
from chaos.result import Result
from chaos.sweeps import Sweep, ended, launch_here, said, start
from chaos.tally import Tally
from sweeper.core.evolve import replay
from sweeper.core.records import SweepState, TrialState
from sweeper.journal.file import read

CONFIG = """
data: {source: "sklearn:iris", target: target, holdout: none}
cv: 2
metric: accuracy
train: acts:always_fails
parameters: {x: {min: 0.0, max: 1.0}}
search: {sampler: random, pruner: none}
budget: {trials: 60}
register: none
tracking: none
"""


def run(count: int, seed: int, folder: Path) -> Result:
    """On one slot in process, and on Ray with as many as there are."""
    del count, seed
    tally = Tally()
    alone = Sweep(folder / "alone", "same").configure(CONFIG)
    tally.inject("one worker", lambda: _in_process(alone))
    on_ray = Sweep(folder / "ray", "same").configure(CONFIG)
    tally.inject("workers on Ray", lambda: _on_ray(on_ray))
    return tally.result("same error")


def _in_process(sweep: Sweep) -> tuple[int, int]:
    found = forked(lambda: launch_here(sweep))
    assert found.code == 1, f"exit code {found.code}: {found.said[-1000:]}"
    return _stopped(sweep, found.said)


def _on_ray(sweep: Sweep) -> tuple[int, int]:
    with ended(start(sweep)) as process:
        code = process.wait(120)
    assert code == 1, f"exit code {code}: {said(sweep)[-1000:]}"
    return _stopped(sweep, said(sweep))


def _stopped(sweep: Sweep, told: str) -> tuple[int, int]:
    state = replay(read(sweep.journal))
    assert state.status is SweepState.FAILED, state.status
    failed = sum(trial.state is TrialState.FAILED for trial in state.trials.values())
    slots = sum(node.slots for node in state.nodes)
    assert failed == max(3, slots), f"{failed} trials failed on {slots} slots"
    assert f"the first {failed} trials all failed with" in told, told[-1500:]
    assert "the very same error" in told, told[-1500:]
    assert acknowledged(sweep).folds == frozenset()
    wrong = [check for check in diagnosis(sweep) if check["name"] == "journal" and not check["ok"]]
    assert not wrong, wrong
    return 0, 0
