"""One fold of a scikit-learn candidate, on scikit-learn's own data."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sweeper.core.records import REFIT, Failure, FailureKind, Success
from sweeper.core.space import Choice, Fixed, Items, Object, Searched
from sweeper.core.specs import Candidate, ModelSpec, Preprocess, PreprocessKind
from sweeper.worker import models
from sweeper.worker.build import build_estimator
from sweeper.worker.fit import fit_candidate

LOGISTIC = "sklearn.linear_model.LogisticRegression"
FOREST = "sklearn.ensemble.RandomForestClassifier"


def test_a_multiclass_fold_gives_every_metric_asked_for(make_job, do):
    X, y = load_wine(return_X_y=True)
    metrics = ("accuracy", "f1_macro", "roc_auc_ovr", "neg_log_loss", "balanced_accuracy")
    result = do(make_job(X, y, LOGISTIC, metrics))
    assert isinstance(result.outcome, Success), result.log
    assert tuple(result.outcome.scores) == metrics
    assert result.outcome.scores["accuracy"] > 0.9
    assert result.outcome.scores["neg_log_loss"] < 0
    assert result.outcome.seconds > 0


@pytest.mark.parametrize("positive", ["malignant", "benign"])
@pytest.mark.parametrize("model", [LOGISTIC, "sklearn.svm.SVC", FOREST])
def test_binary_scorers_take_the_positive_class_whatever_the_labels(make_job, do, positive, model):
    data = load_breast_cancer()
    y = data.target_names[data.target]
    job = make_job(data.data, y, model, ("f1", "roc_auc", "precision"), positive=positive)
    scores = do(job).outcome.scores

    train, valid = job.splits.folds[0]
    fitted = fit_candidate(job, {}, 5, train).pipeline
    truth = y[valid] == positive
    said = fitted.predict(data.data[valid]) == positive
    assert scores["f1"] == pytest.approx(f1_score(truth, said))
    if hasattr(fitted, "decision_function"):
        rank = fitted.decision_function(data.data[valid])
        rank = rank if fitted.classes_[1] == positive else -rank
    else:
        column = list(fitted.classes_).index(positive)
        rank = fitted.predict_proba(data.data[valid])[:, column]
    assert scores["roc_auc"] == pytest.approx(roc_auc_score(truth, rank))


def test_integer_and_boolean_labels_have_a_positive_class_too(make_job, do):
    X, y = load_breast_cancer(return_X_y=True)
    as_zero = do(make_job(X, y, LOGISTIC, ("recall",), positive=0)).outcome.scores
    as_false = do(make_job(X, y == 1, LOGISTIC, ("recall",), positive=False)).outcome.scores
    as_one = do(make_job(X, y, LOGISTIC, ("recall",), positive=1)).outcome.scores
    assert as_zero == as_false
    assert as_zero != as_one


def test_a_regression_fold_reports_errors_with_the_sign_of_the_metric(make_job, do):
    from dataclasses import replace

    X, y = load_diabetes(return_X_y=True)
    job = make_job(X, y, "sklearn.linear_model.Ridge", ("r2", "rmse"))
    rmse = replace(job.spec.metrics[0], scorer="neg_root_mean_squared_error", sign=-1)
    job = replace(job, spec=replace(job.spec, metrics=(rmse,)))
    scores = do(job).outcome.scores
    assert 0.3 < scores["r2"] < 0.7
    assert 40 < scores["rmse"] < 70


def test_a_class_missing_from_the_training_rows_does_not_break_probabilities(make_job, do):
    from dataclasses import replace

    X, y = load_iris(return_X_y=True)
    job = make_job(X, y, LOGISTIC, ("neg_log_loss", "accuracy"))
    folds = ((np.arange(100), np.arange(90, 150)),)
    job = replace(job, splits=replace(job.splits, folds=folds))
    outcome = do(job).outcome
    assert isinstance(outcome, Success)
    assert outcome.scores["neg_log_loss"] < -5


def test_a_users_metric_sees_the_labels_as_they_are(make_job, do, user_module):
    data = load_iris()
    name = user_module(
        "def cost(y, p):\n    assert set(y) == {'setosa', 'versicolor', 'virginica'}\n    return (y != p).sum()"
    )
    job = make_job(
        data.data, data.target_names[data.target], LOGISTIC, (f"{name}:cost", "accuracy")
    )
    scores = do(job).outcome.scores
    assert scores[f"{name}:cost"] == pytest.approx(30 * (1 - scores["accuracy"]))


@pytest.mark.parametrize(
    ("kind", "same"),
    [
        (PreprocessKind.AUTO, make_pipeline(StandardScaler(), LogisticRegression(random_state=5))),
        (PreprocessKind.NONE, make_pipeline(LogisticRegression(random_state=5))),
    ],
)
def test_weights_reach_the_model_and_the_scorers(make_job, do, kind, same):
    X, y = load_breast_cancer(return_X_y=True)
    weights = np.where(y == 0, 10.0, 0.1)
    prepare = Preprocess(kind)
    job = make_job(X, y, LOGISTIC, ("accuracy",), weights=weights, preprocess=prepare)
    train, valid = job.splits.folds[0]
    same.fit(X[train], y[train], logisticregression__sample_weight=weights[train])
    expected = same.score(X[valid], y[valid], sample_weight=weights[valid])
    assert do(job).outcome.scores["accuracy"] == pytest.approx(expected)
    assert expected != same.score(X[valid], y[valid])


def test_a_model_without_sample_weight_is_trained_without_and_says_so(make_job, do):
    X, y = load_iris(return_X_y=True)
    job = make_job(X, y, "sklearn.neighbors.KNeighborsClassifier", weights=np.ones(150))
    result = do(job)
    assert isinstance(result.outcome, Success)
    assert "KNeighborsClassifier.fit takes no sample_weight" in result.log


def pipeline_candidate():
    svc = Object("sklearn.svm.SVC", (("C", Searched("C")),))
    tree = Object("sklearn.tree.DecisionTreeClassifier")
    scaler = Object("sklearn.preprocessing.MinMaxScaler", (("feature_range", Fixed([-1, 1])),))
    chosen = Choice("last", (("svc", svc), ("tree", tree)))
    steps = Items((Items((Fixed("scale"), scaler)), Items((Fixed("clf"), chosen))))
    return Candidate("only", Object("sklearn.pipeline.Pipeline", (("steps", steps),)))


def test_a_pipeline_with_a_nested_choice_is_built_from_parameters(make_job):
    X, y = load_iris(return_X_y=True)
    job = make_job(X, y, pipeline_candidate(), weights=np.ones(150))
    svc, _ = build_estimator(job, {"last": "svc", "C": 3.0}, 9)
    assert [name for name, _ in svc.steps] == ["preprocess", "scale", "clf"]
    assert svc[-1].C == 3.0
    assert svc[-2].feature_range == (-1, 1)
    tree, _ = build_estimator(job, {"last": "tree"}, 9)
    assert tree[-1].random_state == 9
    fitted = fit_candidate(job, {"last": "tree"}, 9, np.arange(150)).pipeline
    assert fitted.score(X, y) > 0.9


def test_the_candidate_the_parameters_choose_is_built_with_its_own_parameters(make_job, do):
    from dataclasses import replace

    X, y = load_iris(return_X_y=True)
    job = make_job(X, y, LOGISTIC)
    spec = ModelSpec(
        (
            Candidate("linear", Object(LOGISTIC, (("C", Searched("linear.C")),))),
            Candidate("forest", Object(FOREST, (("n_estimators", Searched("forest.n")),))),
        ),
        "model",
    )
    job = replace(job, spec=replace(job.spec, model=spec))
    built, candidate = build_estimator(job, {"model": "forest", "forest.n": 3}, 1)
    assert (candidate.name, built[-1].n_estimators) == ("forest", 3)
    result = do(job, REFIT, model="forest", **{"forest.n": 3})
    assert result.outcome.report == {"candidate": "forest", "rows": 150}


def test_a_random_state_the_user_set_is_kept_and_every_other_one_is_seeded(make_job):
    X, y = load_iris(return_X_y=True)
    tree = Object("sklearn.tree.DecisionTreeClassifier", (("random_state", Fixed(1)),))
    bagging = Object("sklearn.ensemble.BaggingClassifier", (("estimator", tree),))
    built, _ = build_estimator(make_job(X, y, Candidate("only", bagging)), {}, 2**40 + 9)
    assert built[-1].random_state == 9
    assert built[-1].estimator.random_state == 1


@pytest.mark.parametrize("model", [FOREST, "sklearn.neural_network.MLPClassifier"])
def test_the_same_order_twice_gives_the_same_scores_and_another_seed_does_not(make_job, do, model):
    X, y = load_wine(return_X_y=True)
    job = make_job(X, y, model, ("neg_log_loss",))
    first, again, other = (do(job, seed=s).outcome.scores for s in (5, 5, 6))
    assert first == again
    assert first != other


def test_read_only_rows_are_enough(make_job, do):
    X, y = load_breast_cancer(return_X_y=True)
    X.flags.writeable = y.flags.writeable = False
    job = make_job(X, y, "sklearn.svm.SVC")
    for train, valid in job.splits.folds:
        train.flags.writeable = valid.flags.writeable = False
    assert isinstance(do(job).outcome, Success)


def test_the_refit_leaves_a_model_that_takes_raw_rows(make_job, do):
    X, y = load_iris(return_X_y=True, as_frame=True)
    job = make_job(X, y.to_numpy(), LOGISTIC)
    result = do(job, REFIT)
    assert result.outcome.scores == {}
    name, content = result.files["model"]
    assert name == "model.pkl"
    model = models.load(content, job.directory)
    assert (model.predict(X) == y).mean() > 0.9


def test_only_without_a_refit_does_a_fold_leave_its_model(make_job, do):
    X, y = load_iris(return_X_y=True)
    assert do(make_job(X, y, LOGISTIC)).files == {}
    assert set(do(make_job(X, y, LOGISTIC, refit=False)).files) == {"model"}


def test_a_metric_that_needs_probabilities_names_the_model_that_has_none(make_job, do):
    X, y = load_breast_cancer(return_X_y=True)
    outcome = do(make_job(X, y, "sklearn.svm.LinearSVC", ("neg_log_loss",))).outcome
    assert isinstance(outcome, Failure)
    assert "LinearSVC" in outcome.message
    assert "neg_log_loss" in outcome.message


def test_a_score_that_is_not_defined_on_a_fold_fails_it(make_job, do):
    from dataclasses import replace

    X, y = load_breast_cancer(return_X_y=True)
    job = make_job(X, y, LOGISTIC, ("roc_auc",))
    ones = np.flatnonzero(y == 1)
    folds = ((np.arange(300), ones[-50:]),)
    outcome = do(replace(job, splits=replace(job.splits, folds=folds))).outcome
    assert outcome.kind is FailureKind.INVALID
    assert "'roc_auc' must be finite, found nan" in outcome.message


def test_convergence_warnings_are_told_once_in_the_log(make_job, do, candidate):
    X, y = load_wine(return_X_y=True)
    model = candidate("sklearn.neural_network.MLPClassifier", max_iter=2)
    bagged = Object(
        "sklearn.ensemble.BaggingClassifier",
        (("estimator", model.estimator), ("n_estimators", Fixed(4))),
    )
    result = do(make_job(X, y, Candidate("only", bagged)))
    assert result.log.count("ConvergenceWarning") == 1


def test_the_candidates_own_preprocessing_wins(make_job, candidate):
    X, y = load_iris(return_X_y=True)
    model = candidate(LOGISTIC, preprocess=Preprocess(PreprocessKind.NONE))
    built, _ = build_estimator(make_job(X, y, model), {}, 1)
    assert [name for name, _ in built.steps] == ["model"]


def test_labels_may_be_a_table_column_of_strings(make_job, do):
    X, y = load_iris(return_X_y=True, as_frame=True)
    labels = y.map({0: "a", 1: "b", 2: "c"}).astype("str").to_numpy()
    assert isinstance(do(make_job(pd.DataFrame(X), labels, FOREST, ("f1_macro",))).outcome, Success)
