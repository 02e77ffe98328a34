"""Which metric a name means, and which way it goes."""

from __future__ import annotations

import pytest

from sweeper.core.specs import Goal, Metric, MetricKind

MAX, MIN = Goal.MAXIMIZE, Goal.MINIMIZE


def only(problems):
    assert len(problems) == 1, problems
    return problems[0]


@pytest.fixture
def metric(read):
    """Reads `metric:` of a config with a regressor or a classifier, whichever has no problem."""

    def reader(text: str, *overrides: str):
        base = 'name: t\ndata: {source: "sklearn:iris"}\nmodel: own_code.Odd\n'
        base = base.replace("own_code.Odd", "{estimator: own_code.Odd, parameters: {size: 1}}")
        return read(f"{base}metric: {text}\n", *overrides)

    return reader


@pytest.mark.parametrize(
    ("name", "goal", "scorer", "sign"),
    [
        ("accuracy", MAX, "accuracy", 1),
        ("roc_auc", MAX, "roc_auc", 1),
        ("auc", MAX, "roc_auc", 1),
        ("ap", MAX, "average_precision", 1),
        ("mcc", MAX, "matthews_corrcoef", 1),
        ("r2", MAX, "r2", 1),
        ("neg_log_loss", MAX, "neg_log_loss", 1),
        ("rmse", MIN, "neg_root_mean_squared_error", -1),
        ("mse", MIN, "neg_mean_squared_error", -1),
        ("mae", MIN, "neg_mean_absolute_error", -1),
        ("mape", MIN, "neg_mean_absolute_percentage_error", -1),
        ("log_loss", MIN, "neg_log_loss", -1),
        ("brier", MIN, "neg_brier_score", -1),
        ("mean_poisson_deviance", MIN, "neg_mean_poisson_deviance", -1),
        ("max_error", MIN, "neg_max_error", -1),
    ],
)
def test_a_name_gives_scorer_goal_and_sign(metric, name, goal, scorer, sign):
    assert metric(name).spec.metric == Metric(name, goal, MetricKind.SCORER, scorer, sign)


def test_the_names_known_without_scikit_learn_are_those_of_scikit_learn():
    from sklearn.metrics import get_scorer_names

    from sweeper.config.scorers import NAMES

    assert sorted(NAMES) == sorted(get_scorer_names())


def test_every_friendly_name_means_something_that_exists():
    from sklearn.metrics import get_scorer

    from sweeper.config.imports import find
    from sweeper.config.metrics import friendly_names, understood

    for name in friendly_names():
        known = understood(name)
        assert known is not None
        if known.kind is MetricKind.SCORER:
            assert get_scorer(known.scorer)._sign == known.sign
        else:
            assert find(known.scorer)([0, 1, 2, 2], [0, 1, 2, 2]) == 1.0


def test_a_metric_may_have_a_goal_and_a_target(metric):
    found = metric("{name: log_loss, goal: minimize, target: 0.1}").spec.metric
    assert (found.goal, found.target) == (MIN, 0.1)


def test_an_own_metric_needs_a_goal(metric):
    found = metric("{name: 'own_code:cost', goal: minimize}").spec.metric
    assert found == Metric("own_code:cost", MIN, MetricKind.FUNCTION, "own_code:cost")
    assert "goal: minimize" in only(metric("own_code:cost").problems)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("acuracy", "did you mean `accuracy`?"),
        ("rsme", "did you mean `rmse`?"),
        ("neg_los_loss", "did you mean `neg_log_loss`?"),
        ("{name: neg_log_loss, goal: minimize}", "the larger is the better; expected maximize"),
        ("{name: accuracy, goal: minimize}", "the larger is the better"),
        ("{name: rmse, goal: maximize}", "the smaller is the better"),
        ("{name: accuracy, goal: minimise}", "did you mean `minimize`?"),
        ("{name: accuracy, gaol: minimize}", "did you mean `goal`?"),
        ("{goal: minimize}", "the key `name` is missing"),
        ("[accuracy]", "found a list of one"),
        ("[accuracy, accuracy]", "expected each objective once"),
        ("[{name: accuracy, target: 1}, f1]", "leave it out of a list"),
        ("[fit_seconds, predict_ms]", "all of these are costs"),
        ("fit_seconds", "the cheapest model is the worst"),
        ("[accuracy, acurracy]", "did you mean `accuracy`?"),
        ("[]", "expected a list of metrics"),
        ("f1_samples", "expected a metric of one label"),
        ("{name: 'own_code:no_arguments', goal: minimize}", "cannot be called with 2 arguments"),
        ("5", "expected the name of a metric"),
        ("", "nothing stands here"),
    ],
)
def test_a_metric_that_cannot_be_is_a_problem(metric, text, words):
    problems = metric(text).problems
    assert words in problems[0]
    assert ":4: metric" in problems[0]


def test_other_metrics_are_recorded_once(metric):
    loaded = metric("accuracy\nmetrics: [f1_macro, accuracy, f1_macro]")
    assert [m.name for m in loaded.spec.metrics] == ["f1_macro"]
    assert len(loaded.warnings) == 2


@pytest.mark.parametrize(
    ("name", "goal", "scorer", "sign"),
    [
        ("accuracy", MAX, "accuracy", 1),
        ("val_accuracy", MAX, "accuracy", 1),
        ("rmse", MIN, "neg_root_mean_squared_error", -1),
        ("val_loss", MIN, "", 1),
        ("loss", MIN, "", 1),
        ("word_error", MIN, "", 1),
        ("qwk", MAX, "", 1),
    ],
)
def test_a_reported_metric_has_a_goal_by_its_name(with_train, name, goal, scorer, sign):
    spec = with_train("", f"metric={name}").spec
    assert spec.metric == Metric(name, goal, MetricKind.REPORTED, scorer, sign)


def test_a_reported_metric_of_another_name_needs_a_goal(with_train):
    assert "goal: maximize" in only(with_train("", "metric=reward_rate").problems)
    spec = with_train("", "metric={name: reward_rate, goal: maximize}").spec
    assert spec.metric.goal is MAX


def test_a_reported_metric_may_not_contradict_its_name(with_train):
    problems = with_train("", "metric={name: val_accuracy, goal: minimize}").problems
    assert "the larger is the better" in only(problems)
