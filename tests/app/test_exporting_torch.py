from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sweeper import app
from sweeper.ports import SweeperError

pytestmark = pytest.mark.slow

CONFIGS = Path(__file__).parents[2] / "configs"
FILES = ("module.yaml", "small_net.py", "data")

NEEDED = {
    "safetensors": ("safetensors", "skops"),
    "pt2": ("skops",),
    "onnx": ("onnxscript", "skl2onnx", "onnxruntime"),
}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A module named in a config, behind prepared columns."""
    pytest.importorskip("torch")
    folder = tmp_path_factory.mktemp("torch")
    for name in FILES:
        copy = shutil.copytree if (CONFIGS / name).is_dir() else shutil.copyfile
        copy(CONFIGS / name, folder / name)
    overrides = ("budget.trials=1", "cv=2", "train.epochs=2")
    root = folder / "sweeps"
    ended = app.launch(folder / "module.yaml", overrides=overrides, root=root, inline=True)
    assert ended.exit_code == 0, ended.state.reason
    return root


@pytest.mark.parametrize("format", NEEDED)
def test_a_module_answers_in_each_format_as_the_registered_one(root, tmp_path, format):
    for module in NEEDED[format]:
        pytest.importorskip(module)
    made = app.export(root, "module", None, tmp_path / format, format=format)
    assert (made.format, made.parity["equal"], made.parity["labels_differ"]) == (format, True, 0)
    assert ("code/small_net.py" in made.files) == (format != "onnx")


def test_weights_and_the_modules_source_are_what_is_written_without_a_format(root, tmp_path):
    for module in NEEDED["safetensors"]:
        pytest.importorskip(module)
    made = app.export(root, "module", None, tmp_path / "made")
    assert made.format == "safetensors"
    assert {"model.safetensors", "prepare.skops", "code/small_net.py"} <= set(made.files)


def test_skops_is_refused_for_a_module_and_says_what_holds_it(root, tmp_path):
    with pytest.raises(SweeperError, match="--format safetensors, or --format pt2"):
        app.export(root, "module", None, tmp_path / "made", format="skops")
