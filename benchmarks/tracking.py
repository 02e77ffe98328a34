"""What tracking in MLflow costs a sweep, and how fast it catches up.

    python benchmarks/tracking.py [--rounds 5] [--only NAME …]

The first table: an SVC on digits, 40 trials of five folds on two workers, with MLflow (SQLite) and
without; seconds from the first fold's start to the last trial's end. The second: a journal of 1,000
complete trials of five folds written to a new MLflow database, beside the usual way of logging the
same trials with MLflow's client, a call for each value.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from statistics import median

from side_by_side import Contestant, arguments, run, spread, table, versions
from sweeps import FIVE_FOLDS, WORK, empty, swept

TRIALS = 40
HISTORY = 1000
FOLDS = 5

CONFIG = """
name: tracked
data: {{source: "sklearn:digits", target: target, holdout: none}}
cv: 5
metric: accuracy
model:
  estimator: sklearn.svm.SVC
  parameters:
    C: {{min: 0.01, max: 100, log: true}}
    gamma: {{min: 1e-5, max: 0.1, log: true}}
search: {{sampler: random, pruner: none}}
budget: {{trials: {trials}}}
refit: false
register: none
{tracking}
"""


def _swept(tracking: str) -> float:
    from sweeper.core.events import FoldSucceeded

    _, events = swept(CONFIG.format(trials=TRIALS, tracking=tracking))
    folds = [e for e in events if isinstance(e, FoldSucceeded)]
    return max(e.t for e in folds) - min(e.t - e.outcome.seconds for e in folds)


def tracked(asked: argparse.Namespace) -> float:
    return _swept("")


def untracked(asked: argparse.Namespace) -> float:
    return _swept("tracking: none")


def caught_up(asked: argparse.Namespace) -> float:
    from sweeper.tracking.mirror import Mirror

    _, events = swept(empty(HISTORY) + FIVE_FOLDS, {"work.py": WORK}, inline=True)
    with tempfile.TemporaryDirectory() as folder:
        mirror = Mirror(
            f"sqlite:///{folder}/mlflow.db",
            f"file://{folder}/artifacts",
            "history",
            "history",
        )
        records = list(enumerate(events, 1))
        begun = time.perf_counter()
        for start in range(0, len(records), 400):
            mirror.apply(records[start : start + 400])
        return HISTORY / (time.perf_counter() - begun)


def chatty(asked: argparse.Namespace) -> float:
    import random

    import mlflow

    trials = HISTORY // 10
    with tempfile.TemporaryDirectory() as folder:
        mlflow.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
        mlflow.create_experiment("history", artifact_location=f"file://{folder}/artifacts")
        mlflow.set_experiment("history")
        with mlflow.start_run():
            begun = time.perf_counter()
            for number in range(trials):
                with mlflow.start_run(run_name=f"trial {number}", nested=True):
                    mlflow.log_param("x", random.random())
                    mlflow.log_param("y", random.random())
                    for fold in range(FOLDS):
                        mlflow.log_metric("score", random.random(), step=fold)
                    mlflow.log_metric("mean", random.random())
            return trials / (time.perf_counter() - begun)


COST = {"with tracking": Contestant(tracked), "without": Contestant(untracked)}
SPEED = {"sweeper's mirror": Contestant(caught_up), "a call for each value": Contestant(chatty)}


def main() -> None:
    asked = arguments(__doc__).parse_args()
    if asked.one:
        run({**COST, **SPEED}, asked)
    cost = run(COST, asked)
    if cost:
        plain = median(cost["without"])
        print(
            table(
                ("", "seconds", "of the time without"),
                [(n, spread(f, 2), f"{median(f) / plain:.1%}") for n, f in cost.items()],
            )
        )
        print()
    speed = run(SPEED, asked)
    print(table(("", "trials/s"), [(n, spread(f, 0)) for n, f in speed.items()]))
    print(f"\n{versions('mlflow-skinny', 'ray')}; {asked.rounds} alternating rounds")


if __name__ == "__main__":
    main()
