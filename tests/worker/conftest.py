"""Jobs and orders as the app would make them, from rows and a few settings."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import KFold, StratifiedKFold

from sweeper.core.records import RunKey, SplitDigest
from sweeper.core.space import Fixed, Object, Searched, Space
from sweeper.core.specs import (
    Candidate,
    Goal,
    Metric,
    MetricKind,
    ModelSpec,
    Preprocess,
    PreprocessKind,
    SweepSpec,
    TrainSpec,
)
from sweeper.ports import Column, Job, Order, Rows, Splits
from sweeper.worker import run


@dataclass
class Listener:
    """A channel that remembers; it says stop from its `stop_at`-th report on."""

    stop_at: int | None = None
    heard: list = field(default_factory=list)
    kept: list = field(default_factory=list)
    log: str = ""

    def checkpointed(self, checkpoint, room):
        self.kept.append(checkpoint)

    def report(self, step, metrics):
        self.heard.append((step, metrics))
        return self.stop_at is not None and len(self.heard) >= self.stop_at


def _columns(X):
    if isinstance(X, pd.DataFrame):
        return tuple(_column(name, X[name]) for name in X.columns)
    width = X.shape[1] if getattr(X, "ndim", 0) == 2 else 0
    return tuple(Column(f"x{i}", "numeric", "float64") for i in range(width))


def _column(name, series):
    present = series.dropna()
    if pd.api.types.is_bool_dtype(present.infer_objects()):
        kind = "boolean"
    elif pd.api.types.is_datetime64_any_dtype(series):
        kind = "date"
    elif pd.api.types.is_numeric_dtype(series):
        kind = "numeric"
    else:
        kind = "text" if present.astype(str).str.count(" ").mean() > 2 else "categorical"
    return Column(name, kind, str(series.dtype), int(series.isna().sum()), series.nunique())


def _metric(name):
    kind = MetricKind.FUNCTION if ":" in name else MetricKind.SCORER
    return Metric(name, Goal.MAXIMIZE, kind, scorer=name)


@pytest.fixture
def make_job(tmp_path):
    """Job from X, y; `model` is an import path with fixed values, or a Candidate."""

    def make(
        X=None,
        y=None,
        model=None,
        metrics=("accuracy",),
        train=None,
        folds=5,
        preprocess=None,
        positive=None,
        weights=None,
        groups=None,
        time=None,
        predict=None,
        columns=None,
        **settings,
    ):
        task = "none" if y is None else "regression"
        if y is not None and (y.dtype.kind not in "f"):
            task = "classification"
        classes = tuple(sorted(set(y.tolist()))) if task == "classification" else ()
        if isinstance(model, str):
            model = Candidate("only", Object(model))
        kind = PreprocessKind.NONE if train else PreprocessKind.AUTO
        spec = SweepSpec(
            name="test",
            seed=1,
            metric=_metric(metrics[0]),
            metrics=tuple(_metric(m) for m in metrics[1:]),
            space=Space(),
            preprocess=preprocess or Preprocess(kind),
            model=ModelSpec((model,)) if model else None,
            train=TrainSpec(train, predict=predict) if train else None,
            **settings,
        )
        if train:
            spec = replace(spec, metric=replace(spec.metric, kind=MetricKind.REPORTED))
        splits = ((), ())
        if X is not None:
            splitter = StratifiedKFold if task == "classification" else KFold
            anything = np.zeros(len(X))
            splits = splitter(folds, shuffle=True, random_state=0).split(anything, y)
        return Job(
            spec,
            Rows(X, y, weights, groups, time),
            Splits(tuple(splits) if X is not None else (((), ()),), SplitDigest(folds, (), "")),
            columns or (_columns(X) if X is not None else ()),
            task,
            classes,
            positive,
            str(tmp_path),
        )

    return make


@pytest.fixture
def do():
    """Run one fold (or REFIT) of a job: do(job, fold, params, seed) -> RunResult."""

    def act(job, fold=0, seed=5, channel=None, capture=True, storage="", checkpoint=None, **params):
        order = Order(RunKey(0, fold, 1), params, seed, storage=storage, checkpoint=checkpoint)
        return run(job, order, channel or Listener(), capture)

    return act


@pytest.fixture
def listener():
    return Listener


@pytest.fixture
def candidate():
    """candidate(path, validation=None, preprocess=None, **parameters): "?" marks a searched one."""

    def make(path, validation=None, preprocess=None, **parameters):
        nodes = tuple(
            (name, Searched(name) if value == "?" else Fixed(value))
            for name, value in parameters.items()
        )
        return Candidate("only", Object(path, nodes), preprocess, validation)

    return make


@pytest.fixture
def user_module(tmp_path):
    """Write the user's module beside the config; each has a name of its own."""
    count = iter(range(100))

    def write(source):
        name = f"user_{tmp_path.name.replace('-', '_')}_{next(count)}"
        (tmp_path / f"{name}.py").write_text(source)
        return name

    return write


@pytest.fixture(scope="session")
def gang():
    """Two warm processes that do one run together: gang.run(job) -> an answer of each rank."""
    pytest.importorskip("torch")
    from ranks import Gang

    two = Gang(2)
    yield two
    two.close()
