"""`fit: {validation}`: rows kept aside from the fold's training rows reach the model."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_iris

from sweeper.core.records import Failure, Success
from sweeper.ports import Rows
from sweeper.worker.aside import set_aside
from sweeper.worker.fit import fit_candidate
from sweeper.worker.threads import limited


@pytest.fixture(autouse=True)
def one_thread():
    with limited(1, stay=False):
        yield


def fitted(job):
    return fit_candidate(job, {}, 3, job.splits.folds[0][0]).pipeline


def test_histogram_boosting_stops_on_rows_prepared_by_the_other_rows(make_job, candidate):
    X, y = load_breast_cancer(return_X_y=True)
    model = candidate("sklearn.ensemble.HistGradientBoostingClassifier", 0.2, max_iter=500)
    pipeline = fitted(make_job(X, y, model))
    assert pipeline[-1].n_iter_ < 500
    assert len(pipeline[-1].validation_score_) > 1
    scaler = pipeline[0][-1]
    assert scaler.n_samples_seen_ == round(455 * 0.8)
    assert pipeline.score(X, y) > 0.9


@pytest.mark.parametrize(
    ("path", "settings"),
    [
        ("sklearn.ensemble.GradientBoostingClassifier", {"n_estimators": 400}),
        ("sklearn.neural_network.MLPClassifier", {"max_iter": 300}),
        ("sklearn.linear_model.SGDClassifier", {}),
    ],
)
def test_models_that_keep_rows_aside_themselves_are_told_the_share(
    make_job, do, candidate, path, settings
):
    X, y = load_iris(return_X_y=True)
    job = make_job(X, y, candidate(path, 0.25, **settings))
    model = fitted(job)[-1]
    assert model.validation_fraction == 0.25
    assert model.get_params().get("early_stopping", True) is True
    assert model.n_iter_no_change == 10 if "Gradient" in path else model.n_iter_no_change > 0
    assert isinstance(do(job).outcome, Success)


def test_a_model_that_cannot_stop_early_says_what_can(make_job, do, candidate):
    X, y = load_iris(return_X_y=True)
    outcome = do(make_job(X, y, candidate("sklearn.svm.SVC", 0.1))).outcome
    assert isinstance(outcome, Failure)
    assert outcome.error == "CannotStopEarly"
    assert "SVC cannot stop early" in outcome.message


def test_weights_go_with_the_rows_that_are_watched(make_job, candidate):
    X, y = load_breast_cancer(return_X_y=True)
    model = candidate("sklearn.ensemble.HistGradientBoostingClassifier", 0.2, max_iter=50)
    plain = fitted(make_job(X, y, model))
    weighted = fitted(make_job(X, y, model, weights=np.where(y == 0, 9.0, 0.1)))
    assert plain[-1].validation_score_[0] != weighted[-1].validation_score_[0]


def test_classes_absent_from_the_rows_learned_from_are_not_watched(make_job, candidate):
    X, y = load_iris(return_X_y=True)
    y = y.copy()
    y[0] = 7  # one row of a class of its own: it may be kept aside
    model = candidate("sklearn.ensemble.HistGradientBoostingClassifier", 0.5, max_iter=5)
    job = make_job(X, y, model)
    for seed in range(6):
        seeded = replace(job, spec=replace(job.spec, seed=seed))
        model = fit_candidate(seeded, {}, seed, np.arange(150)).pipeline
        assert set(model.predict(X)) <= {0, 1, 2, 7}


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
@pytest.mark.parametrize("weighted", [False, True])
def test_boosting_libraries_stop_early_and_give_back_string_labels(
    make_job, do, candidate, library, weighted
):
    pytest.importorskip(library)
    data = load_iris()
    name = {"xgboost": "XGBClassifier", "lightgbm": "LGBMClassifier"}[library]
    model = candidate(f"{library}.{name}", 0.2, n_estimators=500)
    weights = np.linspace(0.5, 2, 150) if weighted else None
    y = data.target_names[data.target]
    job = make_job(data.data, y, model, ("accuracy", "neg_log_loss"), weights=weights)
    result = do(job)
    assert isinstance(result.outcome, Success), result.log
    assert result.outcome.scores["accuracy"] > 0.85
    pipeline = fitted(job)
    assert set(pipeline.predict(data.data)) == set(data.target_names)
    booster = getattr(pipeline[-1], "estimator", pipeline[-1])
    stopped = booster.best_iteration if library == "xgboost" else booster.best_iteration_
    assert stopped < 499


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_boosting_libraries_also_work_without_early_stopping(make_job, do, library):
    pytest.importorskip(library)
    data = load_breast_cancer()
    name = {"xgboost": "XGBClassifier", "lightgbm": "LGBMClassifier"}[library]
    y = data.target_names[data.target]
    job = make_job(data.data, y, f"{library}.{name}", ("roc_auc", "f1"), positive="malignant")
    scores = do(job).outcome.scores
    assert min(scores.values()) > 0.9


def test_whole_groups_are_kept_aside():
    groups = np.repeat(np.arange(20), 5)
    rows = Rows(np.zeros((100, 1)), np.arange(100) % 2, groups=groups, time=np.arange(100))
    keep, aside = set_aside(rows, np.arange(100), 0.2, "classification", 1)
    assert not set(groups[keep]) & set(groups[aside])
    assert len(aside) == 20


def test_the_last_rows_in_time_are_kept_aside():
    time = pd.to_datetime("2024-01-01") + pd.to_timedelta(np.arange(50)[::-1], "D")
    rows = Rows(np.zeros((50, 1)), np.zeros(50), time=time)
    keep, aside = set_aside(rows, np.arange(10, 50), 0.25, "regression", 1)
    assert sorted(aside) == list(range(10, 20))
    assert sorted(keep) == list(range(20, 50))


def test_classes_keep_their_shares_among_the_rows_kept_aside():
    y = np.array(["a"] * 90 + ["b"] * 10)
    keep, aside = set_aside(Rows(np.zeros((100, 1)), y), np.arange(100), 0.2, "classification", 1)
    assert (y[aside] == "b").sum() == 2
    assert sorted([*keep, *aside]) == list(range(100))
