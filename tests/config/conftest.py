"""Configs in a folder of their own, with modules beside them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sweeper import config
from sweeper.config import Loaded

MODULES = {
    "own_code.py": """\
def cost(y_true, y_pred):
    return 0.0

def train(trial):
    return {}

def no_arguments():
    return {}

def predict(model, X):
    return X

class Halves:
    def __init__(self, gap=0):
        self.gap = gap
    def split(self, X, y=None, groups=None):
        return []
    def get_n_splits(self, X=None, y=None, groups=None):
        return 2

class Odd:
    def __init__(self, size, **others):
        pass
    def fit(self, X, y):
        return self
    def predict(self, X):
        return X
    def predict_proba(self, X):
        return X
""",
    "broken.py": "raise RuntimeError('no database\\nhere')\n",
    "needy.py": "import package_that_is_not_there\n",
}

Read = Callable[..., Loaded]

SVC = """\
name: digits
data: {source: "sklearn:digits"}
metric: accuracy
model:
  estimator: sklearn.svm.SVC
  parameters: {C: {min: 0.1, max: 100.0, log: true}}
"""


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Writes the text to config.yaml and reads it."""
    for name, content in MODULES.items():
        (tmp_path / name).write_text(content)

    def reader(text: str | bytes, *overrides: str, name: str | None = None) -> Loaded:
        path = tmp_path / "config.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return config.read(path, overrides, name)

    return reader


@pytest.fixture
def svc() -> str:
    """The text of a small good config, of 6 lines."""
    return SVC


@pytest.fixture
def with_model(read: Read) -> Read:
    """Reads a config whose `model:` is the given text, which starts on line 5."""

    def reader(model: str, *overrides: str) -> Loaded:
        lines = "".join(f"  {line}\n" for line in model.strip("\n").splitlines())
        head = 'name: t\ndata: {source: "sklearn:iris"}\nmetric: accuracy\nmodel:\n'
        return read(head + lines, *overrides)

    return reader


@pytest.fixture
def with_train(read: Read) -> Read:
    """Reads a config with `train:` and, from line 5 on, the given text."""

    def reader(rest: str, *overrides: str) -> Loaded:
        head = "name: t\ntrain: own_code:train\nmetric: accuracy\n\n"
        return read(head + rest, *overrides)

    return reader
