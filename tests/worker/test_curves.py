from __future__ import annotations

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from sweeper.ports import Rows
from sweeper.worker.curves import curves
from sweeper.worker.plots import curves as drawn
from sweeper.worker.replay import Replay


def made(model, classes, weights=None):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))
    y = np.digitize(X[:, 0] + rng.normal(size=200) / 2, np.linspace(-0.5, 0.5, classes - 1))
    model.fit(X, y)
    return curves(Replay(model, X, "classification"), Rows(X, y, weights), tuple(range(classes)))


def test_of_two_classes_there_is_one_line_of_more_one_each():
    assert [line.label for line in made(LogisticRegression(), 2)] == [1]
    assert [line.label for line in made(LogisticRegression(), 4)] == [0, 1, 2, 3]


def test_the_area_under_the_line_is_the_roc_auc():
    from sklearn.metrics import auc

    (line,) = made(LogisticRegression(), 2)
    assert 0.8 < auc(*line.roc) < 1
    assert line.reliability is not None


def test_a_decision_function_has_curves_and_no_reliability():
    (line,) = made(LinearSVC(), 2)
    assert line.reliability is None
    assert drawn([line]).startswith(b"\x89PNG")


def test_a_model_without_scores_or_with_broken_ones_has_none():
    class Labels(DummyClassifier):
        predict_proba = property()

    class Broken(DummyClassifier):
        def predict_proba(self, X):
            return np.full((len(X), 2), np.nan)

    assert made(Labels(), 2) == []
    assert made(Broken(), 2) == []


@pytest.mark.parametrize("classes", [2, 5])
def test_they_can_be_drawn(classes):
    assert drawn(made(LogisticRegression(), classes)).startswith(b"\x89PNG")
