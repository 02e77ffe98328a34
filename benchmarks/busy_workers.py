"""How much of two workers' time is spent on folds: an SVC on digits, folds of about 100 ms.

    python benchmarks/busy_workers.py [--rounds 5] [--trials 100] [--pruner racing]

The share is the fold runs' own seconds (taking rows, fitting, scoring) over two workers × the time
from the first fold's start to the last one's end. Up to 200 trials `sampler: auto` is a Gaussian
process, whose asks take processor time beside the folds; `tpe` costs little. The peer is the loop
that one writes oneself: each fold a Ray task, two in flight, the next one sent when one is done,
random parameters.
"""

from __future__ import annotations

import argparse
import functools
import time

from side_by_side import Contestant, arguments, own_ray, run, table, versions
from sweeps import swept

WORKERS = 2

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


def share(spans: list[tuple[float, float]]) -> float:
    """`spans`: start and end of each fold."""
    wall = max(end for _, end in spans) - min(start for start, _ in spans)
    return sum(end - start for start, end in spans) / (WORKERS * wall)


def sweeper(asked: argparse.Namespace, sampler: str = "auto") -> float:
    from sweeper.core.events import FoldSucceeded
    from sweeper.core.scheduling import slot_count

    slots: list[int] = []
    _, events = swept(
        CONFIG.format(**vars(asked), sampler=sampler),
        observer=lambda state: slots.append(slot_count(state)),
    )
    assert max(slots) == WORKERS, f"{max(slots)} workers: this is measured on two cores"
    folds = [e for e in events if isinstance(e, FoldSucceeded) and e.run.fold >= 0]
    return share([(e.t - e.outcome.seconds, e.t) for e in folds])


def loop(asked: argparse.Namespace) -> float:
    import numpy as np
    import ray
    from sklearn.datasets import load_digits
    from sklearn.model_selection import StratifiedKFold

    own_ray(num_cpus=WORKERS)
    X, y = load_digits(return_X_y=True)
    splits = list(StratifiedKFold(5, shuffle=True, random_state=0).split(X, y))
    data = ray.put((X, y, splits))

    @ray.remote(num_cpus=1)
    def fit(data, C: float, gamma: float, fold: int) -> tuple[float, float, float]:
        from sklearn.metrics import accuracy_score
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
        from sklearn.svm import SVC

        begun = time.time()
        X, y, splits = data
        train, valid = splits[fold]
        model = make_pipeline(StandardScaler(), SVC(C=C, gamma=gamma)).fit(X[train], y[train])
        score = accuracy_score(y[valid], model.predict(X[valid]))
        return score, begun, time.time()

    rng = np.random.default_rng(asked.seed)
    points = [
        (
            float(np.exp(rng.uniform(*np.log([0.01, 100])))),
            float(np.exp(rng.uniform(*np.log([1e-5, 0.1])))),
        )
        for _ in range(asked.trials)
    ]
    waiting = [(*point, fold) for point in points for fold in range(5)][::-1]
    running: list = []
    done = []
    while waiting or running:
        while waiting and len(running) < WORKERS:
            running.append(fit.remote(data, *waiting.pop()))
        ready, running = ray.wait(running)
        done += ray.get(ready)
    return share([(begun, ended) for _, begun, ended in done])


CONTESTANTS = {
    "sweeper": Contestant(sweeper),
    "sweeper, sampler tpe": Contestant(functools.partial(sweeper, sampler="tpe")),
    "a loop over Ray tasks": Contestant(loop),
}


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--pruner", default="racing")
    asked = parser.parse_args()
    found = run(CONTESTANTS, asked)
    rows = [(name, ", ".join(f"{each:.1%}" for each in sorted(f))) for name, f in found.items()]
    print(table(("", "of the workers' time on folds, each round"), rows))
    print(f"\n{versions('ray', 'scikit-learn')}; {asked.rounds} alternating rounds")


if __name__ == "__main__":
    main()
