"""Nodes that go away under gangs: each run goes on from its last checkpoint."""

from __future__ import annotations

import itertools
import random
import subprocess
import time
from pathlib import Path

from chaos.acts_gang import EVERY, STEPS
from chaos.cases.node_loss import Nodes, cluster
from chaos.checking import acknowledged, doctor, losses, repeats, sound
from chaos.processes import wait_for
from chaos.result import Result
from chaos.sweeps import HERE, Sweep, ended, said, start
from chaos.tally import Tally
from sweeper.core.events import CheckpointWritten, FoldLost
from sweeper.core.evolve import replay
from sweeper.core.records import State, TrialState
from sweeper.core.seeds import derive
from sweeper.journal.file import read

CONFIG = """
seed: 5
data: {{source: "sklearn:iris", target: target, holdout: none}}
cv: 2
metric: loss
train: acts_gang:train
parameters: {{lr: {{min: 0.01, max: 0.5, log: true}}, notes: "{notes}"}}
search: {{sampler: random, pruner: none, concurrency: 1}}
budget: {{trials: {trials}}}
resources: {{workers: 2, cpus: 1, placement: spread}}
register: none
refit: false
tracking: none
"""


def run(count: int, seed: int, folder: Path) -> Result:
    """`count` times the raylet of a node that a gang is on, once it has made a checkpoint."""
    rng, tally = random.Random(seed), Tally()
    sweep = Sweep(folder / "gangs", "gangs")
    text = CONFIG.format(trials=max(2, count), notes=sweep.folder / "steps.txt")
    sweep.configure(text, HERE / "acts_gang.py")
    with cluster(folder) as nodes, ended(start(sweep, "--address", nodes.address)) as process:
        for number in range(count):
            tally.inject(f"node {number}", lambda: _lost(sweep, nodes, process, rng))
        code = process.wait(600)
        assert code == 0, f"exit code {code}: {said(sweep)[-3000:]}"
    state = sound(sweep)
    assert all(t.state is TrialState.COMPLETE for t in state.trials.values()), said(sweep)[-3000:]
    doctor(sweep)
    lost = sum(isinstance(event, FoldLost) for event in read(sweep.journal))
    assert lost >= count, f"{count} nodes of gangs were killed, and {lost} runs were lost"
    again, worst = _done_again(sweep, state)
    assert worst <= EVERY, f"a run did {worst} steps again; there is a checkpoint every {EVERY}"
    return tally.result(
        "gangs",
        f"{len(state.trials)} trials of 2 folds, 2 workers each, {STEPS} steps: {lost} runs lost "
        "with a node, each went on from its checkpoint",
        f"{again} steps done again, at most {worst} for one loss; a checkpoint every {EVERY}",
    )


def _lost(
    sweep: Sweep, nodes: Nodes, process: subprocess.Popen[bytes], rng: random.Random
) -> tuple[int, int]:
    """Kill a node of the gang that is at work, after a checkpoint since the last kill."""
    known = _checkpoints(sweep)
    wait_for(lambda: _checkpoints(sweep) > known, 180, "another checkpoint", process)
    time.sleep(rng.uniform(0, 0.7))
    before = acknowledged(sweep)
    names = wait_for_gang(sweep, process)
    nodes.kill_named(rng.choice(names))
    return losses(before, sweep), repeats(sweep)


def wait_for_gang(sweep: Sweep, process: subprocess.Popen[bytes]) -> list[str]:
    """The nodes of a gang that is at work."""
    wait_for(lambda: bool(_state(sweep).slots), 60, "a gang is at work", process)
    return [name for slot in _state(sweep).slots for name in slot.nodes]


def _state(sweep: Sweep) -> State:
    return replay(read(sweep.journal))


def _checkpoints(sweep: Sweep) -> int:
    if not sweep.journal.exists():
        return 0
    return sum(isinstance(event, CheckpointWritten) for event in read(sweep.journal))


def _done_again(sweep: Sweep, state: State) -> tuple[int, int]:
    """Steps that were done a second time: in all, and the most in a row. None was left out."""
    noted: dict[int, list[int]] = {}
    for line in (sweep.folder / "steps.txt").read_text().splitlines():
        seed, step = map(int, line.split())
        noted.setdefault(seed, []).append(step)
    again = worst = 0
    for trial in state.trials.values():
        for fold in range(state.splits.folds):
            steps = noted[derive(state.spec.seed, trial.number, fold)]
            assert set(steps) == set(range(STEPS)), f"trial {trial.number}, fold {fold}: {steps}"
            back = [a - b + 1 for a, b in itertools.pairwise(steps) if b <= a]
            again += sum(back)
            worst = max([worst, *back])
    return again, worst
