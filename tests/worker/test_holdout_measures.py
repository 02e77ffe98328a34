"""The vectorised metrics are scikit-learn's, on the whole holdout and on every resample."""

import numpy as np
import pytest
from sklearn import metrics as sk

from sweeper.worker import measures


def drawn(rows, columns=6, seed=0):
    """Sample weights as a bootstrap makes them: zeros, repeats, times uneven weights."""
    draw = np.random.default_rng(seed)
    counts = draw.multinomial(rows, np.full(rows, 1 / rows), size=columns).T
    return counts * draw.uniform(0.5, 2, size=(rows, 1))


def classified(rows, classes, seed=0):
    draw = np.random.default_rng(seed)
    truth = draw.integers(classes, size=rows)
    predicted = np.where(draw.random(rows) < 0.7, truth, draw.integers(classes, size=rows))
    return truth, predicted


def by_columns(score, truth, predicted, weights, **options):
    return [score(truth, predicted, sample_weight=w, **options) for w in weights.T]


@pytest.mark.parametrize("classes", [2, 3, 26])
@pytest.mark.parametrize(
    ("name", "score", "options"),
    [
        ("accuracy", sk.accuracy_score, {}),
        ("balanced_accuracy", sk.balanced_accuracy_score, {}),
        ("precision_macro", sk.precision_score, {"average": "macro", "zero_division": 0}),
        ("recall_macro", sk.recall_score, {"average": "macro", "zero_division": 0}),
        ("f1_macro", sk.f1_score, {"average": "macro", "zero_division": 0}),
        ("mcc", sk.matthews_corrcoef, {}),
    ],
)
def test_metrics_of_the_confusion_table_are_those_of_scikit_learn(classes, name, score, options):
    truth, predicted = classified(400, classes)
    weights = np.hstack([np.ones((400, 1)), drawn(400)])
    found = measures.from_confusion(measures.confusion(truth, predicted, classes, weights))
    expected = by_columns(score, truth, predicted, weights, **options)
    np.testing.assert_allclose(found[name], expected, rtol=1e-12)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
def test_macro_means_leave_out_classes_that_a_resample_lacks_as_scikit_learn_does():
    truth, predicted = np.array([0, 0, 1, 1, 2, 3]), np.array([0, 1, 1, 1, 2, 2])
    weights = np.array([[1, 1, 1, 1, 0, 0], [1, 1, 1, 0, 1, 0], [0, 0, 0, 0, 1, 1]]).T
    found = measures.from_confusion(measures.confusion(truth, predicted, 4, weights))
    for column, w in enumerate(weights.T):
        kept = w > 0
        y, p = truth[kept], predicted[kept]
        assert found["f1_macro"][column] == pytest.approx(sk.f1_score(y, p, average="macro"))
        assert found["balanced_accuracy"][column] == pytest.approx(
            np.mean([np.mean(p[y == c] == c) for c in np.unique(y)])
        )


def test_each_class_has_the_precision_recall_and_f1_of_scikit_learn():
    truth, predicted = classified(300, 5)
    weights = drawn(300)
    found = measures.by_class(measures.confusion(truth, predicted, 5, weights))
    for column, w in enumerate(weights.T):
        scores = sk.precision_recall_fscore_support(truth, predicted, sample_weight=w)[:3]
        for name, expected in zip(("precision", "recall", "f1"), scores, strict=True):
            np.testing.assert_allclose(found[name][:, column], expected, rtol=1e-12)


def test_a_class_without_rows_has_no_recall_and_one_never_predicted_has_precision_zero():
    table = np.array([[3.0, 2.0, 0.0], [0.0, 0.0, 0.0], [1.0, 0.0, 0.0]])[..., None]
    found = measures.by_class(table)
    assert np.isnan(found["recall"][1, 0])
    assert found["precision"][2, 0] == 0
    assert found["f1"][1, 0] == 0
    gone = measures.by_class(np.array([[4.0, 0.0], [0.0, 0.0]])[..., None])
    assert all(np.isnan(value[1, 0]) for value in gone.values())


@pytest.mark.parametrize("digits", [1, 2, 12], ids=["many ties", "some ties", "no ties"])
def test_the_curves_are_those_of_scikit_learn_with_ties_and_weights(digits):
    draw = np.random.default_rng(1)
    positive = draw.random(500) < 0.3
    scores = np.round(positive * 0.4 + draw.random(500), digits)
    weights = np.hstack([np.ones((500, 1)), drawn(500)])
    roc_auc, average = measures.curves(measures.ranking(scores, positive), weights)
    for column, w in enumerate(weights.T):
        kept = w > 0
        y, s, w = positive[kept], scores[kept], w[kept]
        assert roc_auc[column] == pytest.approx(sk.roc_auc_score(y, s, sample_weight=w), rel=1e-12)
        expected = sk.average_precision_score(y, s, sample_weight=w)
        assert average[column] == pytest.approx(expected, rel=1e-12)


def test_the_curves_are_undefined_where_a_resample_has_one_kind_of_rows():
    ranks = measures.ranking(np.array([0.1, 0.7, 0.4]), np.array([False, True, False]))
    roc_auc, average = measures.curves(ranks, np.array([[1, 0, 1], [1, 1, 1]]).T.astype(float))
    assert np.isnan(roc_auc[0])
    assert np.isnan(average[0])
    assert roc_auc[1] == average[1] == 1
    no_positive = measures.ranking(np.array([0.1, 0.7]), np.array([False, False]))
    assert np.isnan(measures.curves(no_positive, np.ones((2, 3)))).all()


def test_log_loss_is_that_of_scikit_learn():
    draw = np.random.default_rng(2)
    truth = draw.integers(4, size=200)
    probabilities = draw.dirichlet(np.ones(4), size=200)
    probabilities[0] = np.eye(4)[(truth[0] + 1) % 4]  # certain, and wrong
    weights = drawn(200)
    found = measures.weighted_mean(measures.log_losses(truth, probabilities), weights)
    expected = by_columns(sk.log_loss, truth, probabilities, weights, labels=range(4))
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize("offset", [0, 1e6])
def test_metrics_of_a_regression_are_those_of_scikit_learn(offset):
    draw = np.random.default_rng(3)
    truth = draw.normal(size=300) + offset
    predicted = truth + draw.normal(scale=0.5, size=300)
    weights = np.hstack([np.ones((300, 1)), drawn(300)])
    found = measures.regression(truth, predicted, weights)
    for name, score in [
        ("rmse", sk.root_mean_squared_error),
        ("mae", sk.mean_absolute_error),
        ("r2", sk.r2_score),
    ]:
        expected = by_columns(score, truth, predicted, weights)
        np.testing.assert_allclose(found[name], expected, rtol=1e-8)


def test_r2_is_undefined_where_the_truth_does_not_vary():
    weights = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0]]).T
    found = measures.regression(np.array([2.0, 2.0, 3.0]), np.array([2.0, 1.0, 3.0]), weights)
    assert np.isnan(found["r2"][0])
    assert np.isfinite(found["r2"][1])
