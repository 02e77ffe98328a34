"""Folds get arrays instead of a table where nobody could ask for a column by its name."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris

from sweeper.core.records import REFIT
from sweeper.core.space import Choice, Dimension, Fixed, Items, Object, Searched, Space, Values
from sweeper.core.specs import (
    Candidate,
    ColumnSteps,
    Goal,
    Metric,
    MetricKind,
    ModelSpec,
    Preprocess,
    PreprocessKind,
)
from sweeper.worker import unnamed as module
from sweeper.worker.models import load
from sweeper.worker.unnamed import unnamed

TREE = "sklearn.tree.DecisionTreeClassifier"
BOOSTING = "sklearn.ensemble.HistGradientBoostingClassifier"
NONE = Preprocess(PreprocessKind.NONE)

X, y = load_iris(return_X_y=True)
TABLE = pd.DataFrame(X, columns=["length", "width", "petal", "best"])


def model(path, **parameters):
    return Candidate("only", Object(path, tuple(parameters.items())))


def pipeline(*steps):
    members = tuple(Items((Fixed(f"step{i}"), step)) for i, step in enumerate(steps))
    return model("sklearn.pipeline.Pipeline", steps=Items(members))


def test_a_fold_of_a_numeric_table_is_what_it_is_of_an_array(make_job, do):
    for preprocess in (NONE, Preprocess()):
        for path in (TREE, "sklearn.linear_model.LogisticRegression"):
            metrics = ("accuracy", "neg_log_loss")
            of_table = make_job(TABLE, y, path, metrics, preprocess=preprocess)
            of_array = make_job(X, y, path, metrics, preprocess=preprocess)
            assert isinstance(unnamed(of_table).rows.X, np.ndarray)
            for fold in (0, 4):
                found = do(of_table, fold).outcome.scores
                assert found == pytest.approx(do(of_array, fold).outcome.scores, rel=1e-6)


def test_the_refit_learns_from_the_table(make_job, do):
    job = make_job(TABLE, y, TREE, preprocess=NONE)
    do(job)
    fitted = load(do(job, REFIT).files["model"][1], job.directory)
    assert list(fitted[-1].feature_names_in_) == list(TABLE.columns)


def test_integers_beside_floats_become_floats(make_job):
    table = TABLE.assign(length=(10 * TABLE["length"]).astype("int32"))
    found = unnamed(make_job(table, y, TREE)).rows.X
    assert found.dtype == np.float64
    assert np.array_equal(found, table.to_numpy(dtype=float))


def test_the_same_arrays_serve_all_folds_and_other_rows_have_their_own(make_job):
    job, other = make_job(TABLE, y, TREE), make_job(2 * TABLE, y, TREE)
    first = unnamed(job).rows
    assert unnamed(job).rows is first
    assert np.array_equal(unnamed(other).rows.X, 2 * X)


TOLD = Object(TREE, (("by", Fixed("best")),))

STAYS = {
    "text": {"table": TABLE.assign(best="a b c")},
    "boolean": {"table": TABLE.assign(best=TABLE["best"] > 1)},
    "nullable": {"table": TABLE.convert_dtypes()},
    "own": {"model": model("own:Tree")},
    "own_below": {"model": model("sklearn.ensemble.BaggingClassifier", base=Object("own:Tree"))},
    "by_kind": {"model": pipeline(Object("sklearn.compose.ColumnTransformer"), Object(TREE))},
    "told": {"model": model(BOOSTING, categorical_features=Fixed(["petal"]))},
    "told_by_key": {"model": model(BOOSTING, monotonic_cst=Fixed({"petal": 1}))},
    "told_by_trial": {
        "model": model(BOOSTING, categorical_features=Searched("which")),
        "space": Space((Dimension("which", Values(("width", "best"))),)),
    },
    "told_in_a_branch": {
        "model": model(BOOSTING, base=Choice("c", (("a", TOLD), ("b", Fixed(1)))))
    },
    "columns": {
        "preprocess": Preprocess(
            PreprocessKind.COLUMNS,
            (ColumnSteps(("length",), (Object("sklearn.preprocessing.StandardScaler"),)),),
        )
    },
    "measured": {"metrics": (Metric("predict_ms", Goal.MINIMIZE, MetricKind.MEASURED),)},
    "kept": {"refit": False},
}


@pytest.mark.parametrize("case", STAYS)
def test_it_stays_a_table(make_job, case):
    given = dict(STAYS[case])
    job = make_job(given.pop("table", TABLE), y, given.pop("model", TREE))
    job = replace(job, spec=replace(job.spec, **given))
    assert unnamed(job) is job


def test_one_candidate_that_wants_names_keeps_them_for_all(make_job):
    job = make_job(TABLE, y, TREE)
    both = (model(TREE), replace(model("own:Tree"), name="own"))
    job = replace(job, spec=replace(job.spec, model=ModelSpec(both, "model")))
    assert unnamed(job) is job


def test_a_big_table_is_not_copied(make_job, monkeypatch):
    monkeypatch.setattr(module, "SMALL", 8 * TABLE.size - 1)
    job = make_job(TABLE, y, TREE)
    assert unnamed(job) is job
