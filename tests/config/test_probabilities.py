"""A metric that needs probabilities is refused for a model that does not give them."""

from __future__ import annotations

import pytest

from sweeper.config import read

CONFIG = """
name: p
data: {{source: "sklearn:iris", target: target}}
metric: log_loss
model: {{estimator: {estimator}, parameters: {parameters}}}
"""


def problems(tmp_path, estimator, parameters="{}"):
    path = tmp_path / "p.yaml"
    path.write_text(CONFIG.format(estimator=estimator, parameters=parameters))
    return [p for p in read(path).problems if "probabilities" in p]


@pytest.mark.parametrize(
    ("estimator", "parameters"),
    [
        ("sklearn.svm.SVC", "{C: {min: 0.1, max: 10.0}}"),
        ("sklearn.svm.LinearSVC", "{}"),
        ("sklearn.linear_model.SGDClassifier", "{loss: hinge}"),
    ],
)
def test_without_probabilities_it_is_a_problem(tmp_path, estimator, parameters):
    (problem,) = problems(tmp_path, estimator, parameters)
    assert "p.yaml:5" in problem


@pytest.mark.parametrize(
    ("estimator", "parameters"),
    [
        ("sklearn.linear_model.LogisticRegression", "{}"),
        ("sklearn.linear_model.SGDClassifier", "{loss: log_loss}"),
        ("sklearn.linear_model.SGDClassifier", "{loss: {values: [log_loss, modified_huber]}}"),
    ],
)
def test_with_probabilities_it_is_none(tmp_path, estimator, parameters):
    assert problems(tmp_path, estimator, parameters) == []
