"""The user code of the suite's sweeps: it is copied beside each config."""

from __future__ import annotations

import math


def train(trial):
    """Scores that depend on parameters and fold alone; one range of x fails."""
    x = trial.params["x"]
    if 0.30 < x < 0.40:
        raise ValueError("x is in the range that fails")
    noise = 0.01 * math.sin(1000 * x + trial.seed % 97)
    trial.report(0, score=x)
    trial.save(_model(trial))
    return {"accuracy": 1 - (x - 0.7) ** 2 + noise}


def _model(trial):
    from sklearn.dummy import DummyClassifier

    return DummyClassifier(strategy="prior").fit(trial.data.X_train, trial.data.y_train)


def unhurried(trial):
    """Half a second for each fold: time to be interrupted in."""
    import time

    time.sleep(0.5)
    return train(trial)


def slow(trial):
    """Three seconds for each fold."""
    import time

    time.sleep(3)
    return {"accuracy": 1 - (trial.params["x"] - 0.7) ** 2}


def always_fails(trial):
    raise RuntimeError("the very same error")


def endless(trial):
    """Ten minutes: whoever stops a sweep cannot wait for it."""
    import time

    time.sleep(600)


def dies(trial):
    """Ends its own process in the way that `how` names; a few trials in between are well."""
    import ctypes
    import os
    import signal
    import sys

    how = trial.params["how"]
    if how == "os_exit":
        os._exit(3)
    if how == "sys_exit":
        sys.exit(3)
    if how == "segfault":
        ctypes.string_at(0)
    if how == "sigkill":
        os.kill(os.getpid(), signal.SIGKILL)
    return {"accuracy": 0.5}


def eats(trial):
    """A greedy trial takes twice the limit; an insatiable one has no end; others take little."""
    import time

    if trial.params["kind"] == "insatiable":
        raise MemoryError("no machine has as much as this wants")
    if trial.params["kind"] == "greedy":
        held = []
        for _ in range(75):
            held.append(bytearray(b"x") * 20_000_000)
            time.sleep(0.05)
    time.sleep(1.5)
    return {"accuracy": trial.params["x"]}


def hangs(trial):
    """Ignores SIGTERM, leaves children in sessions of their own, and hangs."""
    import os
    import signal
    import subprocess
    import time

    if trial.params["how"] == "well":
        return {"accuracy": 0.5}
    began = os.path.join(os.environ["CHAOS_MARK"], f"began-{trial.params['round']}")
    with open(began, "w") as stream:
        stream.write(repr(time.time()))
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    subprocess.Popen(["sleep", "3607"], start_new_session=True)
    if os.fork() == 0:  # a double fork, with a session between
        os.setsid()
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            time.sleep(3607)
        os._exit(0)
    while True:
        time.sleep(1)
