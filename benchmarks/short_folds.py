"""Folds of 2 to 25 milliseconds: sweeper's two workers beside a plain loop, by core.

    python benchmarks/short_folds.py [--rounds 5] [--trials 600] [--only NAME …]

Small models on small data, five folds a trial, random parameters, nobody is stopped early. The loop
fits and scores the same kind of trials one after another in one process, with nothing else around
it. Folds a second and core, from the first fold's start to the last one's end.
"""

from __future__ import annotations

import argparse
import time
from statistics import median

from side_by_side import Contestant, arguments, run, spread, table, versions
from sweeps import swept

WORKERS = 2

CASES = {
    "wine, naive Bayes": ("wine", "sklearn.naive_bayes.GaussianNB", "var_smoothing"),
    "iris, a tree": ("iris", "sklearn.tree.DecisionTreeClassifier", "ccp_alpha"),
    "digits, ridge": ("digits", "sklearn.linear_model.RidgeClassifier", "alpha"),
    "iris, logistic": ("iris", "sklearn.linear_model.LogisticRegression", "C"),
}
"""scikit-learn's data, the estimator, and its parameter that is searched."""

CONFIG = """
name: short
data: {{source: "sklearn:{data}", target: target, holdout: none}}
cv: 5
metric: accuracy
preprocess: none
model:
  estimator: {estimator}
  parameters: {{{parameter}: {{min: 0.01, max: 10.0, log: true}}}}
search: {{sampler: random, pruner: none}}
budget: {{trials: {trials}}}
register: none
tracking: none
"""


def sweeper(asked: argparse.Namespace) -> float:
    from sweeper.core.events import FoldSucceeded

    data, estimator, parameter = CASES[asked.case]
    text = CONFIG.format(data=data, estimator=estimator, parameter=parameter, trials=asked.trials)
    outcome, events = swept(text)
    folds = [e for e in events if isinstance(e, FoldSucceeded) and e.run.fold >= 0]
    assert len(folds) == 5 * asked.trials, outcome.state.reason
    first = min(e.t - e.outcome.seconds for e in folds)
    return len(folds) / (max(e.t for e in folds) - first) / WORKERS


def loop(asked: argparse.Namespace) -> float:
    import importlib

    import numpy as np
    from sklearn import datasets
    from sklearn.metrics import get_scorer
    from sklearn.model_selection import StratifiedKFold

    data, path, parameter = CASES[asked.case]
    X, y = getattr(datasets, f"load_{data}")(return_X_y=True)
    splits = list(StratifiedKFold(5, shuffle=True, random_state=0).split(X, y))
    module, _, name = path.rpartition(".")
    kind = getattr(importlib.import_module(module), name)
    scorer = get_scorer("accuracy")
    values = np.exp(np.random.default_rng(0).uniform(np.log(0.01), np.log(10), asked.trials))
    begun = time.perf_counter()
    for value in values:
        for train, valid in splits:
            model = kind(**{parameter: value}).fit(X[train], y[train])
            scorer(model, X[valid], y[valid])
    return 5 * asked.trials / (time.perf_counter() - begun)


CONTESTANTS = {"sweeper": Contestant(sweeper), "a plain loop": Contestant(loop)}


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--trials", type=int, default=600)
    parser.add_argument("--case", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        run(CONTESTANTS, asked)
    rows = []
    for case in CASES:
        found = run(CONTESTANTS, asked, "--case", case)
        plain = median(found["a plain loop"])
        rows += [
            (
                case,
                name,
                spread(figures, 0),
                f"{1000 / median(figures):.1f} ms",
                f"{median(figures) / plain:.0%}",
            )
            for name, figures in found.items()
        ]
    print(table(("data", "", "folds/s and core", "a fold", "of the loop's rate"), rows))
    print(f"\n{versions('ray', 'scikit-learn')}; {asked.rounds} alternating rounds")


if __name__ == "__main__":
    main()
