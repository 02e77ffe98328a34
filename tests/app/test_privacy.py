"""Canaries: odd values are planted in the data, and looked for in every file afterwards.

What a model holds by its nature is in its file alone: the categories of a one-hot encoder.
"""

from __future__ import annotations

import gzip
import shutil
import struct
import subprocess
import zipfile
from io import BytesIO

import pytest

from sweeper import app, worker
from sweeper.data.hashing import KEY

CITY, AMOUNT = "Zarquon-Quimby", "918273.645"
DROPPED, HASHED = "Vogon-Jeltz-31", "Marvin-Paranoid-77"
PASSWORD, TOKEN = "h0opy-fr00d-42", "tok-babelfish-9"

MODELS = """
name: canary
seed: 1
data: {source: rows.csv, target: kind, drop: [name], hash: [person], holdout: 0.3}
cv: 3
metric: accuracy
model:
  choose:
    linear: {estimator: sklearn.linear_model.LogisticRegression, parameters: {C: {min: 0.1, max: 1.0}}}
    broken: {estimator: canary_code.Broken, parameters: {a: {min: 0.1, max: 1.0}}, preprocess: none}
search: {sampler: random, pruner: none}
budget: {trials: 6}
retries: {error: 0}
# the data came from postgresql://me:PASSWORD@host/rows, password: PASSWORD
""".replace("PASSWORD", PASSWORD)

FUNCTION = """
name: own
seed: 1
train: canary_code:train
data: {source: rows.csv, target: kind, drop: [name], hash: [person], holdout: 0.3}
cv: 3
metric: {name: accuracy, goal: maximize}
parameters: {bad: {values: [0, 1]}}
search: {sampler: grid, pruner: none}
retries: {error: 0}
"""

CODE = """
import os
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.dummy import DummyClassifier


class Broken(ClassifierMixin, BaseEstimator):
    def __init__(self, a=1.0):
        self.a = a

    def fit(self, X, y):
        row = X[X.city.str.startswith("Zarquon")].iloc[0]
        print("a row:", row.city, row.amount)
        raise ValueError(f"cannot use {row.city!r} with {row.amount} at postgresql://me:SECRET@db/x")

    def predict(self, X):
        raise NotImplementedError


def train(trial):
    X, y = trial.data.X_train, trial.data.y_train
    row = X[X.city.str.startswith("Zarquon")].iloc[0]
    print(X.to_string())
    print(dict(row))
    print(f"API_TOKEN={os.environ['API_TOKEN']} and once more {os.environ['API_TOKEN']}")
    if trial.params["bad"]:
        raise KeyError(row.city)
    model = DummyClassifier().fit([[0]] * len(y), y)
    trial.save(model)
    return {"accuracy": 0.5}
""".replace("SECRET", PASSWORD)


def rows():
    for i in range(120):
        odd = i % 9 == 0
        city, amount = (CITY, AMOUNT) if odd else (f"town {i % 4}", f"{i}.5")
        yield f"{city},{amount},{DROPPED if odd else i},{HASHED if odd else i % 5},{'yn'[i % 2]}"


@pytest.fixture(scope="module")
def root(tmp_path_factory, template):
    """Two sweeps, of estimators and of a function, to their ends; what is done with versions."""
    folder = tmp_path_factory.mktemp("canary")
    root = folder / "sweeps"
    root.mkdir()
    shutil.copy(template, root / "mlflow.db")
    (folder / "rows.csv").write_text("\n".join(["city,amount,name,person,kind", *rows()]) + "\n")
    (folder / "canary_code.py").write_text(CODE)
    (folder / "canary.yaml").write_text(MODELS)
    (folder / "own.yaml").write_text(FUNCTION)
    remote = f"https://me:{PASSWORD}@example.org/canary.git"
    for words in (["init", "-q"], ["remote", "add", "origin", remote]):
        subprocess.run(["git", *words], cwd=folder, check=True)
    subprocess.run(
        ["git", "-c", "user.name=me", "-c", "user.email=me@example.org", "commit", "-q",
         "--allow-empty", "-m", "nothing"],
        cwd=folder,
        check=True,
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patched:
        run = worker.run
        patched.setattr(worker, "run", lambda *given, capture: run(*given, capture=True))
        patched.setenv(KEY, "long and secret")
        patched.setenv("API_TOKEN", TOKEN)
        for name in ("canary", "own"):
            ended = app.launch(folder / f"{name}.yaml", root=root, inline=True)
            assert ended.exit_code == 0, ended.state.reason
        app.verify(root, "canary")
        app.reproduce(root, "canary", inline=True)
        app.compare(root, ("canary", None), ("own", None))
    return root


def contents(root):
    """(path, bytes) of every file, and of what is packed in one."""
    for path in root.rglob("*"):
        if not path.is_file():
            continue
        content = path.read_bytes()
        yield path, content
        if content[:2] == b"\x1f\x8b":
            yield path, gzip.decompress(content)
        if zipfile.is_zipfile(BytesIO(content)):
            with zipfile.ZipFile(BytesIO(content)) as packed:
                yield from ((path, packed.read(name)) for name in packed.namelist())


def found(root, *needles):
    """Files that have one of these."""
    return sorted({str(p) for p, content in contents(root) for n in needles if n in content})


def test_what_was_planted_was_really_there(root):
    assert any(CITY.encode() in path.read_bytes() for path in root.rglob("model.pkl"))
    logs = [path.read_text() for path in (root / "canary" / "logs").rglob("*.log")]
    assert any("ValueError: cannot use '<not shown>' with <not shown> at" in log for log in logs)
    assert any("a row: <not shown> <not shown>" in log for log in logs)


def test_a_value_of_a_feature_is_in_no_file_but_a_model_s(root):
    number = struct.pack("<d", float(AMOUNT))
    wrong = found(root, CITY.encode(), AMOUNT.encode(), number)
    assert [path for path in wrong if not path.endswith("model.pkl")] == []


def test_dropped_and_hashed_values_are_in_no_file_at_all(root):
    assert found(root, DROPPED.encode(), HASHED.encode()) == []


def test_a_key_a_password_and_a_token_are_in_no_file(root):
    assert found(root, b"long and secret", PASSWORD.encode(), TOKEN.encode()) == []


def test_the_names_of_hashed_columns_are_in_the_lineage(root):
    told = app.registry(root).lineage(app.registry(root).show("canary"))
    assert "hash: [person]" in told["config"]["text"]
    assert told["environment"]["git"]["remote"] == "https://***@example.org/canary.git"
    assert ["person", "categorical"] in told["data"]["schema"]
