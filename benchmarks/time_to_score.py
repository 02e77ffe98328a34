"""From the command to a good model: the time until full cross-validation's best score is reached.

    python benchmarks/time_to_score.py [--data DIR] [--rounds 5] [--only NAME …]

The same data, folds, space and two workers for all; each contestant with its own default search and a
seed that is the round's. The score to reach is what the best of 40 random points has in the median of
five draws, by full cross-validation. The clock begins with the process and ends when a trial is
complete, on all folds, whose mean reaches it; imports and starting workers are in it. Who has not
reached it after 200 trials or LIMIT seconds has no time (inf). A fold is fitted on one thread.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np

from side_by_side import (
    ONE_THREAD,
    SWEEPER,
    Contestant,
    arguments,
    own_ray,
    run,
    spread,
    table,
    versions,
)

FOLDS = 5
WORKERS = 2
TRIALS = 200
LIMIT = 240
BOOSTING = "sklearn.ensemble.HistGradientBoosting"
SVM = "sklearn.svm.SV"

SETS = {
    "breast_cancer": ("classifier", "svm"),
    "digits": ("classifier", "svm"),
    "wine": ("classifier", "boosting"),
    "diabetes": ("regressor", "boosting"),
    "phoneme": ("classifier", "boosting"),
    "mammography": ("classifier", "boosting"),
    "abalone": ("regressor", "boosting"),
    "letter_recognition": ("classifier", "svm"),
}
"""scikit-learn's own, and what `--data` may have: the task, and what is trained."""

SPACES = {
    "svm": {"C": (1e-2, 1e3), "gamma": (1e-5, 1.0)},
    "boosting": {
        "learning_rate": (0.01, 0.5),
        "max_leaf_nodes": (4, 63),
        "min_samples_leaf": (5, 100),
        "l2_regularization": (1e-6, 10.0),
    },
}
"""All logarithmic; integers are integers."""

ROWS = 4000


def data(name: str, folder: str | None):
    """X, y: numbers; the first ROWS of a set, shuffled. Read once a process."""
    if name not in _read:
        _read[name] = _rows(name, folder)
    return _read[name]


_read: dict = {}  # and no functools.cache, which cannot travel to Ray Tune's workers


def _rows(name: str, folder: str | None):
    from sklearn import datasets

    if hasattr(datasets, f"load_{name}"):
        return getattr(datasets, f"load_{name}")(return_X_y=True)
    import pandas as pd

    frame = pd.read_parquet(Path(folder or ".") / f"{name}.parquet")
    frame = frame.sample(frac=1, random_state=0)[:ROWS]
    target = frame.columns[-1]
    features = pd.get_dummies(frame.drop(columns=target)).to_numpy(float)
    y = frame[target]
    return features, (
        y.to_numpy(float)
        if SETS[name][0] == "regressor"
        else y.astype("category").cat.codes.to_numpy()
    )


def estimator(name: str, params: dict):
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC, SVR

    task, kind = SETS[name]
    if kind == "svm":
        model = SVC(**params) if task == "classifier" else SVR(**params)
        return make_pipeline(StandardScaler(), model)
    if task == "classifier":
        return HistGradientBoostingClassifier(max_iter=60, random_state=0, **params)
    return HistGradientBoostingRegressor(max_iter=60, random_state=0, **params)


def splits(name: str, X, y):
    from sklearn.model_selection import KFold, StratifiedKFold

    kind = StratifiedKFold if SETS[name][0] == "classifier" else KFold
    return list(kind(FOLDS, shuffle=True, random_state=0).split(X, y))


def fold_score(name: str, params: dict, fold: int, folder: str | None) -> float:
    from sklearn.metrics import balanced_accuracy_score, root_mean_squared_error

    X, y = data(name, folder)
    train, valid = splits(name, X, y)[fold]
    said = estimator(name, params).fit(X[train], y[train]).predict(X[valid])
    if SETS[name][0] == "classifier":
        return float(balanced_accuracy_score(y[valid], said))
    return -float(root_mean_squared_error(y[valid], said))


def score(name: str, params: dict, folder: str | None) -> float:
    return statistics.mean(fold_score(name, params, fold, folder) for fold in range(FOLDS))


def drawn(name: str, rng: np.random.Generator) -> dict:
    return {
        key: round(v) if isinstance(low, int) else v
        for key, (low, high) in SPACES[SETS[name][1]].items()
        for v in [float(np.exp(rng.uniform(np.log(low), np.log(high))))]
    }


def best_of_random(name: str, folder: str | None) -> float:
    os.environ.update(ONE_THREAD)
    context = multiprocessing.get_context("spawn")
    bests = []
    with context.Pool(WORKERS) as pool:
        for draw in range(5):
            rng = np.random.default_rng(draw)
            points = [(name, drawn(name, rng), folder) for _ in range(40)]
            bests.append(max(pool.starmap(score, points)))
    return statistics.median(bests)


CONFIG = """
name: race
seed: {seed}
data: {{source: data.csv, target: y, holdout: none}}
cv: {{split_by: fold}}
metric: {{name: {metric}, target: {goal!r}}}
{model}
search: {{sampler: auto, pruner: racing}}
budget: {{trials: {trials}, time: {limit}}}
refit: false
register: none
tracking: none
"""


def sweeper(asked: argparse.Namespace) -> float:
    """By its command, with config and data in files. Its clock begins when they are there: to
    read them is in it, to write them is not."""
    from sweeper.core.evolve import replay
    from sweeper.journal.file import read

    with tempfile.TemporaryDirectory() as name:
        config, sweeps = _laid(asked, Path(name)), Path(name) / "sweeps"
        began = time.time()
        command = [*SWEEPER, "launch", str(config), "--dir", str(sweeps)]
        subprocess.run(command, check=True, capture_output=True)
        state = replay(read(sweeps / "race" / "journal.jsonl"))
    best = state.best
    assert best is not None
    assert best.value is not None
    assert best.ended is not None
    if best.value < asked.goal:
        return float("inf")
    wall, t = state.anchor
    return wall + best.ended - t - began


def _laid(asked: argparse.Namespace, folder: Path) -> Path:
    """Sweeper's config, with its data beside it."""
    import pandas as pd
    import yaml

    task, kind = SETS[asked.set]
    X, y = data(asked.set, asked.data)
    of = np.zeros(len(y), int)
    for number, (_, valid) in enumerate(splits(asked.set, X, y)):
        of[valid] = number
    frame = pd.DataFrame(X, columns=[f"x{i}" for i in range(X.shape[1])])
    frame.assign(y=y, fold=of).to_csv(folder / "data.csv", index=False)
    parameters: dict = {
        key: {"min": low, "max": high, "log": True} for key, (low, high) in SPACES[kind].items()
    }
    if kind == "boosting":
        estimator = f"{BOOSTING}{'Classifier' if task == 'classifier' else 'Regressor'}"
        parameters |= {"max_iter": 60, "random_state": 0}
    else:
        estimator = f"{SVM}{'C' if task == 'classifier' else 'R'}"
    model = {
        "preprocess": "none" if kind == "boosting" else "auto",
        "model": {"estimator": estimator, "parameters": parameters},
    }
    config = folder / "race.yaml"
    config.write_text(
        CONFIG.format(
            seed=asked.seed,
            metric="balanced_accuracy" if task == "classifier" else "neg_root_mean_squared_error",
            goal=asked.goal,
            model=yaml.safe_dump(model),
            trials=TRIALS,
            limit=LIMIT,
        )
    )
    return config


class Reached(Exception):
    pass


def tune(asked: argparse.Namespace) -> float:
    from ray import tune as t
    from ray.tune.search.optuna import OptunaSearch

    name, folder = asked.set, asked.data

    def train(config):
        params = {
            k: round(v) if isinstance(SPACES[SETS[name][1]][k][0], int) else v
            for k, v in config.items()
        }
        t.report({"score": score(name, params, folder)})

    sys.path.insert(0, str(Path(__file__).parent))
    path = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    own_ray(num_cpus=WORKERS, runtime_env={"env_vars": {"PYTHONPATH": path}})
    when: list[float] = []
    with tempfile.TemporaryDirectory() as storage:
        t.Tuner(
            train,
            param_space={
                k: t.loguniform(low, high) for k, (low, high) in SPACES[SETS[name][1]].items()
            },
            tune_config=t.TuneConfig(
                num_samples=TRIALS,
                metric="score",
                mode="max",
                search_alg=OptunaSearch(seed=asked.seed),
                max_concurrent_trials=WORKERS,
                time_budget_s=LIMIT,
            ),
            run_config=t.RunConfig(
                storage_path=storage, verbose=0, stop=_stopper(asked.goal, when)
            ),
        ).fit()
    return when[0] - asked.began if when else float("inf")


def _stopper(goal: float, when: list[float]):
    """Ends the search at the first trial that reaches `goal`, and notes the time there."""
    from ray.tune import Stopper

    class Reaches(Stopper):
        def __call__(self, trial_id, result):
            if result.get("score", -float("inf")) >= goal:
                when.append(time.time())
            return False

        def stop_all(self):
            return bool(when)

    return Reaches()


def _study_worker(asked: argparse.Namespace, folder: str, number: int) -> None:
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.load_study(
        study_name="race",
        storage=JournalStorage(JournalFileBackend(f"{folder}/optuna.log")),
        sampler=optuna.samplers.TPESampler(seed=WORKERS * asked.seed + number),
    )

    def objective(trial):
        params = {
            key: trial.suggest_int(key, low, high, log=True)
            if isinstance(low, int)
            else trial.suggest_float(key, low, high, log=True)
            for key, (low, high) in SPACES[SETS[asked.set][1]].items()
        }
        return score(asked.set, params, asked.data)

    def stop(study, trial):
        if len(study.trials) >= TRIALS or study.best_value >= asked.goal:
            study.stop()

    study.optimize(objective, callbacks=[stop])


def optuna_processes(asked: argparse.Namespace) -> float:
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        storage = JournalStorage(JournalFileBackend(f"{folder}/optuna.log"))
        study = optuna.create_study(study_name="race", storage=storage, direction="maximize")
        processes = [
            context.Process(target=_study_worker, args=(asked, folder, number))
            for number in range(WORKERS)
        ]
        for process in processes:
            process.start()
        while any(p.is_alive() for p in processes) and time.time() - asked.began < LIMIT:
            time.sleep(0.02)
            done = [t.value for t in study.get_trials(deepcopy=False) if t.value is not None]
            if done and max(done) >= asked.goal:
                took = time.time() - asked.began
                for process in processes:
                    process.kill()
                return took
        for process in processes:
            process.kill()
    return float("inf")


def _searched(asked: argparse.Namespace, halving: bool) -> float:
    """A search of scikit-learn's own: it has no way to stop early, so that its time is that of the
    shortest search, of 10, 20, 40 … points, whose best reaches the score."""
    from scipy.stats import loguniform
    from sklearn.experimental import enable_halving_search_cv  # noqa: F401
    from sklearn.model_selection import HalvingRandomSearchCV, RandomizedSearchCV

    class LogInteger:
        def __init__(self, low, high):
            self.of = loguniform(low, high)

        def rvs(self, *args, **named):
            return round(self.of.rvs(*args, **named))

    X, y = data(asked.set, asked.data)
    task, kind = SETS[asked.set]
    prefix = "" if kind == "boosting" else f"sv{'c' if task == 'classifier' else 'r'}__"
    space = {
        prefix + key: LogInteger(low, high) if isinstance(low, int) else loguniform(low, high)
        for key, (low, high) in SPACES[kind].items()
    }
    scoring = "balanced_accuracy" if task == "classifier" else "neg_root_mean_squared_error"
    count = 10
    start = time.time() - asked.began
    while count <= TRIALS and time.time() - asked.began < 2 * LIMIT:
        begun = time.time()
        search = HalvingRandomSearchCV if halving else RandomizedSearchCV
        given = {"n_candidates": count} if halving else {"n_iter": count}
        found = search(
            estimator(asked.set, {}),
            space,
            cv=splits(asked.set, X, y),
            scoring=scoring,
            n_jobs=WORKERS,
            random_state=asked.seed,
            refit=False,
            **given,
        ).fit(X, y)
        params = {k.removeprefix(prefix): v for k, v in found.best_params_.items()}
        if score(asked.set, params, asked.data) >= asked.goal:
            return start + time.time() - begun
        count *= 2
    return float("inf")


def random_search(asked: argparse.Namespace) -> float:
    return _searched(asked, False)


def halving(asked: argparse.Namespace) -> float:
    return _searched(asked, True)


CONTESTANTS = {
    "sweeper": Contestant(sweeper),
    "Ray Tune": Contestant(tune, ("pyarrow", "tensorboardX")),
    "Optuna, 2 processes": Contestant(optuna_processes),
    "RandomizedSearchCV": Contestant(random_search),
    "HalvingRandomSearchCV": Contestant(halving),
}


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--data", metavar="DIR", help="parquet files of more sets")
    parser.add_argument("--sets", nargs="*", metavar="SET", help="these sets")
    parser.add_argument("--set", help=argparse.SUPPRESS)
    parser.add_argument("--goal", type=float, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        run(CONTESTANTS, asked)
    rows = []
    for name in asked.sets or SETS:
        own = name in ("breast_cancer", "digits", "wine", "diabetes")
        if not own and not (asked.data and (Path(asked.data) / f"{name}.parquet").exists()):
            continue
        goal = best_of_random(name, asked.data)
        print(f"{name}: {goal!r} is to be reached", file=sys.stderr, flush=True)
        found = run(CONTESTANTS, asked, "--set", name, "--goal", repr(goal))
        ours = median(found["sweeper"]) if "sweeper" in found else float("nan")
        for contestant, figures in found.items():
            ratio = "" if contestant == "sweeper" else f"{median(figures) / ours:.1f} ×"
            rows.append((name, contestant, spread(figures, 1), ratio))
    print(table(("data", "", "seconds to the score", "as long as sweeper"), rows))
    packages = ("ray", "optuna", "scikit-learn", "torch")
    print(f"\n{versions(*packages)}; {asked.rounds} alternating rounds")


if __name__ == "__main__":
    main()
