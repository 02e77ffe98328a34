"""`sweeper.Infeasible`: user code says that these parameters cannot work."""

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from sweeper.core.records import FailureKind
from sweeper.core.space import Object
from sweeper.core.specs import Candidate, Goal, Metric, MetricKind

IMPORT = "from sweeper import Infeasible\n"


@pytest.fixture
def fail(make_job, do, user_module):
    def act(lines, before=IMPORT):
        source = before + "def train(trial):\n" + "".join(f"    {line}\n" for line in lines)
        name = user_module(source)
        return do(make_job(np.zeros((10, 1)), np.zeros(10), train=f"{name}:train")).outcome

    return act


def test_it_is_a_failure_of_its_own_kind_with_its_message(fail):
    outcome = fail(["raise Infeasible('hidden must be a multiple of heads')"])
    assert (outcome.kind, outcome.error) == (FailureKind.INFEASIBLE, "Infeasible")
    assert outcome.message == "hidden must be a multiple of heads"


def test_a_subclass_is_one_too(fail):
    outcome = fail(["raise TooDeep('x')"], IMPORT + "class TooDeep(Infeasible): pass\n")
    assert (outcome.kind, outcome.error) == (FailureKind.INFEASIBLE, "TooDeep")


def test_an_exception_raised_from_it_is_told_as_it(fail):
    lines = [
        "try:",
        "    raise Infeasible('too deep')",
        "except Infeasible as e:",
        "    raise RuntimeError('the step failed') from e",
    ]
    outcome = fail(lines)
    assert (outcome.kind, outcome.error) == (FailureKind.INFEASIBLE, "Infeasible")
    assert outcome.message == "too deep"


def test_an_error_while_dealing_with_it_is_an_error(fail):
    lines = ["try:", "    raise Infeasible('too deep')", "except Infeasible:", "    1 / 0"]
    outcome = fail(lines)
    assert (outcome.kind, outcome.error) == (FailureKind.ERROR, "ZeroDivisionError")


ESTIMATOR = """
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sweeper import Infeasible

class Step(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None): raise Infeasible('no such step')
    def transform(self, X): return X

class Own(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        raise Infeasible('no such model')

def accuracy(y, p):
    raise Infeasible('no such score')
"""


@pytest.mark.parametrize("name", ["Step", "Own"])
def test_it_passes_through_scikit_learns_pipelines(make_job, do, user_module, candidate, name):
    module = user_module(ESTIMATOR)
    model = candidate(f"{module}:{name}")
    outcome = do(make_job(np.zeros((20, 1)), np.array([0, 1] * 10), model)).outcome
    assert (outcome.kind, outcome.error) == (FailureKind.INFEASIBLE, "Infeasible")


def test_it_passes_through_an_estimator_of_estimators(make_job, do, user_module):
    nodes = (("estimator", Object(f"{user_module(ESTIMATOR)}:Own")),)
    model = Candidate("only", Object("sklearn.multiclass.OneVsRestClassifier", nodes))
    outcome = do(make_job(np.zeros((30, 1)), np.array([0, 1, 2] * 10), model)).outcome
    assert outcome.kind is FailureKind.INFEASIBLE


def test_an_own_metric_may_raise_it(make_job, do, user_module):
    job = make_job(np.zeros((20, 1)), np.array([0, 1] * 10), "sklearn.dummy.DummyClassifier")
    metric = Metric("own", Goal.MAXIMIZE, MetricKind.FUNCTION, f"{user_module(ESTIMATOR)}:accuracy")
    job = replace(job, spec=replace(job.spec, metric=metric))
    assert do(job).outcome.kind is FailureKind.INFEASIBLE


def test_importing_it_loads_nothing_heavy():
    code = (
        "import sys\nfrom sweeper import Infeasible\n"
        "assert not [m for m in sys.modules if m.startswith(('sweeper.', 'numpy', 'ray'))]\n"
        "import pickle\nassert pickle.loads(pickle.dumps(Infeasible('x'))).args == ('x',)\n"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", code], env=env).returncode == 0
