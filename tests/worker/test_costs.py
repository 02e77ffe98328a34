"""The metrics of what a fold run costs."""

from dataclasses import replace

import numpy as np
import pytest

from sweeper.core.records import Failure, FailureKind, Success
from sweeper.core.specs import Goal, Metric, MetricKind

COSTS = tuple(
    Metric(name, Goal.MINIMIZE, MetricKind.MEASURED)
    for name in ("fit_seconds", "predict_ms", "model_bytes")
)


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    return rng.normal(size=(60, 4)), np.arange(60) % 3


def with_costs(job, costs=COSTS):
    return replace(job, spec=replace(job.spec, metrics=(*job.spec.metrics, *costs)))


def forest(candidate, trees):
    return candidate("sklearn.ensemble:RandomForestClassifier", n_estimators=trees)


def test_a_bigger_model_costs_more(make_job, candidate, rows, do):
    small, big = (
        do(with_costs(make_job(*rows, model=forest(candidate, trees)))).outcome for trees in (2, 80)
    )
    assert isinstance(small, Success)
    assert set(small.scores) == {"accuracy", "fit_seconds", "predict_ms", "model_bytes"}
    for name in ("fit_seconds", "predict_ms", "model_bytes"):
        assert 0 < small.scores[name] < big.scores[name]
    assert small.scores["fit_seconds"] < small.seconds


SAVES = """
import time

class Model:
    def predict(self, X):
        time.sleep(0.002)
        return [0] * len(X)

def train(trial):
    time.sleep(0.05)
    trial.save(Model())
    return {"loss": 0.5}
"""


def test_a_training_functions_saved_model_is_measured(make_job, user_module, rows, do):
    job = make_job(*rows, train=f"{user_module(SAVES)}:train", metrics=("loss",))
    result = do(with_costs(job))
    assert isinstance(result.outcome, Success), result.log
    scores = result.outcome.scores
    assert scores["fit_seconds"] >= 0.05
    assert scores["predict_ms"] >= 2
    assert scores["model_bytes"] > 0


def test_what_cannot_be_measured_is_an_invalid_metric_that_says_so(make_job, user_module, rows, do):
    path = f"{user_module('def train(trial): return dict(loss=1.0)')}:train"
    job = make_job(*rows, train=path, metrics=("loss",))
    outcome = do(with_costs(job)).outcome
    assert isinstance(outcome, Failure)
    assert outcome.kind is FailureKind.INVALID
    assert "predict_ms and model_bytes cannot be measured without trial.save" in outcome.message
    alone = do(with_costs(job, COSTS[:1])).outcome
    assert isinstance(alone, Success)
