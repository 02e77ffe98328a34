"""Fitted scikit-learn objects as skops files: nothing in them is run when they are read.

A skops file names types, and reading makes objects of those that it is told to trust. What
skops itself does not trust and is listed here are the private parts of scikit-learn's fitted
estimators, and our own transforms, whose code goes with the package.
"""

from __future__ import annotations

import json
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

from sweeper.worker.packaging.unexportable import Unexportable, needed, reason

TRANSFORMS = "sweeper_transforms"
"""The module that our transforms are in a package; nothing of the name `sweeper` is there."""

HERE = "sweeper.worker.transforms"

OURS = tuple(
    f"{TRANSFORMS}.{name}"
    for name in ("DateParts", "EncodedLabels", "MedianFilled", "Trained", "as_strings", "as_text")
)

TRUSTED = (
    *OURS,
    "numpy.dtype",
    "scipy.interpolate._bsplines.BSpline",
    "sklearn._loss.loss.HalfTweedieLossIdentity",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.feature_selection._univariate_selection.f_classif",
    "sklearn.feature_selection._univariate_selection.f_regression",
    "sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace",
    "sklearn.gaussian_process.kernels.ConstantKernel",
    "sklearn.gaussian_process.kernels.Product",
    "sklearn.gaussian_process.kernels.RBF",
    "sklearn.metrics._dist_metrics.EuclideanDistance64",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    "sklearn.tree._tree.Tree",
)
"""A file is checked by its package's manifest before it is read: a tree that was tampered with
would not be."""


def write(fitted: Any, path: Path) -> list[str]:
    """Write it; the types that a reader has to trust. Unexportable names those that are not
    listed above, or what skops cannot hold."""
    skops = needed("skops.io")
    try:
        content = _moved(skops.dumps(fitted))
        found = sorted(skops.get_untrusted_types(data=content))
    except Exception as error:  # it meets whatever the model is made of
        raise Unexportable(
            f"skops cannot hold this model: {reason(error)}. --allow-pickle exports it as it is"
        ) from error
    strange = [name for name in found if name not in TRUSTED]
    if strange:
        raise Unexportable(
            f"the model holds {', '.join(strange)}: no type that this export knows to be safe to "
            "read. If you trust whoever wrote it, --allow-pickle exports the model as it is"
        )
    path.write_bytes(content)
    return found


def _moved(content: bytes) -> bytes:
    """The file with our transforms named as the module that the package has them in."""
    moved = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as before, zipfile.ZipFile(moved, "w") as after:
        for name in before.namelist():
            part = before.read(name)
            if name == "schema.json":
                part = json.dumps(_renamed(json.loads(part))).encode()
            after.writestr(name, part)
    return moved.getvalue()


def _renamed(node: Any) -> Any:
    """Modules stand under `__module__`, functions' under `module_path` as well."""
    if isinstance(node, list):
        return [_renamed(each) for each in node]
    if not isinstance(node, dict):
        return node
    return {
        key: TRANSFORMS
        if value == HERE and key in ("__module__", "module_path")
        else _renamed(value)
        for key, value in node.items()
    }
