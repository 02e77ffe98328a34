"""A torch module trained by its config alone."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes

from sweeper.core.records import REFIT, Success
from sweeper.core.space import Fixed, Items, Object
from sweeper.core.specs import MetricKind, Preprocess, TrainSpec
from sweeper.ports import TRAIN_MODULE
from sweeper.worker import models

torch = pytest.importorskip("torch")

NET = """
from torch import nn

class Net(nn.Sequential):
    def __init__(self, in_features, out_features, hidden):
        super().__init__(nn.Linear(in_features, hidden), nn.ReLU(), nn.Linear(hidden, out_features))
"""


def later(path, **arguments):
    nodes = tuple((name, Fixed(value)) for name, value in arguments.items())
    return Items((Fixed(path), Object("builtins:dict", nodes)))


@pytest.fixture
def module_job(make_job, user_module):
    """A job as `config` makes it from `train: {module: …}`."""

    def make(X, y, loss, metrics, epochs=8, **settings):
        job = make_job(X, y, train=TRAIN_MODULE, metrics=metrics, **settings)
        parameters = (
            ("module", later(f"{user_module(NET)}:Net", hidden=16)),
            ("loss", Object(f"torch.nn.{loss}")),
            ("optimizer", later("torch.optim.AdamW", lr=0.01)),
            ("epochs", Fixed(epochs)),
            ("batch_size", Fixed(32)),
        )
        metric = replace(job.spec.metric, kind=MetricKind.SCORER)
        train = TrainSpec(TRAIN_MODULE, parameters)
        spec = replace(job.spec, train=train, metric=metric, preprocess=Preprocess())
        return replace(job, spec=spec)

    return make


@pytest.fixture
def tumours():
    X, y = load_breast_cancer(return_X_y=True)
    return X, np.where(y == 1, "benign", "malignant")


@pytest.mark.parametrize("loss", ["CrossEntropyLoss", "BCEWithLogitsLoss"])
def test_a_classifier_learns_and_its_model_takes_raw_rows(module_job, do, tumours, loss):
    X, y = tumours
    job = module_job(X, y, loss, ("roc_auc", "accuracy"), positive="malignant")
    result = do(job, REFIT)
    assert isinstance(result.outcome, Success), result.log
    model = models.load(result.files[models.ROLE][1], job.directory)
    assert np.mean(model.predict(X) == y) > 0.95
    chances = model.predict_proba(X)
    assert chances.shape == (len(X), 2)
    assert np.allclose(chances.sum(axis=1), 1)
    assert list(model.classes_) == ["benign", "malignant"]


def test_each_epoch_reports_the_loss_and_the_configs_metrics(module_job, do, tumours, listener):
    heard = listener()
    job = module_job(*tumours, "CrossEntropyLoss", ("accuracy", "roc_auc"), positive="malignant")
    result = do(job, channel=heard)
    assert [step for step, _ in heard.heard] == list(range(8))
    assert {"loss", "accuracy", "roc_auc"} == set(heard.heard[0][1])
    assert heard.heard[-1][1]["loss"] < heard.heard[0][1]["loss"] / 2
    assert result.outcome.scores["accuracy"] > 0.9


def test_a_regression_is_scored_in_the_targets_own_units(module_job, do):
    X, y = load_diabetes(return_X_y=True)
    result = do(module_job(X, y / y.std(), "MSELoss", ("r2",), epochs=20))
    assert result.outcome.scores["r2"] > 0.3, result.log


def test_a_failed_run_goes_on_from_its_last_epoch(module_job, do, tumours, listener, tmp_path):
    job, heard = module_job(*tumours, "CrossEntropyLoss", ("accuracy",)), listener()
    whole = do(job, channel=heard, storage=str(tmp_path))
    assert [kept.step for kept in heard.kept] == list(range(8))
    again = do(job, storage=str(tmp_path), checkpoint=heard.kept[4])
    assert "goes on after step 4" in again.log
    assert again.outcome.scores == whole.outcome.scores
    done = do(job, storage=str(tmp_path), checkpoint=heard.kept[-1])
    assert done.outcome.scores == whole.outcome.scores


def test_two_ranks_find_what_one_does_though_batches_do_not_divide(module_job, do, tumours, gang):
    """Within 1e-5 in single precision: a rank that has one row fewer counts for less."""
    X, y = tumours
    job = module_job(X[:101], y[:101], "CrossEntropyLoss", ("accuracy", "neg_log_loss"), epochs=3)
    together = gang.run(job)[0].result
    assert isinstance(together.outcome, Success), together.log
    alone = do(job).outcome
    assert alone.curve[-1][1] == pytest.approx(together.outcome.curve[-1][1], abs=1e-5)
