"""How much of the workers' time is spent fitting: an SVC on digits, from the journal.

    python benchmarks/busy_workers.py [--trials 100] [--pruner racing] [--sampler tpe]

The share is the fold runs' own seconds (preprocessing, fitting, scoring) over slots × the
time from the first fold's start to the last fold's end. Run it on a quiet machine.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from sweeper import app
from sweeper.core.events import FoldSucceeded
from sweeper.core.scheduling import slot_count
from sweeper.journal.file import read

CONFIG = """
name: busy
seed: {seed}
data: {{source: "sklearn:digits", target: target}}
cv: 5
metric: accuracy
model:
  estimator: sklearn.svm.SVC
  parameters:
    C: {{min: 0.01, max: 100, log: true}}
    gamma: {{min: 1e-5, max: 0.1, log: true}}
search: {{sampler: {sampler}, pruner: {pruner}}}
budget: {{trials: {trials}}}
register: none

"""


def measure(trials: int, sampler: str, pruner: str, seed: int) -> str:
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "busy.yaml"
        config.write_text(CONFIG.format(trials=trials, sampler=sampler, pruner=pruner, seed=seed))
        slots: list[int] = []
        outcome = app.launch(
            config,
            root=Path(folder) / "sweeps",
            observer=lambda state: slots.append(slot_count(state)),
        )
        events = read(outcome.directory / "journal.jsonl")
        folds = [e for e in events if isinstance(e, FoldSucceeded) and e.run.fold >= 0]
    first = min(e.t - e.outcome.seconds for e in folds)
    wall = max(e.t for e in folds) - first
    fitting = sum(e.outcome.seconds for e in folds)
    share = fitting / (max(slots) * wall)
    mean = 1000 * fitting / len(folds)
    return (
        f"{trials} trials, {len(folds)} folds of {mean:.0f} ms on {max(slots)} workers, "
        f"{wall:.1f} s: {share:.1%} of the workers' time spent fitting"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--sampler", default="auto")
    parser.add_argument("--pruner", default="racing")
    parser.add_argument("--seeds", type=int, default=3)
    asked = parser.parse_args()
    for seed in range(asked.seeds):
        print(measure(asked.trials, asked.sampler, asked.pruner, seed), flush=True)


if __name__ == "__main__":
    main()
