"""Whatever user code does, a run ends in a value that says what happened."""

import os
import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from sweeper.core.records import Failure, FailureKind, Success

OK = "    return {'accuracy': 1}\n"


@pytest.fixture
def fail(make_job, do, user_module):
    """Run a training function of these lines; the second value is its job."""

    def act(lines, **options):
        name = user_module("import os, sys\ndef train(trial):\n" + lines)
        return do(make_job(np.zeros((10, 1)), np.zeros(10), train=f"{name}:train"), **options)

    return act


def test_an_exception_is_a_failure_with_its_type_and_message(fail):
    result = fail("    raise KeyError('a\\nb')\n")
    outcome = result.outcome
    assert (outcome.kind, outcome.error) == (FailureKind.ERROR, "KeyError")
    assert "\n" not in outcome.message
    assert "Traceback" in result.log
    assert "in train" in result.log
    assert outcome.seconds > 0
    assert pickle.loads(pickle.dumps(result)) == result


def test_a_long_message_is_cut(fail):
    assert len(fail("    raise ValueError('x' * 10**5)\n").outcome.message) == 500


def test_an_exception_without_a_message_of_its_own_is_told(fail):
    lines = "    class E(Exception):\n        def __str__(self): return 1 / 0\n    raise E()\n"
    assert "__str__ raised ZeroDivisionError" in fail(lines).outcome.message


@pytest.mark.parametrize("error", ["MemoryError()", "np_error()"])
def test_running_out_of_memory_is_its_own_kind(fail, error):
    lines = (
        "    import numpy as np\n    np_error = lambda: np.zeros(2**59)\n" + f"    raise {error}\n"
    )
    assert fail(lines).outcome.kind is FailureKind.OOM


@pytest.mark.parametrize(
    ("call", "said"), [("sys.exit(3)", "sys.exit(3)"), ("sys.exit()", "sys.exit")]
)
def test_sys_exit_is_an_error_not_an_end(fail, call, said):
    outcome = fail(f"    {call}\n").outcome
    assert outcome.kind is FailureKind.ERROR
    assert f"user code called {said}" in outcome.message


def test_a_keyboard_interrupt_of_user_code_fails_its_run_on_a_worker(fail):
    outcome = fail("    raise KeyboardInterrupt\n").outcome
    assert (outcome.kind, outcome.error) == (FailureKind.ERROR, "KeyboardInterrupt")
    assert outcome.message == "user code raised KeyboardInterrupt"


def test_in_the_controllers_own_process_a_keyboard_interrupt_passes_through(fail):
    before = sys.stdout, sys.stderr
    with pytest.raises(KeyboardInterrupt):
        fail("    raise KeyboardInterrupt\n", capture=False)
    assert (sys.stdout, sys.stderr) == before


@pytest.mark.parametrize("error", ["Out('x')", "GeneratorExit()", "asyncio.CancelledError()"])
def test_any_other_base_exception_is_a_failure(fail, error):
    lines = f"    import asyncio\n    class Out(BaseException): pass\n    raise {error}\n"
    outcome = fail(lines).outcome
    assert outcome.kind is FailureKind.ERROR
    assert outcome.error == error.partition("(")[0].rpartition(".")[2]


def test_a_module_that_cannot_be_imported_is_a_failure(make_job, do, user_module):
    name = user_module("import nothing_of_that_name\n")
    job = make_job(np.zeros((10, 1)), np.zeros(10), train=f"{name}:train")
    assert do(job).outcome.error == "ModuleNotFoundError"


def test_a_fingerprint_is_of_the_place_not_of_the_message(make_job, do, user_module):
    source = (
        "def deep(n):\n    raise ValueError(f'at {n}')\n"
        "def train(trial):\n    if trial.seed == 3: return deep(0) or 1\n    deep(trial.seed)\n"
    )
    job = make_job(np.zeros((10, 1)), np.zeros(10), train=f"{user_module(source)}:train")
    one, two, three = (do(job, seed=s).outcome for s in (1, 2, 3))
    assert one.message != two.message
    assert one.fingerprint == two.fingerprint
    assert one.fingerprint != three.fingerprint


def test_a_failing_estimator_is_a_failure(make_job, do, candidate):
    X, y = np.zeros((20, 2)), np.array([0, 1] * 10)
    outcome = do(make_job(X, y, candidate("sklearn.svm.SVC", C=-1))).outcome
    assert (outcome.kind, outcome.error) == (FailureKind.ERROR, "InvalidParameterError")


def test_a_cell_of_the_table_stays_out_of_message_and_log(make_job, do):
    from sweeper.core.specs import Preprocess, PreprocessKind

    X = pd.DataFrame({"name": ["Braund, Mr. Owen"] * 20})
    none = Preprocess(PreprocessKind.NONE)
    job = make_job(X, np.array([0, 1] * 10), "sklearn.svm.SVC", preprocess=none)
    result = do(job)
    assert "could not convert string to float: <not shown>" in result.outcome.message
    assert "Braund" not in result.outcome.message
    assert "Braund" not in result.log


def test_output_of_python_of_compiled_code_and_of_children_is_the_log(fail):
    result = fail(
        "    print('from print')\n    print('to stderr', file=sys.stderr)\n"
        "    os.write(1, b'from C\\n')\n    os.system('echo from a child')\n" + OK
    )
    lines = result.log.splitlines()
    assert lines == ["from print", "to stderr", "from C", "from a child"]


def test_each_run_has_its_own_log(fail):
    assert "first" in fail("    print('first')\n" + OK).log
    assert "first" not in fail("    print('second')\n" + OK).log


def test_a_long_log_keeps_its_beginning_and_its_end(fail):
    log = fail("    for i in range(200_000): print('line', i)\n" + OK).log
    assert log.startswith("line 0\n")
    assert log.endswith("line 199999\n")
    assert "bytes left out" in log
    assert len(log) < 257 * 1024


def test_output_stays_where_it_is_without_capture(fail, capsys):
    result = fail("    print('seen')\n" + OK, capture=False)
    assert isinstance(result.outcome, Success)
    assert result.log == ""
    assert "seen" in capsys.readouterr().out


def test_a_logging_handler_made_in_one_run_still_works_in_the_next(make_job, do, user_module):
    source = (
        "import logging, sys\nlog = logging.getLogger('u')\n"
        "log.addHandler(logging.StreamHandler(sys.stderr))\n"
        "def train(trial):\n    log.warning('hello %d', trial.seed)\n    return {'accuracy': 1}\n"
    )
    job = make_job(np.zeros((10, 1)), np.zeros(10), train=f"{user_module(source)}:train")
    assert [do(job, seed=s).log for s in (1, 2)] == ["hello 1\n", "hello 2\n"]


def test_capture_works_with_closed_descriptors():
    code = (
        "import os\nfrom sweeper.worker.capture import captured\nos.close(1); os.close(2)\n"
        "with captured() as read:\n    print('inside')\n"
        "assert read() == 'inside\\n'\n"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", code], env=env).returncode == 0


def test_warnings_are_told_once_even_when_output_is_not_captured(fail):
    lines = "    import warnings\n    for i in range(50): warnings.warn(f'odd {i}')\n" + OK
    for capture in (True, False):
        log = fail(lines, capture=capture).log
        assert log.count("UserWarning: odd") == 1


def test_threads_are_limited_inside_and_restored_in_the_controllers_process(fail, monkeypatch):
    from threadpoolctl import threadpool_info

    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    before = [library["num_threads"] for library in threadpool_info()]
    lines = (
        "    from threadpoolctl import threadpool_info\n"
        "    most = max(x['num_threads'] for x in threadpool_info())\n"
        "    return {'accuracy': most, 'env': int(os.environ['OMP_NUM_THREADS'])}\n"
    )
    assert fail(lines, capture=False).outcome.scores == {"accuracy": 1.0, "env": 1.0}
    assert [library["num_threads"] for library in threadpool_info()] == before
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert fail(lines).outcome.scores == {"accuracy": 1.0, "env": 1.0}  # and on a worker


def test_importing_the_worker_loads_nothing_heavy():
    code = (
        "import sys, sweeper.worker\n"
        "assert not {'sklearn', 'pandas', 'numpy', 'torch'} & set(sys.modules)"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", code], env=env).returncode == 0


def test_a_failure_is_made_of_plain_values(fail):
    outcome = fail("    raise ValueError('x')\n").outcome
    assert isinstance(outcome, Failure)
    assert outcome.charged
    assert len(outcome.fingerprint) == 16
