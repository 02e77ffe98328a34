"""Empty trials, two at a time: what a trial costs beside its work.

    python benchmarks/overhead.py [--rounds 5] [--only NAME …]

A trial has five folds that do nothing and give a score; parameters are drawn at random. The
rate is trials over the time from the first to the last one's end, so that no start is in it.
Sweeper runs each fold by itself, with its record on disk; for the peers, which know no folds, a
trial is one call of a function that goes through all five.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
from statistics import median

from side_by_side import Contestant, arguments, own_ray, run, spread, table, versions
from sweeps import FIVE_FOLDS, WORK, empty, swept

FOLDS = 5
WORKERS = 2
TRIALS = {"sweeper": 3000, "tune": 40, "tune_reused": 400, "optuna": 400, "syne_tune": 40}


def folds() -> float:
    return sum(random.random() for _ in range(FOLDS)) / FOLDS


def rate(ends: list[float]) -> float:
    return (len(ends) - 1) / (max(ends) - min(ends))


def sweeper(asked: argparse.Namespace) -> float:
    from sweeper.core.events import TrialCompleted

    trials = TRIALS["sweeper"]
    outcome, events = swept(empty(trials) + FIVE_FOLDS, {"work.py": WORK})
    ends = [e.t for e in events if isinstance(e, TrialCompleted)]
    assert len(ends) == trials, outcome.state.reason
    return rate(ends)


def _tune(reuse: bool, optuna: bool, trials: int) -> float:
    from ray import tune
    from ray.tune.search.optuna import OptunaSearch

    class Trainable(tune.Trainable):
        def setup(self, config):
            pass

        def step(self):
            return {"score": folds(), "ended": time.time(), "done": True}

        def reset_config(self, config):
            return True

        def save_checkpoint(self, checkpoint_dir):
            return None

    def function(config):
        tune.report({"score": folds(), "ended": time.time()})

    own_ray(num_cpus=WORKERS)
    with tempfile.TemporaryDirectory() as folder:
        results = tune.Tuner(
            Trainable if reuse else function,
            param_space={"x": tune.uniform(0, 1), "y": tune.loguniform(1e-4, 1)},
            tune_config=tune.TuneConfig(
                num_samples=trials,
                metric="score",
                mode="max",
                reuse_actors=reuse,
                search_alg=OptunaSearch() if optuna else None,
                max_concurrent_trials=WORKERS,
            ),
            run_config=tune.RunConfig(storage_path=folder, verbose=0),
        ).fit()
        ends = [result.metrics["ended"] for result in results]
    assert len(ends) == trials
    return rate(ends)


def tune_default(asked: argparse.Namespace) -> float:
    return _tune(False, True, TRIALS["tune"])


def tune_reused(asked: argparse.Namespace) -> float:
    return _tune(True, True, TRIALS["tune_reused"])


def tune_random(asked: argparse.Namespace) -> float:
    """Without OptunaSearch: Ray Tune's own random points, its fastest way."""
    return _tune(True, False, TRIALS["tune_reused"])


def _objective(trial):
    trial.suggest_float("x", 0, 1)
    trial.suggest_float("y", 1e-4, 1, log=True)
    return folds()


def _storage(kind: str, folder: str):
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if kind == "sqlite":
        return optuna.storages.RDBStorage(f"sqlite:///{folder}/optuna.db")
    return JournalStorage(JournalFileBackend(f"{folder}/optuna.log"))


def _worker(kind: str, folder: str, seed: int, trials: int) -> None:
    import optuna

    study = optuna.load_study(
        study_name="empty",
        storage=_storage(kind, folder),
        sampler=optuna.samplers.RandomSampler(seed=seed),
    )
    study.optimize(_objective, n_trials=trials)


def _optuna(kind: str) -> float:
    import multiprocessing

    import optuna

    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        storage = _storage(kind, folder)
        study = optuna.create_study(study_name="empty", storage=storage, direction="maximize")
        each = TRIALS["optuna"] // WORKERS
        processes = [
            context.Process(target=_worker, args=(kind, folder, seed, each))
            for seed in range(WORKERS)
        ]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        ends = [t.datetime_complete.timestamp() for t in study.get_trials()]
    assert len(ends) == TRIALS["optuna"]
    return rate(ends)


def optuna_sqlite(asked: argparse.Namespace) -> float:
    return _optuna("sqlite")


def optuna_journal(asked: argparse.Namespace) -> float:
    return _optuna("journal")


def _ended(x, y):
    """In a process of its own, started anew for each trial."""
    import random
    import time

    from syne_tune import Reporter

    score = sum(random.random() for _ in range(5)) / 5
    Reporter()(score=score, ended=time.time())


def syne_tune(asked: argparse.Namespace) -> float:
    import logging

    from syne_tune import StoppingCriterion, Tuner
    from syne_tune.backend import PythonBackend
    from syne_tune.config_space import loguniform, uniform
    from syne_tune.optimizer.baselines import RandomSearch

    logging.disable(logging.WARNING)
    space = {"x": uniform(0, 1), "y": loguniform(1e-4, 1)}
    ends: list[float] = []

    class Ends:
        def __getattr__(self, name):
            return lambda *args, **named: None

        def on_trial_result(self, trial, status, result, decision):
            ends.append(result["ended"])

    with tempfile.TemporaryDirectory() as folder:
        os.environ["SYNETUNE_FOLDER"] = folder
        os.chdir(folder)  # it writes there too
        Tuner(
            trial_backend=PythonBackend(tune_function=_ended, config_space=space),
            scheduler=RandomSearch(space, metrics=["score"], do_minimize=False),
            stop_criterion=StoppingCriterion(max_num_trials_finished=TRIALS["syne_tune"]),
            n_workers=WORKERS,
            sleep_time=0.1,
            callbacks=[Ends()],
            save_tuner=False,
        ).run()
    return rate(ends)


CONTESTANTS = {
    "sweeper": Contestant(sweeper),
    "Ray Tune, OptunaSearch": Contestant(tune_default, ("pyarrow", "tensorboardX")),
    "Ray Tune, OptunaSearch, reuse_actors": Contestant(tune_reused, ("pyarrow", "tensorboardX")),
    "Ray Tune, random, reuse_actors": Contestant(tune_random, ("pyarrow", "tensorboardX")),
    "Optuna, 2 processes, SQLite": Contestant(optuna_sqlite),
    "Optuna, 2 processes, journal": Contestant(optuna_journal),
    "Syne Tune, local backend": Contestant(syne_tune, ("syne_tune",)),
}


def main() -> None:
    asked = arguments(__doc__).parse_args()
    found = run(CONTESTANTS, asked)
    ours = median(found["sweeper"])
    rows = [
        (name, spread(figures, 1), "" if name == "sweeper" else f"{ours / median(figures):.3g} ×")
        for name, figures in found.items()
    ]
    print(table(("", "trials/s", "sweeper's rate is"), rows))
    print(f"\n{versions('ray', 'optuna', 'syne-tune')}; {asked.rounds} alternating rounds")


if __name__ == "__main__":
    main()
