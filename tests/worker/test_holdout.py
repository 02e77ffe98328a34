"""One look at the holdout: figures, baselines, the champion, files; nothing of the rows."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.linear_model import LogisticRegression

from sweeper.core.records import HOLDOUT, REFIT, Failure, RunKey
from sweeper.core.space import Choice, Fixed, Items, Object, Searched
from sweeper.core.specs import Goal, MetricKind, Preprocess, PreprocessKind
from sweeper.execution.inline import NoReports
from sweeper.ports import Order, Rows
from sweeper.worker import evaluation, models, run
from sweeper.worker.comparison import bare, versus
from sweeper.worker.evaluation import Evaluation

STANDARD = {
    "accuracy",
    "balanced_accuracy",
    "precision_macro",
    "recall_macro",
    "f1_macro",
    "roc_auc",
    "average_precision",
    "mcc",
    "log_loss",
}
NOTHING = Preprocess(PreprocessKind.NONE)
LOGISTIC = "sklearn.linear_model.LogisticRegression"


def apart(X, y, seed=0):
    """A fifth of the rows as holdout."""
    order = np.random.default_rng(seed).permutation(len(y))
    cut = len(y) // 5
    train, held = order[cut:], order[:cut]
    return X[train], y[train], X[held], y[held]


@pytest.fixture
def look(do):
    """Refit, then look: look(job, rows, champion=None, model=None, **params) -> RunResult."""

    def act(job, rows, champion=None, model=None, **params):
        if model is None:
            model = do(job, REFIT, **params).files["model"][1]
        order = Order(
            RunKey(0, HOLDOUT, 1), params, 5, model=model, champion=champion, holdout=rows
        )
        return run(job, order, channel=NoReports())

    return act


@pytest.fixture
def cancer(make_job):
    def make(model=LOGISTIC, metrics=("roc_auc",), **settings):
        X, y, held, truth = apart(*load_breast_cancer(return_X_y=True))
        return make_job(X, y, model, metrics, **settings), Rows(held, truth)

    return make


def report_of(result):
    assert not isinstance(result.outcome, Failure), result.outcome
    return result.outcome.report


def test_a_binary_classification_has_every_standard_metric_with_an_interval(cancer, look):
    job, rows = cancer()
    report = report_of(look(job, rows))
    assert set(report["metrics"]) == STANDARD | {"precision", "recall", "f1"}
    for figure in report["metrics"].values():
        assert figure["low"] <= figure["value"] <= figure["high"]
    assert report["unit"] == "rows"
    assert report["units"] == 113
    assert report["positive"] == 1


def test_the_scores_are_the_metrics_of_the_sweep_by_the_users_names(cancer, look):
    job, rows = cancer(metrics=("roc_auc", "neg_brier_score"))
    loss = replace(job.spec.metrics[0], name="log_loss", scorer="neg_log_loss", sign=-1)
    job = replace(job, spec=replace(job.spec, metrics=(*job.spec.metrics, loss)))
    result = look(job, rows)
    model = models.load(look_model(job), job.directory)
    probabilities = model.predict_proba(rows.X)
    assert result.outcome.scores == pytest.approx(
        {
            "roc_auc": sk.roc_auc_score(rows.y, model.decision_function(rows.X)),
            "neg_brier_score": -sk.brier_score_loss(rows.y, probabilities[:, 1]),
            "log_loss": sk.log_loss(rows.y, probabilities),
        }
    )
    assert report_of(result)["recorded"] == ["roc_auc", "neg_brier_score", "log_loss"]


def look_model(job):
    return run(job, Order(RunKey(0, REFIT, 1), {}, 5), channel=NoReports()).files["model"][1]


@pytest.mark.parametrize("name", ["neg_brier_score", "f1_weighted", "top_k_accuracy"])
def test_a_metric_that_must_be_called_has_an_interval_too(cancer, look, name):
    job, rows = cancer(metrics=(name,))
    figure = report_of(look(job, rows))["metrics"][name]
    assert figure["low"] <= figure["value"] <= figure["high"]


def test_a_known_scorer_is_not_called_for_each_resample(cancer, look, monkeypatch):
    def called(*_):
        raise AssertionError("called")

    names = ["accuracy", "f1", "roc_auc", "average_precision", "neg_log_loss", "matthews_corrcoef"]
    job, rows = cancer(metrics=tuple(names))
    monkeypatch.setattr(evaluation, "called", called)
    report = report_of(look(job, rows))
    assert all("value" in report["metrics"][name] for name in names)


def test_the_positive_class_decides_binary_metrics_whatever_its_place(make_job, look):
    X, y, held, truth = apart(*load_breast_cancer(return_X_y=True))
    names = np.array(["bad", "good"])
    metrics = ("f1", "average_precision")
    job = make_job(X, names[y], LOGISTIC, metrics, positive="bad")
    rows = Rows(held, names[truth])
    report = report_of(look(job, rows))
    model = models.load(look_model(job), job.directory)
    expected = sk.f1_score(rows.y, model.predict(held), pos_label="bad")
    assert report["positive"] == "bad"
    assert report["metrics"]["f1"]["value"] == pytest.approx(expected)
    assert report["metrics"]["f1"] == report["per_class"]["bad"]["f1"]
    assert report["metrics"]["average_precision"]["value"] > 0.95


def test_several_classes_have_figures_of_each_and_a_table(make_job, look):
    X, y, held, truth = apart(*load_digits(return_X_y=True))
    job = make_job(X, y, "sklearn.neighbors.KNeighborsClassifier", ("roc_auc_ovr",))
    rows = Rows(held, truth)
    result = look(job, rows)
    report = report_of(result)
    model = models.load(look_model(job), job.directory)
    predicted = model.predict(held)
    assert report["confusion_matrix"]["labels"] == list(range(10))
    assert report["confusion_matrix"]["counts"] == sk.confusion_matrix(truth, predicted).tolist()
    assert sum(c["support"] for c in report["per_class"].values()) == len(truth)
    assert report["per_class"]["3"]["recall"]["value"] == pytest.approx(
        sk.recall_score(truth == 3, predicted == 3)
    )
    expected = sk.roc_auc_score(truth, model.predict_proba(held), multi_class="ovr")
    assert report["metrics"]["roc_auc"]["value"] == pytest.approx(expected)
    assert result.files["confusion_matrix"][0] == "confusion_matrix.png"


def test_a_model_without_probabilities_is_ranked_by_its_decision_function(make_job, look):
    X, y, held, truth = apart(*load_digits(return_X_y=True))
    report = report_of(look(make_job(X, y, "sklearn.svm.SVC"), Rows(held, truth)))
    assert report["metrics"]["roc_auc"]["value"] > 0.99
    assert "log_loss" not in report["metrics"]


def test_a_regression_has_its_metrics_and_its_picture(make_job, look):
    X, y, held, truth = apart(*load_diabetes(return_X_y=True))
    job = make_job(X, y, "sklearn.linear_model.Ridge", ("r2",))
    result = look(job, Rows(held, truth))
    report = report_of(result)
    predicted = models.load(look_model(job), job.directory).predict(held)
    assert set(report["metrics"]) == {"rmse", "mae", "r2"}
    assert report["metrics"]["rmse"]["value"] == pytest.approx(
        sk.root_mean_squared_error(truth, predicted)
    )
    name, content = result.files["predicted_vs_true"]
    assert name == "predicted_vs_true.png"
    assert content.startswith(b"\x89PNG")


def test_baselines_are_a_dummy_and_the_estimator_with_its_defaults(cancer, look, candidate):
    weak = candidate(LOGISTIC, C="?", max_iter=500)
    job, rows = cancer(weak)
    report = report_of(look(job, rows, C=1e-6))
    dummy, default = report["baselines"]["dummy"], report["baselines"]["default"]
    assert dummy["metrics"]["roc_auc"]["value"] == 0.5
    assert dummy["metrics"].keys() == report["metrics"].keys() == default["metrics"].keys()
    assert default["model"] == LOGISTIC
    assert default["metrics"]["log_loss"]["value"] < report["metrics"]["log_loss"]["value"]


def test_a_default_is_prepared_and_seeded_as_the_winner_is(cancer, look, candidate):
    unprepared = candidate("sklearn.neural_network.MLPClassifier", preprocess=NOTHING)
    job, rows = cancer(unprepared)
    report = report_of(look(job, rows))
    assert report["baselines"]["default"]["metrics"] == report["metrics"]


def test_a_default_keeps_the_objects_inside_and_drops_their_settings():
    steps = Items(
        (
            Items((Fixed("scale"), Object("pkg.Scaler", (("with_mean", Fixed(False)),)))),
            Items(
                (
                    Fixed("model"),
                    Choice(
                        "kind",
                        (("a", Object("pkg.A", (("C", Searched("C")),))), ("b", Fixed("none"))),
                    ),
                )
            ),
        )
    )
    pipeline = Object("sklearn.pipeline.Pipeline", (("steps", steps), ("memory", Fixed("/tmp"))))
    assert bare(pipeline, {"kind": "a", "C": 3.0}) == Object(
        "sklearn.pipeline.Pipeline",
        (
            (
                "steps",
                Items(
                    (
                        Items((Fixed("scale"), Object("pkg.Scaler"))),
                        Items((Fixed("model"), Object("pkg.A"))),
                    )
                ),
            ),
        ),
    )


def test_a_default_that_cannot_be_fitted_is_reported_and_fails_nothing(
    make_job, look, candidate, user_module
):
    module = user_module(
        "from sklearn.linear_model import LogisticRegression\n"
        "class Picky(LogisticRegression):\n"
        "    def fit(self, X, y):\n"
        "        if self.C == 1.0:\n"
        "            raise RuntimeError('defaults are not for me')\n"
        "        return super().fit(X, y)\n"
    )
    X, y, held, truth = apart(*load_breast_cancer(return_X_y=True))
    job = make_job(X, y, candidate(f"{module}.Picky", C=0.5))
    report = report_of(look(job, Rows(held, truth)))
    assert report["baselines"]["default"] == {"error": "RuntimeError: defaults are not for me"}
    assert report["metrics"]["accuracy"]["value"] > 0.9


def test_a_better_model_beats_the_champion_on_the_same_resamples(cancer, look):
    job, rows = cancer()
    blind = LogisticRegression().fit(np.zeros_like(job.rows.X), job.rows.y)
    verdict = report_of(look(job, rows, champion=models.dump(blind)))["versus_champion"]
    assert verdict["metric"] == "roc_auc"
    assert verdict["better"] is True
    assert 0 < verdict["low"] < verdict["difference"] < verdict["high"]
    assert (verdict["unit"], verdict["resamples"]) == ("rows", 1000)


def test_the_difference_is_for_the_new_model_also_where_less_is_better(make_job, look):
    X, y, held, truth = apart(*load_diabetes(return_X_y=True))
    job = make_job(X, y, "sklearn.dummy.DummyRegressor", ("neg_mean_absolute_error",))
    metric = replace(job.spec.metric, name="mae", goal=Goal.MINIMIZE, sign=-1)
    job = replace(job, spec=replace(job.spec, metric=metric))
    good = make_job(X, y, "sklearn.linear_model.Ridge", ("r2",))
    verdict = report_of(look(job, Rows(held, truth), champion=look_model(good)))["versus_champion"]
    assert verdict["low"] < verdict["difference"] < verdict["high"] < 0
    assert verdict["better"] is False


def test_a_difference_that_may_be_chance_is_not_better(cancer):
    metric = cancer()[0].spec.metric
    old = Evaluation({"roc_auc": 0.90}, {"roc_auc": np.full(200, 0.90)})
    new = Evaluation({"roc_auc": 0.91}, {"roc_auc": 0.91 + np.linspace(-0.05, 0.05, 200)})
    verdict = versus(metric, "rows", new, old)
    assert verdict["difference"] == pytest.approx(0.01)
    assert verdict["low"] < 0
    assert verdict["better"] is False


def test_a_model_is_no_better_than_itself(cancer, look):
    job, rows = cancer()
    model = look_model(job)
    verdict = report_of(look(job, rows, model=model, champion=model))["versus_champion"]
    assert (verdict["difference"], verdict["low"], verdict["high"]) == (0, 0, 0)
    assert verdict["better"] is False


@pytest.mark.parametrize("content", ["other columns", "not a model"])
def test_a_champion_that_cannot_answer_is_an_error_in_the_report(cancer, look, content):
    job, rows = cancer()
    champion = b"no pickle"
    if content == "other columns":
        champion = models.dump(LogisticRegression().fit(job.rows.X[:, :3], job.rows.y))
    report = report_of(look(job, rows, champion=champion))
    assert list(report["versus_champion"]) == ["error"]
    assert report["metrics"]["roc_auc"]["value"] > 0.9


def test_groups_and_time_of_the_holdout_decide_what_is_resampled(cancer, look):
    job, rows = cancer()
    groups = np.arange(113) % 5
    report = report_of(look(job, replace(rows, groups=groups)))
    assert (report["unit"], report["units"]) == ("groups", 5)
    assert report["notes"] == ["only 5 groups: the intervals are rough"]
    report = report_of(look(job, replace(rows, time=np.arange(113))))
    assert (report["unit"], report["units"]) == ("blocks of time", 11)


def test_a_single_group_gives_values_without_intervals_and_no_verdict(cancer, look):
    job, rows = cancer()
    model = look_model(job)
    alone = replace(rows, groups=np.zeros(113))
    report = report_of(look(job, alone, model=model, champion=model))
    assert report["metrics"]["accuracy"]["value"] > 0.9
    assert report["metrics"]["accuracy"]["low"] is None
    assert "error" in report["versus_champion"]


def test_sample_weights_count_in_the_metrics_and_not_in_the_table(cancer, look):
    job, rows = cancer(metrics=("accuracy",))
    predicted = models.load(look_model(job), job.directory).predict(rows.X)
    weights = np.where(predicted == rows.y, 1.0, 5.0)
    report = report_of(look(job, replace(rows, weights=weights)))
    expected = sk.accuracy_score(rows.y, predicted, sample_weight=weights)
    assert report["weighted"]
    assert report["metrics"]["accuracy"]["value"] == pytest.approx(expected)
    assert np.sum(report["confusion_matrix"]["counts"]) == 113


def test_a_class_that_only_the_holdout_has_is_a_class_of_the_report(make_job, look):
    X, y, held, truth = apart(*load_digits(n_class=4, return_X_y=True))
    known = y != 3
    job = make_job(X[known], y[known], LOGISTIC)
    report = report_of(look(job, Rows(held, truth)))
    assert report["confusion_matrix"]["labels"] == [0, 1, 2, 3]
    assert report["per_class"]["3"]["recall"]["value"] == 0
    assert report["metrics"]["accuracy"]["value"] < 0.85
    assert np.isfinite(report["metrics"]["log_loss"]["value"])


def test_a_holdout_of_one_class_leaves_the_curves_undefined(cancer, look):
    job, rows = cancer()
    only = rows.y == 1
    result = look(job, Rows(rows.X[only], rows.y[only]))
    figure = report_of(result)["metrics"]["roc_auc"]
    assert (figure["value"], figure["low"]) == (None, None)
    assert figure["note"]
    assert result.outcome.scores == {}


def test_a_metric_that_raises_on_the_holdout_says_so_and_fails_nothing(cancer, look, user_module):
    module = user_module("def cost(y, p):\n    raise KeyError('row 17: Ada Lovelace')\n")
    job, rows = cancer(metrics=("accuracy", f"{module}:cost"))
    result = look(job, rows)
    assert report_of(result)["metrics"][f"{module}:cost"] == {
        "value": None,
        "low": None,
        "high": None,
        "note": "the metric raised KeyError",
    }
    assert set(result.outcome.scores) == {"accuracy"}


def test_the_users_own_metric_sees_labels_and_has_an_interval(make_job, look, user_module):
    module = user_module("def cost(y, p):\n    return float((p == 'bad')[y == 'bad'].mean())\n")
    X, y, held, truth = apart(*load_breast_cancer(return_X_y=True))
    names = np.array(["bad", "good"])
    job = make_job(X, names[y], "sklearn.linear_model.RidgeClassifier", (f"{module}:cost",))
    report = report_of(look(job, Rows(held, names[truth])))
    own = report["metrics"][f"{module}:cost"]
    assert own["value"] == report["per_class"]["bad"]["recall"]["value"]
    assert own["low"] < own["value"]


def test_the_report_is_plain_json_and_holds_no_rows(make_job, look):
    draw = np.random.default_rng(0)
    frame = pd.DataFrame({"x": draw.normal(size=200) + 777.125, "who": ["Ada"] * 200})
    y = np.where(frame["x"] > 777, "yes", "no")
    job = make_job(frame[:150], y[:150], LOGISTIC, positive="yes")
    result = look(job, Rows(frame[150:], y[150:]))
    name, content = result.files["holdout"]
    assert name == "holdout.json"
    assert json.loads(content) == report_of(result)
    assert b"Ada" not in content
    assert b"777." not in content


TRAINER = """
from sklearn.linear_model import LogisticRegression
def train(trial):
    d = trial.data
    model = LogisticRegression(max_iter=5000).fit(d.X_train, d.y_train)
    trial.save(model)
    return {"accuracy": 0.99, "cost": 3.0}
def words(model, X):
    return ["one per row"] * 3
"""


def test_a_training_function_has_its_metric_checked_where_it_is_a_known_one(
    cancer, look, user_module
):
    job, rows = cancer(None, ("accuracy",), train=f"{user_module(TRAINER)}:train")
    cost = replace(job.spec.metric, name="cost", kind=MetricKind.REPORTED)
    job = replace(job, spec=replace(job.spec, metrics=(cost,)))
    report = report_of(look(job, rows))
    assert 0.85 < report["metrics"]["accuracy"]["value"] < 0.99
    assert report["user_reported"] == ["cost"]
    assert list(report["baselines"]) == ["dummy"]


def test_a_training_function_whose_model_gives_no_classes_is_user_reported(
    cancer, look, user_module
):
    module = user_module(TRAINER)
    job, rows = cancer(None, ("accuracy",), train=f"{module}:train", predict=f"{module}:words")
    result = look(job, rows)
    report = report_of(result)
    assert report["user_reported"] == ["accuracy"]
    assert "expected one for each of the 113 holdout rows" in report["notes"][0]
    assert result.outcome.scores == {}


def test_a_refitted_model_that_cannot_predict_the_holdout_is_a_failure(cancer, look):
    job, rows = cancer()
    outcome = look(job, replace(rows, X=rows.X[:, :4])).outcome
    assert isinstance(outcome, Failure)
    assert "features" in outcome.message
