"""Tables of fold scores (trial × fold) of real models on real data, for replaying sweeps.

A `Task` fits; `table` fits a whole random search once and keeps it under the temporary
directory. Data of scikit-learn, or parquet files of a directory; recorded tables are
`folds_*.npz` with an array `score` of (configuration, fold, checkpoint).
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn import datasets
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import get_scorer
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from threadpoolctl import threadpool_limits

from sweeper import sampling
from sweeper.core.records import HistoryEntry
from sweeper.core.space import Condition, Dimension, Range, Space, Values
from sweeper.core.specs import Goal

TRIALS = 120
"""Configurations in a table that is fitted here."""

CACHE = Path(tempfile.gettempdir()) / "sweeper-fold-tables"

Params = dict[str, Any]


@dataclass(frozen=True)
class Table:
    """`scores[trial, fold]` in the metric's own direction."""

    name: str
    goal: Goal
    scores: np.ndarray


@dataclass(frozen=True)
class Task:
    """A data set with a scikit-learn scorer, a number of folds and model families."""

    name: str
    scorer: str
    folds: int
    families: tuple[str, ...]
    rows: int = 2500  # of a bigger data set, a seeded sample

    @property
    def classification(self) -> bool:
        return not self.scorer.startswith("neg_root")

    @property
    def goal(self) -> Goal:
        return Goal.MINIMIZE if self.scorer.startswith("neg_") else Goal.MAXIMIZE


OWN = (
    Task("breast_cancer", "accuracy", 5, ("linear", "svm", "tree")),
    Task("digits", "accuracy", 5, ("svm", "neighbours")),
    Task("wine", "neg_log_loss", 10, ("linear", "neighbours", "forest")),
    Task("diabetes", "neg_root_mean_squared_error", 10, ("linear", "svm", "forest")),
)
"""On data that comes with scikit-learn."""

FILES = (
    Task("phoneme", "balanced_accuracy", 5, ("neighbours", "tree", "svm")),
    Task("mammography", "average_precision", 5, ("linear", "neighbours", "tree"), rows=6000),
    Task("abalone", "neg_root_mean_squared_error", 5, ("linear", "neighbours", "tree")),
    Task("lightgbm_binary_higgs7k", "roc_auc", 5, ("linear", "tree", "neighbours")),
)
"""On NAME.parquet in the directory given."""

PARAMETERS: dict[str, tuple[Dimension, ...]] = {
    "linear": (Dimension("strength", Range(1e-4, 1e3, log=True)),),
    "svm": (
        Dimension("C", Range(1e-2, 1e3, log=True)),
        Dimension("gamma", Range(1e-4, 1.0, log=True)),
    ),
    "tree": (
        Dimension("max_depth", Range(2, 16, integer=True)),
        Dimension("min_samples_leaf", Range(1, 60, log=True, integer=True)),
    ),
    "forest": (
        Dimension("max_features", Range(0.1, 1.0)),
        Dimension("min_samples_leaf", Range(1, 30, log=True, integer=True)),
    ),
    "neighbours": (
        Dimension("n_neighbors", Range(1, 60, log=True, integer=True)),
        Dimension("weights", Values(("uniform", "distance"))),
        Dimension("p", Values((1, 2))),
    ),
}


def space(task: Task) -> Space:
    """The families to choose from, each with its own parameters."""
    found = [Dimension("model", Values(task.families))]
    for family in task.families:
        for dimension in PARAMETERS[family]:
            when = (Condition("model", family),)
            found.append(Dimension(f"{family}.{dimension.name}", dimension.domain, when))
    return Space(tuple(found))


class Fitter:
    """Fits single folds of a task and remembers every score. One thread."""

    def __init__(self, task: Task, directory: Path | None) -> None:
        self.task = task
        self.X, self.y = _load(task, directory)
        kind = StratifiedKFold if task.classification else KFold
        self.splits = list(kind(task.folds, shuffle=True, random_state=0).split(self.X, self.y))
        self._scorer = get_scorer(task.scorer)
        self._known: dict[tuple[str, int], float] = {}

    def score(self, params: Params, fold: int) -> float:
        key = (json.dumps(params, sort_keys=True), fold)
        if key not in self._known:
            self._known[key] = self._fit(params, fold)
        return self._known[key]

    def _fit(self, params: Params, fold: int) -> float:
        train, valid = self.splits[fold]
        model = make_pipeline(StandardScaler(), estimator(self.task, params))
        with warnings.catch_warnings(), threadpool_limits(1):
            warnings.simplefilter("ignore")
            model.fit(self.X[train], self.y[train])
            found = float(self._scorer(model, self.X[valid], self.y[valid]))
        return -found if self.task.goal is Goal.MINIMIZE else found


def estimator(task: Task, params: Params) -> Any:
    family = params["model"]
    own = {k.split(".", 1)[1]: v for k, v in params.items() if k != "model"}
    classes = task.classification
    if family == "linear":
        strength = own["strength"]
        return LogisticRegression(C=strength, max_iter=300) if classes else Ridge(1 / strength)
    if family == "svm":
        return (SVC if classes else SVR)(**own)
    if family == "tree":
        kind = DecisionTreeClassifier if classes else DecisionTreeRegressor
        return kind(random_state=0, **own)
    if family == "forest":
        kind = RandomForestClassifier if classes else RandomForestRegressor
        return kind(20, random_state=0, **own)
    return (KNeighborsClassifier if classes else KNeighborsRegressor)(**own)


def _load(task: Task, directory: Path | None) -> tuple[np.ndarray, np.ndarray]:
    if directory is None:
        return getattr(datasets, f"load_{task.name}")(return_X_y=True)
    frame = pd.read_parquet(directory / f"{task.name}.parquet")
    if len(frame) > task.rows:
        frame = frame.sample(task.rows, random_state=0)
    target = "rings" if task.name == "abalone" else "target"
    features = pd.get_dummies(frame.drop(columns=[target, "split"], errors="ignore"))
    y = frame[target].to_numpy()
    return features.to_numpy(dtype=float), y.astype(float) if target == "rings" else y


def table(task: Task, directory: Path | None) -> Table:
    """Every fold of TRIALS random configurations; from the cache when it is there."""
    key = hashlib.sha256(repr((task, space(task), TRIALS)).encode()).hexdigest()[:12]
    path = CACHE / f"{task.name}-{key}.npy"
    if not path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        np.save(path, _fit_all(Fitter(task, directory)))
    return Table(task.name, task.goal, np.load(path))


def _fit_all(fitter: Fitter) -> np.ndarray:
    task = fitter.task
    sampler = sampling.make("random", space(task), 0, (task.goal,))
    nothing: tuple[HistoryEntry, ...] = ()
    drawn = [sampler.suggest(n, nothing).params or {} for n in range(TRIALS)]
    return np.array([[fitter.score(p, k) for k in range(task.folds)] for p in drawn])


def recorded(directory: Path) -> Iterator[Table]:
    """The tables `folds_*.npz` of a directory, at their last checkpoint."""
    index = json.loads((directory / "index.json").read_text())
    goals = {v["path"]: Goal(v["direction"]) for v in index.values() if v["kind"] == "foldgrid"}
    for path in sorted(directory.glob("folds_*.npz")):
        scores = np.load(path)["score"][:, :, -1].astype(float)
        yield Table(path.stem, goals[path.name], scores)
