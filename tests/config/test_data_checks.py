"""Does the config fit the data? With data sets of a few rows, made here."""

from __future__ import annotations

import numpy as np
import pytest

from sweeper.config import check_data
from sweeper.core.records import DataDigest
from sweeper.ports import Column, Dataset, Rows


def dataset(*classes, positive=None) -> Dataset:
    """A classification with these classes, a regression without any."""
    y = np.array([*classes] * 2) if classes else np.array([0.5, 1.5, 2.5])
    return Dataset(
        train=Rows(np.zeros((len(y), 1)), y),
        holdout=None,
        columns=(Column("age", "numeric", "float64"),),
        task="classification" if classes else "regression",
        classes=classes,
        positive=positive,
        digest=DataDigest("", len(y), ()),
    )


@pytest.mark.parametrize(
    ("metric", "classes", "words"),
    [
        ("f1", ("a", "b", "c"), "expected `f1_macro`"),
        ("precision", (0, 1, 2), "expected `precision_macro`"),
        ("roc_auc", (0, 1, 2), "expected `roc_auc_ovr`"),
        ("f1", ("no", "yes"), "expected `data.positive:` 'no' or 'yes'"),
        ("ap", ("no", "yes"), "expected `data.positive:`"),
    ],
)
def test_a_scorer_that_does_not_fit_the_target_is_a_problem(read, svc, metric, classes, words):
    loaded = read(
        svc.replace("sklearn.svm.SVC", "own_code.Odd").replace("C:", "size:"), f"metric={metric}"
    )
    found = check_data(loaded, dataset(*classes))
    assert len(found) == 1
    assert words in found[0]
    assert found[0].startswith(f"--set metric={metric}: metric: ")


@pytest.mark.parametrize(
    ("metric", "classes", "positive"),
    [
        ("f1", (0, 1), 1),
        ("f1", ("no", "yes"), "yes"),
        ("roc_auc", ("no", "yes"), None),
        ("f1_macro", (0, 1, 2), None),
        ("average_precision", (0, 1, 2), None),
    ],
)
def test_a_scorer_that_fits_is_none(read, svc, metric, classes, positive):
    assert check_data(read(svc, f"metric={metric}"), dataset(*classes, positive=positive)) == ()


def test_a_classifier_of_a_regression_target_is_a_problem(read, svc):
    found = check_data(read(svc), dataset())
    assert len(found) == 2
    assert ":2: data.target: makes this a regression, but the model or the metric" in found[0]
    assert ":3: metric: `accuracy` is for classification" in found[1]


def test_metrics_beside_the_main_one_are_checked_too(read, svc):
    found = check_data(
        read(svc + "metrics: [balanced_accuracy, f1]\n", "metric=accuracy"), dataset(0, 1, 2)
    )
    assert len(found) == 1
    assert ":7: metrics.1: `f1` is for 2 classes" in found[0]


def test_columns_that_preprocessing_names_must_be_features(read, svc):
    text = (
        f"{svc}preprocess: [{{columns: [agee], steps: [sklearn.preprocessing.StandardScaler]}}]\n"
    )
    found = check_data(read(text), dataset(0, 1))
    assert len(found) == 1
    assert ":7: preprocess.0.columns: no feature is called `agee`" in found[0]
    assert "did you mean `age`?" in found[0]


def test_a_config_with_problems_is_not_checked_against_data(read, svc):
    assert check_data(read(svc, "metric=nonsense"), dataset(0, 1)) == ()
