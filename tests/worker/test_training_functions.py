"""`train: module:function`: what the function is given, and what comes of what it does."""

import numpy as np
import pytest
from sklearn.datasets import load_iris

from sweeper.core.records import REFIT, Failure, FailureKind, Success
from sweeper.core.space import Choice, Fixed, Object, Searched
from sweeper.core.specs import Preprocess, PreprocessKind, TrainSpec
from sweeper.worker import models

LEARN = """
from sklearn.linear_model import SGDClassifier

def train(trial):
    d = trial.data
    model = SGDClassifier(alpha=trial.params["alpha"], random_state=trial.seed)
    for epoch in trial.epochs(4):
        model.partial_fit(d.X_train, d.y_train, classes=[0, 1, 2])
        trial.report(epoch, accuracy=model.score(d.X_valid, d.y_valid), loss=1.0 / (epoch + 1))
    trial.log("trained on", len(d.X_train), trial.rank, trial.world_size, trial.device)
    trial.save(model)
    return {"accuracy": model.score(d.X_valid, d.y_valid)}
"""


@pytest.fixture
def iris_job(make_job, user_module):
    """A job whose training function is the `train` of this source."""

    def make(source, **settings):
        from dataclasses import replace

        X, y = load_iris(return_X_y=True)
        path = f"{user_module(source)}:train"
        job = make_job(X, y, train=path, **settings)
        nodes = (("alpha", Searched("alpha")),)
        spec = replace(job.spec, train=replace(job.spec.train, parameters=nodes))
        return replace(job, spec=spec)

    return make


def body(lines, before=""):
    return before + "def train(trial):\n" + "".join(f"    {line}\n" for line in lines.splitlines())


def test_a_fold_returns_what_the_function_returned_and_last_reported(iris_job, do, listener):
    heard = listener()
    result = do(iris_job(LEARN), channel=heard, alpha=0.001)
    assert isinstance(result.outcome, Success), result.log
    assert result.outcome.scores["accuracy"] > 0.5
    assert result.outcome.scores["loss"] == 0.25
    assert [step for step, _ in result.outcome.curve] == [0, 1, 2, 3]
    assert list(result.outcome.curve) == heard.heard
    assert "trained on 120 0 1 cpu" in result.log
    assert result.files == {}


def test_the_metric_may_come_from_the_last_report_alone(iris_job, do):
    job = iris_job(body("trial.report(0, accuracy=0.1)\ntrial.report(1, accuracy=0.5)"))
    assert do(job, alpha=1).outcome.scores == {"accuracy": 0.5}


def test_the_same_order_twice_gives_the_same_scores(iris_job, do):
    job = iris_job(LEARN)
    assert do(job, alpha=0.1).outcome.scores == do(job, alpha=0.1).outcome.scores


def test_python_and_numpy_are_seeded_by_the_order(iris_job, do):
    source = "return {'accuracy': random.random() + np.random.random()}"
    job = iris_job(body(source, "import random\nimport numpy as np\n"))
    one, again, other = (do(job, seed=s, alpha=1).outcome.scores for s in (1, 1, 2))
    assert one == again != other


def test_epochs_end_once_a_report_was_answered_with_stop(iris_job, do, listener):
    heard = listener(stop_at=2)
    result = do(iris_job(LEARN), channel=heard, alpha=0.1)
    assert len(heard.heard) == 2
    assert [step for step, _ in result.outcome.curve] == [0, 1]


def test_the_refit_has_all_training_rows_and_leaves_the_saved_model(iris_job, do):
    job = iris_job(LEARN)
    result = do(job, REFIT, alpha=0.001)
    assert isinstance(result.outcome, Success), result.log
    assert result.outcome.scores == {}
    assert result.outcome.report["rows"] == 150
    assert result.outcome.report["user_reported"]["accuracy"] > 0.5
    assert "trained on 120" in result.log
    assert models.load(result.files["model"][1], job.directory).predict(job.rows.X).shape == (150,)


def test_a_refit_that_saves_nothing_fails_and_says_what_to_do(iris_job, do):
    outcome = do(iris_job(body("return {'accuracy': 1}")), REFIT, alpha=1).outcome
    assert isinstance(outcome, Failure)
    assert "trial.save(model)" in outcome.message


def test_a_saved_model_needs_predict_or_a_function_that_does_it(iris_job, do):
    source = "trial.save({'answer': 2})\nreturn {'accuracy': 1}"
    extra = "import numpy as np\ndef guess(model, X): return np.full(len(X), model['answer'])\n"
    without = do(iris_job(body(source, extra)), REFIT, alpha=1).outcome
    assert "has no predict" in without.message
    job = iris_job(body(source, extra))
    from dataclasses import replace

    module = job.spec.train.function.partition(":")[0]
    spec = replace(job.spec, train=replace(job.spec.train, predict=f"{module}:guess"))
    content = do(replace(job, spec=spec), REFIT, alpha=1).files["model"][1]
    assert models.load(content, job.directory).predict([0, 0]).tolist() == [2, 2]


def test_parameters_may_be_objects_and_choices(iris_job, do):
    from dataclasses import replace

    source = "return {'accuracy': trial.params['model'].C + trial.params['k']}"
    job = iris_job(body(source))
    model = Object("sklearn.svm.SVC", (("C", Searched("model.C")),))
    nodes = (("model", model), ("k", Choice("k", (("one", Fixed(1)), ("two", Fixed(2))))))
    spec = replace(job.spec, train=replace(job.spec.train, parameters=nodes))
    result = do(replace(job, spec=spec), k="two", **{"model.C": 0.5})
    assert result.outcome.scores == {"accuracy": 2.5}


def test_without_data_there_is_none_and_the_refit_works(make_job, do, user_module):
    name = user_module(
        "class M:\n    def predict(self, X): return X\n"
        "def train(trial):\n    trial.save(M())\n    return {'accuracy': float(trial.data is None)}\n"
    )
    job = make_job(train=f"{name}:train")
    assert do(job).outcome.scores == {"accuracy": 1.0}
    assert do(job, REFIT).outcome.report == {"rows": 0, "user_reported": {"accuracy": 1.0}}


def test_an_indexable_dataset_comes_with_indices(make_job, do, user_module):
    name = user_module(
        "def train(trial):\n    d = trial.data\n"
        "    assert d.X_train is None\n"
        "    return {'accuracy': sum(d.dataset[i] for i in d.valid_indices) / 100}\n"
    )
    job = make_job(list(range(20)), train=f"{name}:train", folds=2)
    assert do(job).outcome.scores["accuracy"] == job.splits.folds[0][1].sum() / 100


def test_rows_are_prepared_when_the_config_says_so_and_so_is_the_saved_model(iris_job, do):
    source = (
        "d = trial.data\n"
        "assert abs(d.X_train.mean()) < 1e-9 < abs(d.X_valid.mean())\n"
        "trial.save(LogisticRegression().fit(d.X_train, d.y_train))\n"
        "return {'accuracy': 1}"
    )
    before = "from sklearn.linear_model import LogisticRegression\n"
    job = iris_job(body(source, before), preprocess=Preprocess(PreprocessKind.AUTO))
    assert isinstance(do(job, alpha=1).outcome, Success)
    model = models.load(do(job, REFIT, alpha=1).files["model"][1], job.directory)
    assert (model.predict(job.rows.X) == job.rows.y).mean() > 0.9
    assert model.predict_proba(job.rows.X).shape == (150, 3)


BAD = {
    "None": "None",
    "'0.9'": "a str",
    "True": "True",
    "float('nan')": "nan",
    "float('inf')": "inf",
    "-np.inf": "-inf",
    "np.float32('nan')": "nan",
    "1j": "a complex",
    "10**400": "too large",
    "np.array([0.5])": "ndarray of shape (1,)",
    "np.array(0.5)": "ndarray of shape ()",
    "[0.5]": "found a list",
    "np.bool_(True)": "True (a bool)",
}


@pytest.mark.parametrize(("value", "found"), BAD.items())
def test_a_metric_that_is_no_finite_number_is_invalid(iris_job, do, value, found):
    job = iris_job(body(f"return {{'accuracy': {value}}}", "import numpy as np\n"))
    outcome = do(job, alpha=1).outcome
    assert isinstance(outcome, Failure)
    assert outcome.kind is FailureKind.INVALID
    assert "'accuracy'" in outcome.message
    assert found in outcome.message


@pytest.mark.parametrize("value", ["1", "0.5", "np.float64(0.5)", "np.float16(0.5)", "np.int64(3)"])
def test_every_real_number_counts(iris_job, do, value):
    job = iris_job(body(f"return {{'accuracy': {value}}}", "import numpy as np\n"))
    score = do(job, alpha=1).outcome.scores["accuracy"]
    assert type(score) is float


@pytest.mark.parametrize(
    "returned", ["0.9", "None", "{}", "{'auc': 0.5}", "[('accuracy', 1)]", "{1: 2}"]
)
def test_a_missing_metric_is_invalid(iris_job, do, returned):
    outcome = do(iris_job(body(f"return {returned}")), alpha=1).outcome
    assert outcome.kind is FailureKind.INVALID


def test_a_missing_metric_names_what_there_is(iris_job, do):
    outcome = do(iris_job(body("return {'auc': 0.5}")), alpha=1).outcome
    assert outcome.message.startswith(
        "metric 'accuracy' is missing: the training function gave 'auc'"
    )


def test_other_things_returned_are_left_out_and_named(iris_job, do):
    result = do(iris_job(body("return {'accuracy': 1, 'table': [1], 'auc': 0.5}")), alpha=1)
    assert result.outcome.scores == {"accuracy": 1.0, "auc": 0.5}
    assert "left out: metric 'table'" in result.log


def test_a_bad_value_in_a_report_is_invalid(iris_job, do):
    outcome = do(iris_job(body("trial.report(0, accuracy=float('nan'))")), alpha=1).outcome
    assert outcome.kind is FailureKind.INVALID


def test_train_spec_without_parameters_gives_an_empty_dict(make_job, do, user_module):
    name = user_module("def train(trial):\n    return {'accuracy': len(trial.params)}\n")
    job = make_job(np.zeros((10, 1)), np.zeros(10), train=f"{name}:train")
    assert isinstance(job.spec.train, TrainSpec)
    assert do(job).outcome.scores == {"accuracy": 0.0}
