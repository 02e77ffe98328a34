"""Packages, run by their own program in processes that cannot import sweeper."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from app.registered import make
from app.test_scoring import MIXED, mixed
from sweeper import app
from sweeper.app.versions.proving import WITHOUT_SWEEPER
from sweeper.cli.main import main
from sweeper.ports import SweeperError
from sweeper.worker.packaging import compared, differences
from sweeper.worker.packaging.skops_format import OURS

OWN = """
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin


class Signs(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return self.classes_[(np.asarray(X)[:, 0] > 0).astype(int)]
"""

REGRESSION = """
name: numbers
data: {source: numbers.csv, target: y}
cv: 3
metric: rmse
model: {estimator: sklearn.linear_model.Ridge, parameters: {alpha: 0.1}}
budget: {trials: 1}
tracking: none
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """Trees; all kinds of columns; an estimator of the user's own."""
    folder = tmp_path_factory.mktemp("exported")
    root = make(folder)
    mixed().to_csv(folder / "mixed.csv", index=False)
    (folder / "own_signs.py").write_text(OWN)
    launch(root, "mixed", MIXED)
    launch(
        root,
        "own",
        MIXED.replace("name: mixed", "name: own").replace(
            "{estimator: sklearn.linear_model.LogisticRegression, parameters: {max_iter: 500}}",
            "{estimator: own_signs.Signs}",
        ),
    )
    return root


@pytest.fixture(scope="module")
def convertible(root):
    """Beside those, what has a converter to ONNX: columns without dates, and a regression."""
    x = np.random.default_rng(0).normal(size=(90, 3))
    frame = pd.DataFrame(x, columns=["a", "b", "c"]).assign(y=10 + x @ [1.0, 2.0, 3.0])
    frame.to_csv(root.parent / "numbers.csv", index=False)
    dateless = MIXED.replace("name: mixed", "name: dateless")
    launch(root, "dateless", dateless.replace("[note]", "[note, since]"))
    launch(root, "numbers", REGRESSION)
    return root


def launch(root, name, text):
    config = root.parent / f"{name}.yaml"
    config.write_text(text)
    ended = app.launch(config, root=root, inline=True)
    assert ended.exit_code == 0, ended.state.reason


def run(package, *arguments):
    call = [sys.executable, "-I", "-c", WITHOUT_SWEEPER, str(package / "predict.py")]
    return subprocess.run([*call, *map(str, arguments)], capture_output=True, text=True)


@pytest.fixture(scope="module")
def package(root, tmp_path_factory):
    pytest.importorskip("skops")
    return app.export(root, "mixed", None, tmp_path_factory.mktemp("made") / "mixed").folder


def test_a_package_answers_as_the_registered_model_where_sweeper_is_not(root, package):
    data = root.parent / "mixed.csv"
    done = run(package, data)
    assert done.returncode == 0, done.stderr
    assert done.stdout == app.predict(root, "mixed", None, data).csv()


def test_it_holds_what_it_needs_and_its_manifest_names_every_file(package):
    there = {p.relative_to(package).as_posix() for p in package.rglob("*") if p.is_file()}
    listed = set(json.loads((package / "manifest.json").read_text())["files"])
    assert there == listed | {"manifest.json"}
    assert listed >= {
        "model.skops",
        "package.json",
        "parity.json",
        "predict.py",
        "table.py",
        "requirements.txt",
        "Containerfile",
        "code/sweeper_transforms.py",
    }
    parity = json.loads((package / "parity.json").read_text())
    assert (parity["equal"], parity["labels_differ"], parity["of"]) == (True, 0, "holdout")
    pins = (package / "requirements.txt").read_text().splitlines()
    import sklearn

    assert f"scikit-learn=={sklearn.__version__}" in pins
    assert {"joblib", "scipy", "skops"} <= {pin.partition("==")[0] for pin in pins}
    assert not any("import sweeper\n" in p.read_text() for p in package.rglob("*.py"))


@pytest.mark.parametrize("name", ["model.skops", "predict.py", "code/sweeper_transforms.py"])
def test_a_package_that_was_changed_does_not_run(package, tmp_path, name):
    copy = shutil.copytree(package, tmp_path / "copy")
    with (copy / name).open("ab") as file:
        file.write(b"\n")
    done = run(copy, "whatever.csv")
    assert done.returncode == 1
    assert done.stderr.strip() == f"this package is not as it was exported: {name} has been changed"


def test_a_package_tells_what_does_not_fit_and_exits_2(package, tmp_path):
    (tmp_path / "rows.csv").write_text("age,member\nold,no\n")
    done = run(package, tmp_path / "rows.csv")
    assert done.returncode == 2
    assert "column 'since' is missing" in done.stderr
    assert "row 1; the first is 'old'" in done.stderr


def test_a_type_that_is_not_listed_is_refused_by_name_and_nothing_is_written(root, tmp_path):
    pytest.importorskip("skops")
    with pytest.raises(SweeperError, match=r"own_signs\.Signs: no type that this export knows"):
        app.export(root, "own", None, tmp_path / "own")
    assert list(tmp_path.iterdir()) == []


def test_a_pickle_is_written_only_where_it_is_allowed_and_brings_the_users_code(root, tmp_path):
    made = app.export(root, "own", None, tmp_path / "own", allow_pickle=True)
    assert made.format == "pickle"
    assert "code/own_signs.py" in made.files
    data, out = root.parent / "mixed.csv", tmp_path / "answers.csv"
    assert run(made.folder, data, out).returncode == 0
    assert out.read_text() == app.predict(root, "own", None, data).csv()
    call = ["models", "export", "own", str(tmp_path / "x"), "--format", "skops", "--allow-pickle"]
    assert main(call) == 2


def test_a_pickle_that_the_manifest_does_not_cover_is_not_exported(root, tmp_path):
    shutil.copytree(root.parent, tmp_path / "copy")
    copy = tmp_path / "copy" / "sweeps"
    uri = f"sqlite:///{copy / 'mlflow.db'}"
    (model,) = [p for p in (root / "artifacts").rglob("model.pkl") if b"Signs" in p.read_bytes()]
    before = model.read_bytes()
    model.write_bytes(before + b"\n")
    try:
        with pytest.raises(SweeperError, match=r"model\.pkl has been changed"):
            app.export(copy, "own", None, tmp_path / "own", allow_pickle=True, uri=uri)
    finally:
        model.write_bytes(before)
    assert not (tmp_path / "own").exists()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["trees", "dateless", "numbers"])
def test_onnx_answers_as_the_registered_model(convertible, tmp_path, name):
    for module in ("skl2onnx", "onnxruntime"):
        pytest.importorskip(module)
    made = app.export(convertible, name, None, tmp_path / name, format="onnx")
    assert made.parity["equal"]
    assert not any(file.startswith("code/") for file in made.files)
    assert "scikit-learn" not in (made.folder / "requirements.txt").read_text()


def test_what_has_no_converter_is_refused_with_the_reason(root, tmp_path):
    pytest.importorskip("skl2onnx")
    with pytest.raises(SweeperError, match=r"no converter to ONNX .*DateParts"):
        app.export(root, "mixed", None, tmp_path / "mixed", format="onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_package_that_is_not_installed_is_said(root, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "skops.io", None)
    with pytest.raises(SweeperError, match=r"needs skops, .*pip install 'sweeper\[export\]'"):
        app.export(root, "trees", None, tmp_path / "trees")


def test_other_data_than_the_registered_is_refused(root, tmp_path):
    folder = tmp_path / "data"
    shutil.copytree(root.parent, folder, ignore=shutil.ignore_patterns("sweeps"))
    (folder / "table.csv").write_text((folder / "table.csv").read_text().replace("6,", "5,", 1))
    with pytest.raises(SweeperError, match="the digest of the data was"):
        app.export(root, "trees", None, tmp_path / "trees", folder=folder)


def test_a_folder_with_something_in_it_is_left_alone(root, tmp_path):
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(SweeperError, match="is there already"):
        app.export(root, "trees", None, tmp_path)
    assert os.listdir(tmp_path) == ["mine"]


def answered(*labels, share=0.5):
    return pd.DataFrame({"prediction": labels, "probability_a": share})


def test_one_label_that_differs_is_no_parity():
    report = compared(answered("a", "b"), answered("a", "a"), "classification")
    assert (report["equal"], report["labels_differ"]) == (False, 1)
    assert differences(report) == "1 of 2 labels differ"


def test_probabilities_beyond_the_tolerance_are_no_parity_and_nan_neither():
    for share in (0.502, np.nan):
        report = compared(answered("a"), answered("a", share=share), "classification")
        assert not report["equal"]
        assert "probabilities are off by up to" in differences(report)


def test_numbers_are_measured_by_the_spread_of_the_predictions():
    truth = pd.DataFrame({"prediction": [1e6, 1e6 + 1]})
    near, far = truth + 0.9e-4, truth + 1.2e-4
    assert compared(truth, near.astype(str), "regression")["equal"]
    assert not compared(truth, far.astype(str), "regression")["equal"]


def test_every_transform_that_is_listed_as_trusted_is_there():
    from sweeper.worker import transforms

    assert all(hasattr(transforms, name.rpartition(".")[2]) for name in OURS)
