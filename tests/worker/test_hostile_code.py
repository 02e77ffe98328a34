"""Exceptions, models and values that are made to be hard to tell, store or send."""

import json
import pickle

import numpy as np
import pytest

from sweeper.core.records import REFIT, Failure, FailureKind, Success
from sweeper.ports import TRACE


@pytest.fixture
def train(make_job, do, user_module):
    """Run a training function of these lines."""

    def act(lines, before="", fold=0, **settings):
        body = "".join(f"    {line}\n" for line in lines.splitlines())
        name = user_module(f"import threading, sys\n{before}\ndef train(trial):\n{body}")
        job = make_job(np.zeros((10, 1)), np.zeros(10), train=f"{name}:train", **settings)
        return do(job, fold)

    return act


def told(result):
    """The failure; it can be sent, written as UTF-8 JSON, and is of bounded size."""
    assert isinstance(result.outcome, Failure), result
    assert pickle.loads(pickle.dumps(result)) == result
    json.dumps(result.outcome.message, ensure_ascii=False).encode()
    assert len(result.log.encode()) < 100_000
    assert len(result.outcome.message) <= 500
    return result.outcome


EXCEPTIONS = {
    "unpicklable": "class E(Exception):\n    def __init__(self, a, b): self.lock = threading.Lock()",
    "no_text": "class E(Exception):\n    def __str__(self): raise ValueError('no')\n    __repr__ = __str__",
    "exits_in_text": "class E(Exception):\n    def __str__(self): sys.exit(3)",
    "not_text": "class E(Exception):\n    def __str__(self): return 3",
    "huge": "class E(Exception):\n    def __str__(self): return 'x' * 10**8",
    "many_lines": "class E(Exception):\n    def __str__(self): return 'line\\n' * 10**6",
    "surrogate": "class E(Exception):\n    def __str__(self): return 'a \\ud800 b'",
    "long_name": "E = type('E' * 10**6, (Exception,), {})",
    "hostile_name": "class M(type):\n    @property\n    def __name__(cls): raise ValueError\n"
    "class E(Exception, metaclass=M): pass",
}


@pytest.mark.parametrize("source", list(EXCEPTIONS.values()), ids=list(EXCEPTIONS))
def test_whatever_an_exception_does_it_is_a_failure(train, source):
    outcome = told(train("raise E(1, 2)", source))
    assert outcome.kind is FailureKind.ERROR
    assert outcome.fingerprint


def test_a_ring_of_causes_is_told(train):
    lines = "a, b = ValueError('a'), KeyError('b')\na.__cause__, b.__cause__ = b, a\nraise a"
    assert told(train(lines)).error == "ValueError"


def test_a_thousand_causes_are_told_in_short(train):
    lines = (
        "e = None\nfor i in range(1000):\n    n = ValueError(i)\n    n.__cause__, e = e, n\nraise e"
    )
    assert told(train(lines)).error == "ValueError"


def test_endless_recursion_is_an_error_with_one_fingerprint(train):
    source = "def f(n): return g(n)\ndef g(n): return f(n + 1)\n"
    outcome = told(train("import sys; sys.setrecursionlimit(400)\nf(0)", source))
    assert (outcome.kind, outcome.error) == (FailureKind.ERROR, "RecursionError")


def test_the_middle_of_a_long_traceback_is_left_out(train):
    result = train("raise ValueError('x' * 10**6)")
    assert "characters left out" in result.log
    assert result.log.startswith(f"{TRACE}\nTraceback")
    assert "in train" in result.log


def test_a_traceback_begins_where_user_code_was_called(train):
    result = train("print('mine')\nint('x')")
    assert result.log.startswith(f"mine\n{TRACE}\nTraceback (most recent call last):\n")
    assert "in train\n    int('x')" in result.log
    assert "foldrun.py" not in result.log


def test_what_sweeper_itself_finds_wrong_needs_no_traceback(train):
    log = train("return 3").log
    assert log.startswith(f"{TRACE}\nsweeper.worker.values.InvalidMetric: the training function")
    assert log.count("\n") == 2


def test_a_traceback_of_libraries_alone_is_whole(make_job, do, candidate):
    X, y = np.zeros((20, 2)), np.array([0, 1] * 10)
    log = do(make_job(X, y, candidate("sklearn.svm.SVC", C=-1))).log
    assert "foldrun.py" in log
    assert "InvalidParameterError" in log


def test_a_warning_of_any_length_is_told_in_short(train):
    result = train("import warnings; warnings.warn('x' * 10**7)\nreturn {'accuracy': 1}")
    assert isinstance(result.outcome, Success)
    assert len(result.log) < 1000


def test_output_that_utf8_cannot_hold_is_told(train):
    result = train("print('a \\ud800 b')\nreturn {'accuracy': 1}")
    assert "a " in result.log
    result.log.encode()


def test_a_thread_that_raises_is_told_in_the_log_only(train):
    lines = (
        "t = threading.Thread(target=lambda: 1 / 0)\nt.start()\nt.join()\nreturn {'accuracy': 1}"
    )
    result = train("import threading as th; th.excepthook = th.__excepthook__\n" + lines)
    assert isinstance(result.outcome, Success)
    assert "ZeroDivisionError" in result.log


def test_an_exception_group_is_told(train):
    outcome = told(train("raise ExceptionGroup('several', [ValueError('a'), KeyError('b')])"))
    assert outcome.error == "ExceptionGroup"


@pytest.mark.parametrize(
    "error",
    [
        "MemoryError()",
        "RuntimeError('CUDA out of memory. Tried to allocate 20.00 MiB')",
        "RuntimeError('CUDA error: out of memory')",
        "RuntimeError('CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate')",
        "RuntimeError('MPS backend out of memory')",
        'RuntimeError("DefaultCPUAllocator: can\'t allocate memory: you tried")',
        "RuntimeError('RESOURCE_EXHAUSTED: Out of memory while trying to allocate')",
        "OSError(12, 'Cannot allocate memory')",
        "OutOfMemoryError('x')",
    ],
)
def test_running_out_of_memory_has_many_names(train, error):
    outcome = told(train(f"raise {error}", "class OutOfMemoryError(RuntimeError): pass"))
    assert outcome.kind is FailureKind.OOM


def test_what_was_raised_from_running_out_of_memory_is_that(train):
    lines = (
        "try: raise MemoryError('rows')\nexcept MemoryError as e: raise ValueError('fit') from e"
    )
    outcome = told(train(lines))
    assert (outcome.kind, outcome.error, outcome.message) == (
        FailureKind.OOM,
        "MemoryError",
        "rows",
    )


def test_that_memory_is_spoken_of_makes_no_oom(train):
    assert told(train("raise ValueError('CUDA out of memory')")).kind is FailureKind.ERROR


def test_torch_out_of_memory_is_oom(train):
    pytest.importorskip("torch")
    outcome = told(train("import torch\nraise torch.OutOfMemoryError('CUDA out of memory')"))
    assert outcome.kind is FailureKind.OOM


def test_a_fingerprint_knows_the_cause(train, make_job, do, user_module):
    source = (
        "def train(trial):\n    try:\n        {}[trial.seed] if trial.seed < 3 else 1 / 0\n"
        "    except Exception as e:\n        raise RuntimeError(f'seed {trial.seed}') from e\n"
    )
    job = make_job(np.zeros((10, 1)), np.zeros(10), train=f"{user_module(source)}:train")
    one, two, other = (do(job, seed=s).outcome for s in (1, 2, 3))
    assert one.message != two.message
    assert one.fingerprint == two.fingerprint != other.fingerprint


MODEL = """
class Model:
    def __init__(self, **held): self.__dict__.update(held)
    def predict(self, X): return X
class Sly(Model):
    def __reduce__(self): raise RuntimeError('not me')
"""

HELD = {
    "lock": ("Model(lock=threading.Lock())", "the model (Model)", "its lock is a _thread.lock"),
    "file": ("Model(log=open('/dev/null', 'w'))", "(Model)", "its log is a _io.TextIOWrapper"),
    "generator": ("Model(a={'rows': (i for i in 'a')})", "(Model)", "its a['rows'] is a generator"),
    "deep": ("Model(net=Model(pool=[0, threading.Lock()]))", "(Model)", "its net.pool[1] is"),
    "reduce": ("Sly()", "the model (Sly)", "cannot be stored: not me"),
    "inner_reduce": ("Model(x=Sly())", "(Model)", "its x is a user_"),
}


@pytest.mark.parametrize("fold", [0, REFIT])
@pytest.mark.parametrize(("model", "kind", "held"), list(HELD.values()), ids=list(HELD))
def test_a_model_that_cannot_be_stored_is_named_with_what_it_holds(train, model, kind, held, fold):
    result = train(f"trial.save({model})\nreturn {{'accuracy': 1}}", MODEL, fold)
    outcome = told(result)
    assert outcome.error == "Unstorable"
    assert kind in outcome.message
    assert held in outcome.message


def test_a_model_that_cannot_be_stored_is_noticed_in_the_first_fold_only(train):
    result = train("trial.save(Sly())\nreturn {'accuracy': 1}", MODEL, 1)
    assert isinstance(result.outcome, Success)


def test_an_own_estimator_that_cannot_be_stored_is_noticed_in_the_first_fold(
    make_job, do, user_module, candidate
):
    source = (
        "import threading\nfrom sklearn.dummy import DummyClassifier\n"
        "class Own(DummyClassifier):\n    def fit(self, X, y):\n"
        "        self.lock_ = threading.Lock()\n        return super().fit(X, y)\n"
    )
    model = candidate(f"{user_module(source)}:Own")
    outcome = do(make_job(np.zeros((20, 1)), np.array([0, 1] * 10), model)).outcome
    assert outcome.error == "Unstorable"
    assert "lock_ is a _thread.lock" in outcome.message


def test_a_lambda_and_a_hundred_megabytes_are_stored(train):
    lines = "trial.save(Model(f=lambda: 1, w=bytes(10**8)))\nreturn {'accuracy': 1}"
    result = train(lines, MODEL, REFIT)
    assert isinstance(result.outcome, Success)
    assert len(result.files["model"][1]) > 10**8
