"""User code that gives back, raises, keeps and returns what it should not."""

from __future__ import annotations

import threading

METRICS = [
    "not_a_number",
    "infinite",
    "minus_infinite",
    "null_value",
    "string",
    "boolean",
    "huge",
    "complex",
    "missing",
    "array",
    "decimal",
    "list",
    "numpy_nan",
    "nothing",
]

VALUES = [
    "locked_return",
    "lambda_return",
    "locked_error",
    "big_return",
    "unpicklable_model",
    "broken_str",
    "big_error",
]


def metric(trial):
    """Accuracy as `what` has it; `fine` is the only good one."""
    import decimal

    import numpy as np

    found = {
        "fine": 0.1,
        "not_a_number": float("nan"),
        "infinite": float("inf"),
        "minus_infinite": float("-inf"),
        "null_value": None,
        "string": "0.9",
        "boolean": True,
        "huge": 10**400,
        "complex": 1j,
        "array": np.ones(3),
        "decimal": decimal.Decimal("0.9"),
        "list": [0.9],
        "numpy_nan": np.float32("nan"),
    }
    what = trial.params["what"]
    if what == "nothing":
        return None
    return {"other": 0.9} if what == "missing" else {"accuracy": found[what]}


class Locked(Exception):
    """Cannot be pickled: it holds a lock."""

    def __init__(self, text):
        super().__init__(text)
        self.lock = threading.Lock()


class Unsayable(Exception):
    def __str__(self):
        raise RuntimeError("no words")


class Model:
    def __init__(self):
        self.lock = threading.Lock()

    def predict(self, X):
        return [0] * len(X)


def value(trial):
    """`what` says what goes wrong; `fine` does not."""
    what = trial.params["what"]
    if what == "locked_error":
        raise Locked("this exception holds a lock")
    if what == "broken_str":
        raise Unsayable
    if what == "big_error":
        raise ValueError("x" * 50_000_000)
    if what == "unpicklable_model":
        trial.save(Model())
        return {"accuracy": 0.5}
    if what == "big_return":
        return {"accuracy": 0.5, "blob": b"x" * 100_000_000}
    if what == "locked_return":
        return {"accuracy": 0.5, "lock": threading.Lock()}
    if what == "lambda_return":
        return lambda: 0.5
    from sklearn.dummy import DummyClassifier

    trial.save(DummyClassifier().fit(trial.data.X_train, trial.data.y_train))
    return {"accuracy": 0.9}


def many(trial):
    """Ten thousand parameters, one of them a megabyte."""
    sizes = [len(str(value)) for value in trial.params.values()]
    return {"accuracy": 1 / (1 + len(sizes))}


def unpicklable_source():
    """A data source whose rows cannot travel."""
    return LockedRows()


class LockedRows:
    def __init__(self):
        self.lock = threading.Lock()

    def __len__(self):
        return 20

    def __getitem__(self, index):
        return [0.0], index % 2
