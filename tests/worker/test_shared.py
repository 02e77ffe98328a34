"""Trials of the same fold in one process fit what prepares their rows once."""

import sys
from dataclasses import replace

import numpy as np
import pytest
from sklearn.datasets import load_iris

from sweeper.core.space import Choice, Fixed, Items, Object, Searched
from sweeper.core.specs import Candidate, ColumnSteps, Preprocess, PreprocessKind
from sweeper.worker import shared
from sweeper.worker.fit import fit_candidate

TREE = "sklearn.tree.DecisionTreeClassifier"
RIDGE = "sklearn.linear_model.RidgeClassifier"

COUNTED = """
import time
import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

FITS = []

class Counted(TransformerMixin, BaseEstimator):
    def __init__(self, by=1.0, random_state=None):
        self.by = by
        self.random_state = random_state

    def fit(self, X, y=None):
        time.sleep(0.01)
        FITS.append((len(X), self.by))
        self.drawn_ = np.random.rand()
        return self

    def transform(self, X):
        return np.asarray(X) * self.by + self.drawn_

class Mute(Counted):
    def __reduce__(self):
        raise TypeError("says nothing of itself")
"""


@pytest.fixture
def fits(tmp_path, monkeypatch):
    """What was fitted: (rows, by)."""
    (tmp_path / "counted.py").write_text(COUNTED)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "counted", raising=False)
    import counted

    return counted.FITS


def pipeline(by, last, step="counted.Counted"):
    """Of `preprocess: auto`, one step of the user's and a model."""
    steps = Items(
        (
            Items((Fixed("counted"), Object(step, (("by", by),)))),
            Items((Fixed("model"), last)),
        )
    )
    return Candidate("only", Object("sklearn.pipeline.Pipeline", (("steps", steps),)))


def tree(depth):
    return Object(TREE, (("max_depth", depth),))


def test_what_no_parameter_of_the_trial_touches_is_fitted_once_for_a_fold(make_job, do, fits):
    X, y = load_iris(return_X_y=True)
    either = Choice("last", (("tree", tree(Fixed(2))), ("ridge", Object(RIDGE))))
    job = make_job(X, y, pipeline(Fixed(2.0), either))
    for last in ("tree", "ridge", "tree"):
        for fold in (0, 1):
            assert do(job, fold, last=last).outcome.scores["accuracy"] > 0.6
    assert fits == [(120, 2.0), (120, 2.0)]


def test_a_searched_parameter_of_a_step_has_it_fitted_for_each_value(make_job, fits):
    X, y = load_iris(return_X_y=True)
    job = make_job(X, y, pipeline(Searched("by"), tree(Fixed(2))))
    train = job.splits.folds[0][0]
    for by in (1.0, 2.0, 1.0, 2.0, 3.0):
        fit_candidate(job, {"by": by}, 1, train)
    assert fits == [(120, 1.0), (120, 2.0), (120, 3.0)]


def test_whose_fit_was_kept_shows_in_nothing(make_job, do, fits):
    X, y = load_iris(return_X_y=True)
    X = X + np.random.default_rng(0).normal(0, 1, X.shape)
    forest = Object("sklearn.ensemble.RandomForestClassifier", (("n_estimators", Searched("n")),))
    job = make_job(X, y, pipeline(Fixed(1.0), forest), ("neg_log_loss",))
    there = [do(job, seed=seed, n=3).outcome.scores for seed in (1, 2, 3)]
    alone = [
        do(replace(job, rows=replace(job.rows)), seed=s, n=3).outcome.scores for s in (3, 2, 1)
    ]
    assert there == alone[::-1]
    assert len({each["neg_log_loss"] for each in there}) == 3
    assert len(fits) == 1 + 3


def test_other_rows_or_other_data_have_a_fit_of_their_own(make_job, fits):
    X, y = load_iris(return_X_y=True)
    job = make_job(X, y, pipeline(Fixed(1.0), tree(Fixed(2))))
    every = np.arange(150)
    fit_candidate(job, {}, 1, every)
    fit_candidate(job, {}, 1, every[::-1])
    twice = make_job(2 * X, y, pipeline(Fixed(1.0), tree(Fixed(2))))
    first, second = (fit_candidate(each, {}, 1, every).pipeline for each in (job, twice))
    assert len(fits) == 3
    assert second[0][-1].mean_ == pytest.approx(2 * first[0][-1].mean_)


def test_a_model_may_write_into_the_rows_it_is_given(make_job, fits, tmp_path):
    X, y = load_iris(return_X_y=True)
    (tmp_path / "spoiling.py").write_text(
        "from sklearn.tree import DecisionTreeClassifier\n"
        "class Spoiling(DecisionTreeClassifier):\n"
        "    def fit(self, X, y):\n"
        "        super().fit(X, y)\n"
        "        X[:] = 0\n"
        "        return self\n"
    )
    last = Object("spoiling.Spoiling", (("max_depth", Fixed(3)),))
    job = make_job(X, y, pipeline(Fixed(1.0), last))
    train = job.splits.folds[0][0]
    scores = [fit_candidate(job, {}, 1, train).pipeline.score(X, y) for _ in range(3)]
    assert scores[0] > 0.9
    assert scores == scores[:1] * 3
    assert len(fits) == 1


def test_the_seconds_of_a_fit_count_for_all_who_have_it(make_job, fits):
    X, y = load_iris(return_X_y=True)
    job = make_job(X, y, pipeline(Fixed(1.0), tree(Fixed(2))))
    train = job.splits.folds[0][0]
    assert all(fit_candidate(job, {}, 1, train).seconds >= 0.01 for _ in range(3))
    assert len(fits) == 1


def test_a_transformer_that_cannot_be_told_from_another_is_fitted_each_time(make_job, fits):
    X, y = load_iris(return_X_y=True)
    job = make_job(X, y, pipeline(Fixed(1.0), tree(Fixed(2)), "counted.Mute"))
    train = job.splits.folds[0][0]
    for _ in range(2):
        assert fit_candidate(job, {}, 1, train).pipeline.score(X, y) > 0.9
    assert len(fits) == 2


def test_what_is_kept_has_a_bound_and_the_latest_used_stays(make_job, fits, monkeypatch):
    X, y = load_iris(return_X_y=True)
    job = make_job(X, y, pipeline(Searched("by"), tree(Fixed(2))), preprocess=NONE)
    one = 2 * 150 * 4 * 8
    monkeypatch.setattr(shared, "MOST", 2 * one)
    every = np.arange(150)
    for by in (1.0, 2.0, 1.0, 3.0, 1.0, 2.0):
        fit_candidate(job, {"by": by}, 1, every)
    assert [by for _, by in fits] == [1.0, 2.0, 3.0, 2.0]
    monkeypatch.setattr(shared, "MOST", one - 1)
    for _ in range(2):
        fit_candidate(job, {"by": 9.0}, 1, every)
    assert [by for _, by in fits[4:]] == [9.0, 9.0]


NONE = Preprocess(PreprocessKind.NONE)


def test_blocks_by_columns_are_shared_too_and_so_is_early_stopping(make_job, candidate, fits):
    X, y = load_iris(return_X_y=True)
    steps = ColumnSteps(("x0", "x1"), (Object("counted.Counted"),))
    blocks = Preprocess(PreprocessKind.COLUMNS, (steps,))
    for path, settings in (
        ("sklearn.ensemble.HistGradientBoostingClassifier", {"max_iter": 5}),
        ("sklearn.linear_model.SGDClassifier", {}),
        (TREE, {}),
    ):
        fits.clear()
        share = None if path == TREE else 0.2
        job = make_job(X, y, candidate(path, share, **settings), preprocess=blocks)
        for seed in (1, 2, 3):
            fit_candidate(job, {}, seed, job.splits.folds[0][0])
        assert len(fits) == 1, path
