"""Preprocessing inside a fold: every kind of column, and nothing learned from other rows."""

import numpy as np
import pandas as pd
import pytest

from sweeper.core.records import REFIT, Success
from sweeper.core.space import Choice, Fixed, Object, Searched
from sweeper.core.specs import Candidate, ColumnSteps, Preprocess, PreprocessKind
from sweeper.ports import Column
from sweeper.worker import models
from sweeper.worker.build import build_estimator

LOGISTIC = "sklearn.linear_model.LogisticRegression"
BOOSTING = "sklearn.ensemble.HistGradientBoostingClassifier"


@pytest.fixture
def mixed():
    """400 rows of every kind, all with missing cells, and a rare class."""
    rng = np.random.default_rng(0)
    n = 400
    y = np.array(["no", "yes", "rare"], dtype=object)[rng.choice(3, n, p=[0.6, 0.37, 0.03])]
    hit = y == "yes"
    words = np.where(hit, "good fine lovely thing", "bad awful dull thing").astype(object)
    table = pd.DataFrame(
        {
            "amount": rng.normal(size=n) + hit,
            "count": pd.array(rng.integers(0, 9, n), dtype="Int64"),
            "flag": (rng.random(n) < 0.5).astype(float),
            "colour": rng.choice(["red", "green", "blue"], n).astype(object),
            "size": rng.choice(["S", "M", "L"], n).astype(object),
            "city": np.array([f"city {i}" for i in rng.integers(0, 60, n)], dtype=object),
            "when": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 9000, n), "h"),
            "note": words,
        }
    )
    for i, name in enumerate(table.columns):
        table.loc[rng.choice(n, 20 + i, replace=False), name] = None
    columns = [
        Column(
            name, kind, str(table[name].dtype), int(table[name].isna().sum()), table[name].nunique()
        )
        for name, kind in {
            "amount": "numeric",
            "count": "numeric",
            "flag": "boolean",
            "colour": "categorical",
            "size": "categorical",
            "city": "categorical",
            "when": "date",
            "note": "text",
        }.items()
    ]
    return table, y, tuple(columns)


@pytest.mark.parametrize("model", [LOGISTIC, BOOSTING, "sklearn.svm.SVC"])
def test_auto_makes_a_mixed_table_fit_for_any_model(make_job, do, mixed, model):
    X, y, columns = mixed
    job = make_job(X, y, model, ("accuracy", "f1_macro"), columns=columns)
    result = do(job)
    assert isinstance(result.outcome, Success), result.log
    assert result.outcome.scores["accuracy"] > 0.85


def test_auto_gives_numbers_without_gaps_for_every_kind(make_job, mixed):
    X, y, columns = mixed
    pipeline, _ = build_estimator(make_job(X, y, LOGISTIC, columns=columns), {}, 1)
    out = pipeline[0].fit_transform(X, y)
    assert isinstance(out, np.ndarray)
    assert out.dtype == float
    assert np.isfinite(out).all()
    widths = {name: s.stop - s.start for name, s in pipeline[0].output_indices_.items()}
    assert widths["numeric"] == 4  # two columns, two indicators
    assert widths["boolean"] == 2
    assert widths["categorical"] == 4 + 4  # with the missing ones a category each
    assert widths["many"] == 3  # one target mean a class
    assert widths["date"] == 12  # six parts, and indicators of their gaps


def test_the_saved_model_takes_raw_rows_with_unseen_categories_and_gaps(make_job, do, mixed):
    X, y, columns = mixed
    job = make_job(X, y, LOGISTIC, columns=columns)
    model = models.load(do(job, REFIT).files["model"][1], job.directory)
    odd = X.head(3).copy()
    odd["colour"] = "violet"
    odd["city"] = "nowhere"
    odd["when"] = pd.NaT
    odd["flag"] = None
    assert set(model.predict(odd)) <= {"no", "yes", "rare"}


def test_a_saved_model_carries_its_transformers_code(make_job, do, mixed):
    X, y, columns = mixed
    content = do(make_job(X, y, LOGISTIC, columns=columns), REFIT).files["model"][1]
    assert b"sweeper.worker.preprocess" not in content
    assert models.load(content, ".")[0].transformers_[0][1] is not None
    import subprocess
    import sys

    code = (
        "import sys, pickle; sys.modules['sweeper'] = None\n"
        "print(type(pickle.loads(sys.stdin.buffer.read())).__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], input=content, capture_output=True)
    assert done.stdout == b"Pipeline\n", done.stderr


def test_every_step_sees_the_folds_training_rows_and_no_others(make_job, do, user_module):
    name = user_module(
        "from sklearn.base import BaseEstimator, TransformerMixin\n"
        "seen = []\n"
        "class Spy(TransformerMixin, BaseEstimator):\n"
        "    def fit(self, X, y=None):\n"
        "        seen.append(set(X['row']))\n"
        "        self.fitted_ = True\n"
        "        return self\n"
        "    def transform(self, X):\n"
        "        return X\n"
    )
    X = pd.DataFrame({"row": np.arange(60.0), "other": np.arange(60.0) % 7})
    y = np.arange(60) % 2
    blocks = (ColumnSteps(("row", "other"), (Object(f"{name}:Spy"),)),)
    job = make_job(X, y, LOGISTIC, preprocess=Preprocess(PreprocessKind.COLUMNS, blocks))
    do(job, 2)
    do(job, REFIT)
    seen = __import__(name).seen
    assert seen == [set(job.splits.folds[2][0].astype(float)), set(range(60))]


def test_a_random_many_valued_column_does_not_leak_the_target(make_job, do):
    rng = np.random.default_rng(1)
    n = 600
    X = pd.DataFrame({"id": [f"k{i}" for i in rng.integers(0, 300, n)]})
    y = rng.integers(0, 2, n)
    job = make_job(X, y, BOOSTING, ("roc_auc",), positive=1)
    scores = [do(job, fold).outcome.scores["roc_auc"] for fold in range(5)]
    assert 0.4 < np.mean(scores) < 0.57
    prepare = build_estimator(job, {}, 1)[0][0]
    crossed = np.corrcoef(prepare.fit_transform(X, y)[:, 0], y)[0, 1]
    naive = np.corrcoef(prepare.transform(X)[:, 0], y)[0, 1]
    assert crossed < 0.2 < naive


def test_target_encoding_knows_a_whole_numbered_regression_from_classes(make_job):
    X = pd.DataFrame({"id": [f"k{i % 40}" for i in range(200)]})
    y = (np.arange(200) % 17).astype(float)
    pipeline, _ = build_estimator(make_job(X, y, "sklearn.linear_model.Ridge"), {}, 1)
    assert pipeline[0].fit_transform(X, y).shape == (200, 1)


def test_gaps_are_filled_with_the_median_and_marked_where_training_had_some():
    from sweeper.worker.transforms import MedianFilled

    X = pd.DataFrame(
        {"a": [1.0, 9.0, 2.0], "b": pd.array([4, None, 6], "Int64"), "c": [np.nan] * 3}
    )
    filled = MedianFilled().fit(X)
    assert filled.transform(X).tolist() == [[1, 4, 0, 0, 1], [9, 5, 0, 1, 1], [2, 6, 0, 0, 1]]
    assert filled.transform(np.array([[np.nan, 1, 1]])).tolist() == [[2, 1, 1, 0, 0]]


def test_dates_with_a_time_of_day_get_an_hour_and_others_do_not(make_job):
    from sweeper.worker.transforms import DateParts

    days = pd.DataFrame({"d": pd.to_datetime(["2024-02-29", None, "1970-01-02"])})
    parts = DateParts().fit(days).transform(days)
    assert parts[2].tolist() == [1.0, 1970, 1, 2, 4]
    assert np.isnan(parts[1]).all()
    hours = pd.DataFrame({"d": pd.to_datetime(["2024-02-29 07:30", "2024-03-01 00:00"])})
    assert DateParts().fit(hours).transform(hours)[:, -1].tolist() == [7.0, 0.0]


def test_blocks_have_searched_parameters_and_leave_other_columns_untouched(make_job):
    imputer = Object("sklearn.impute.SimpleImputer", (("strategy", Searched("prep.strategy")),))
    scale = Choice(
        "prep.scale",
        (("yes", Object("sklearn.preprocessing.StandardScaler")), ("no", Fixed("passthrough"))),
    )
    blocks = (ColumnSteps(("a",), (imputer, scale)),)
    X = pd.DataFrame({"a": [1.0, np.nan, 4.0, 1.0], "b": [7, 8, 9, 10]})
    y = np.array([0, 1, 0, 1])
    job = make_job(X, y, LOGISTIC, folds=2, preprocess=Preprocess(PreprocessKind.COLUMNS, blocks))
    params = {"prep.strategy": "most_frequent", "prep.scale": "no"}
    out = build_estimator(job, params, 1)[0][0].fit_transform(X)
    assert out.tolist() == [[1, 7], [1, 8], [4, 9], [1, 10]]


def test_a_text_vectorizer_in_a_block_is_given_its_one_column(make_job, do):
    blocks = (ColumnSteps(("t",), (Object("sklearn.feature_extraction.text.CountVectorizer"),)),)
    X = pd.DataFrame({"t": ["yes good", "no bad"] * 20})
    y = np.array([1, 0] * 20)
    job = make_job(X, y, BOOSTING, preprocess=Preprocess(PreprocessKind.COLUMNS, blocks))
    assert isinstance(do(job).outcome, Success)


def test_blocks_name_an_arrays_columns_by_their_names(make_job):
    blocks = (ColumnSteps(("x1",), (Object("sklearn.preprocessing.MinMaxScaler"),)),)
    X = np.array([[5.0, 0.0], [6.0, 10.0], [7.0, 5.0], [8.0, 0.0]])
    prep = Preprocess(PreprocessKind.COLUMNS, blocks)
    job = make_job(X, np.array([0, 1, 0, 1]), LOGISTIC, folds=2, preprocess=prep)
    out = build_estimator(job, {}, 1)[0][0].fit_transform(X)
    assert out[:, 0].tolist() == [0, 1, 0.5, 0]


def test_without_preprocessing_a_model_gets_gaps_as_they_are(make_job, do):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    y = (X[:, 0] > 0).astype(int)
    X[rng.random(X.shape) < 0.1] = np.nan
    none = Preprocess(PreprocessKind.NONE)
    assert do(make_job(X, y, BOOSTING, preprocess=none)).outcome.scores["accuracy"] > 0.8
    failed = do(make_job(X, y, LOGISTIC, preprocess=none)).outcome
    assert "NaN" in failed.message
    assert do(make_job(X, y, LOGISTIC)).outcome.scores["accuracy"] > 0.7


def test_a_candidate_named_by_the_job_may_be_any_importable_class(make_job, do, user_module):
    name = user_module(
        "import numpy as np\n"
        "class Majority:\n"
        "    def __init__(self, shift=0): self.shift = shift\n"
        "    def get_params(self, deep=True): return {'shift': self.shift}\n"
        "    def set_params(self, **p): return self\n"
        "    def __sklearn_tags__(self):\n"
        "        from sklearn.dummy import DummyClassifier\n"
        "        return DummyClassifier().__sklearn_tags__()\n"
        "    def fit(self, X, y):\n"
        "        self.classes_, counts = np.unique(y, return_counts=True)\n"
        "        self.best_ = self.classes_[counts.argmax()]\n"
        "        return self\n"
        "    def predict(self, X): return np.full(len(X), self.best_)\n"
    )
    X, y = np.arange(40.0).reshape(-1, 1), np.array([0, 0, 0, 1] * 10)
    job = make_job(X, y, Candidate("only", Object(f"{name}.Majority")))
    assert do(job).outcome.scores == {"accuracy": 0.75}
