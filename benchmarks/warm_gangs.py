"""One distributed trial after another: a warm gang beside Ray Train's TorchTrainer.

    python benchmarks/warm_gangs.py [--trials 1000] [--trainers 5]

Both train the same small network in DistributedDataParallel on two CPU workers, a few steps
each, and report once. A trial's cost is the time from one's end to the next one's end, so that
what both pay once (Ray's start, the first import of torch) is not in it. Of the gang's processes
it says what they hold after the first trials and after the last: memory, files, threads, children.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import tempfile
import time
from pathlib import Path

from side_by_side import own_ray, table, versions
from sweeper import app
from sweeper.core.events import TrialCompleted
from sweeper.journal.file import read

STEPS = 5

WORK = """
import os, psutil, torch
from torch import nn

def steps(model, count):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    X, y = torch.ones(32, 64), torch.zeros(32, dtype=torch.long)
    for _ in range(count):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(X), y)
        loss.backward()
        optimizer.step()
    return float(loss.detach())

def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))

def train(trial):
    loss = steps(trial.distribute(network()), {count})
    trial.report(0, loss=loss)
    own = psutil.Process()
    return {{
        "loss": loss, "files": own.num_fds(), "threads": own.num_threads(),
        "children": len(own.children(recursive=True)), "mebibytes": own.memory_info().rss / 2**20,
    }}
"""

CONFIG = """
name: gangs
train: warm_gangs_work:train
metric: loss
metrics:
  - {{name: files, goal: minimize}}
  - {{name: threads, goal: minimize}}
  - {{name: children, goal: minimize}}
  - {{name: mebibytes, goal: minimize}}
parameters: {{x: {{min: 0.0, max: 1.0}}}}
search: {{sampler: random, pruner: none, concurrency: 1}}
budget: {{trials: {trials}}}
resources: {{workers: 2, cpus: 1}}
refit: false
register: none
tracking: none
"""


def ours(trials: int) -> list[float]:
    """Seconds of each trial but the first."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "gangs.yaml"
        config.write_text(CONFIG.format(trials=trials))
        (Path(folder) / "warm_gangs_work.py").write_text(WORK.format(count=STEPS))
        outcome = app.launch(config, root=Path(folder) / "sweeps")
        ends = [
            e.t for e in read(outcome.directory / "journal.jsonl") if isinstance(e, TrialCompleted)
        ]
    assert len(ends) == trials, outcome.state.reason
    gaps = [later - earlier for earlier, later in itertools.pairwise(ends)]
    tenth = max(1, trials // 10)
    print(
        f"{trials:,} trials of sweeper's, {sum(gaps):.0f} s from the first one's end to the last's.\n"
    )
    rows = []
    for name in ("mebibytes", "files", "threads", "children"):
        held = [t.scores[0][name] for t in outcome.state.trials.values()]
        first, last = held[tenth : 2 * tenth] or held, held[-tenth:]
        rows.append((name, f"{statistics.mean(first):.1f}", f"{statistics.mean(last):.1f}"))
    print(table(("rank 0's", f"trials {tenth:,} to {2 * tenth:,}", f"the last {tenth:,}"), rows))
    return gaps


def theirs(trainers: int) -> list[float]:
    """The same by Ray Train, each trial a TorchTrainer."""
    import ray
    from ray.train import RunConfig, ScalingConfig
    from ray.train.torch import TorchTrainer

    def train() -> None:
        import ray.train
        import ray.train.torch

        made: dict = {}
        exec(WORK.format(count=STEPS), made)
        loss = made["steps"](ray.train.torch.prepare_model(made["network"]()), STEPS)
        ray.train.report({"loss": loss})

    own_ray()
    ends = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(trainers):
            run = RunConfig(name=f"trial-{number}", storage_path=folder)
            scaling = ScalingConfig(num_workers=2, resources_per_worker={"CPU": 1})
            TorchTrainer(train, scaling_config=scaling, run_config=run).fit()
            ends.append(time.monotonic())
    ray.shutdown()
    return [later - earlier for earlier, later in itertools.pairwise(ends)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--trainers", type=int, default=5)
    asked = parser.parse_args()
    found = {"sweeper": ours(asked.trials), "Ray Train": theirs(asked.trainers)}
    rows = [
        (name, *(f"{figure(gaps):.3f}" for figure in (statistics.mean, statistics.median, max)))
        for name, gaps in found.items()
    ]
    print("\n" + table(("seconds a trial", "mean", "median", "longest"), rows))
    times = statistics.mean(found["Ray Train"]) / statistics.mean(found["sweeper"])
    print(f"\nRay Train takes {times:.0f} times as long.\n\n{versions('ray', 'torch')}")


if __name__ == "__main__":
    main()
