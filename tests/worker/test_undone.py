"""What a run changes in its process is as before when the next one comes."""

import gc
import logging
import os
import pickle
import signal
import subprocess
import sys

import numpy as np
import pytest

from sweeper.core.records import Success

HARM = {
    "directory": ("import os; os.chdir('/')", lambda: os.getcwd()),
    "environment": ("import os; os.environ.update(HOME='/x', NEW_ONE='1'); os.environ.pop('PATH')",
                    lambda: dict(os.environ)),
    "handler": ("import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)",
                lambda: signal.getsignal(signal.SIGTERM)),
    "logging": ("import logging; logging.disable(logging.CRITICAL)",
                lambda: logging.root.manager.disable),
    "recursion": ("import sys; sys.setrecursionlimit(5000)", sys.getrecursionlimit),
    "collector": ("import gc; gc.disable()", gc.isenabled),
    "numpy_errors": ("import numpy; numpy.seterr(all='raise')", np.geterr),
    "sklearn": ("import sklearn; sklearn.set_config(transform_output='pandas')",
                lambda: __import__("sklearn").get_config()),
    "stdout": ("import sys, io; sys.stdout = sys.stderr = io.StringIO()",
               lambda: (sys.stdout, sys.stderr)),
    "no_stdout": ("import sys; sys.stdout = None", lambda: sys.stdout),
    "warnings": ("import warnings; warnings.simplefilter('error')",
                 lambda: list(__import__("warnings").filters)),
}  # fmt: skip


@pytest.fixture
def act(make_job, do, user_module):
    """Run a training function of this line, before and after which `OK` must work."""

    def run(line, end="return {'accuracy': 1}", before="", **options):
        name = user_module(f"{before}\ndef train(trial):\n    {line}\n    {end}\n")
        return do(make_job(np.zeros((10, 1)), np.zeros(10), train=f"{name}:train"), **options)

    return run


@pytest.mark.parametrize("capture", [True, False], ids=["worker", "inline"])
@pytest.mark.parametrize("end", ["return {'accuracy': 1}", "raise SystemExit"])
@pytest.mark.parametrize(("line", "look"), list(HARM.values()), ids=list(HARM))
def test_harm_is_undone_however_the_run_ends(act, line, look, end, capture):
    act("pass")  # what a first run leaves for good is there before
    before = look()
    act(line, end, capture=capture)
    assert look() == before


def test_torch_settings_are_undone(act):
    torch = pytest.importorskip("torch")
    act("import torch; torch.set_default_dtype(torch.float64); torch.set_grad_enabled(False)")
    assert torch.get_default_dtype() is torch.float32
    assert torch.is_grad_enabled()


def test_a_pending_alarm_is_called_off(act):
    if signal.getitimer(signal.ITIMER_REAL) != (0.0, 0.0):
        pytest.skip("the test runner uses the alarm itself")
    act("import signal; signal.alarm(1000)")
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


STREAMS = [
    "import sys; sys.stdout.close()",
    "import os; os.close(1); os.close(2)",
    "import sys; sys.stdout.detach()",
    "import sys, io; sys.stdout = io.StringIO(); sys.__stdout__ = None",
]


@pytest.fixture
def fresh(make_job, user_module, tmp_path):
    """Run training functions of these lines in a new process, one after the other."""

    def run(*lines):
        names = [
            user_module(f"def train(trial):\n    {line}\n    return {{'accuracy': 1}}\n")
            for line in lines
        ]
        X, y = np.zeros((10, 1)), np.zeros(10)
        jobs = [make_job(X, y, train=f"{name}:train") for name in names]
        (tmp_path / "jobs").write_bytes(pickle.dumps(jobs))
        code = (
            "import pickle, sys\nfrom sweeper.core.records import RunKey\n"
            "from sweeper.execution.inline import NoReports\n"
            "from sweeper.ports import Order\nfrom sweeper.worker import run\n"
            "jobs = pickle.loads(open(sys.argv[1], 'rb').read())\n"
            "results = [run(job, Order(RunKey(0, 0, 1), {}, 1), NoReports()) for job in jobs]\n"
            "open(sys.argv[2], 'wb').write(pickle.dumps(results))\n"
        )
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        paths = [str(tmp_path / "jobs"), str(tmp_path / "results")]
        done = subprocess.run([sys.executable, "-c", code, *paths], env=env, capture_output=True)
        assert done.returncode == 0, done.stderr.decode()
        results = pickle.loads((tmp_path / "results").read_bytes())
        assert all(isinstance(result.outcome, Success) for result in results), results
        return [result.log for result in results]

    return run


def test_whatever_is_done_to_stdout_the_next_run_prints(fresh):
    logs = fresh(*(each for line in STREAMS for each in (line, "print('heard')")))
    assert ["heard" in log for log in logs] == [False, True] * len(STREAMS)


def test_a_function_that_needs_no_scikit_learn_does_not_import_it(fresh):
    """It would take longer than many a fold, and a hundred megabytes of each worker."""
    (log,) = fresh(
        "import sys; print(*sorted({'sklearn', 'scipy', 'pandas'} & sys.modules.keys()))"
    )
    assert log.strip() == ""


def test_settings_are_undone_also_by_the_run_that_was_the_first_to_import_them(fresh):
    harm = "import sklearn; sklearn.set_config(transform_output='pandas')"
    _, log = fresh(harm, "import sklearn; print(sklearn.get_config()['transform_output'])")
    assert log.strip() == "default"


def test_what_a_module_sets_when_it_is_imported_stays(act, monkeypatch):
    monkeypatch.delenv("SET_AT_IMPORT", raising=False)
    line = "import os; assert os.environ['SET_AT_IMPORT'] == '1'"
    result = act(line, before="import os\nos.environ['SET_AT_IMPORT'] = '1'")
    assert isinstance(result.outcome, Success)
    assert os.environ["SET_AT_IMPORT"] == "1"
    monkeypatch.setenv("SET_AT_IMPORT", "")


def test_a_directory_that_was_removed_does_no_harm(act):
    line = "import os, tempfile; d = tempfile.mkdtemp(); os.chdir(d); os.rmdir(d)"
    before = os.getcwd()
    assert isinstance(act(line).outcome, Success)
    assert os.getcwd() == before
