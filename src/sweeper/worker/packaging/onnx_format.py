"""Fitted scikit-learn pipelines as ONNX, as far as skl2onnx has converters for them."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from sweeper.core.space import Value
from sweeper.ports import Job
from sweeper.worker.packaging.unexportable import Unexportable, needed, reason

OPSET = 20

AS_THEY_ARE = ("as_strings", "as_text")
"""Our functions that a package's loader stands in for: strings come without gaps."""


def write(model: Any, path: Path, X: Any, job: Job) -> dict[str, Value]:
    """Write it; what its loader needs to know. Unexportable says what has no converter."""
    converted, facts = converted_to_onnx(model, X, job)
    path.write_bytes(converted.SerializeToString())
    shares = hasattr(model, "predict_proba")
    return facts | {"logits": False, "classes": classes(model), "probabilities": shares}


def classes(model: Any) -> list[Value] | None:
    found = getattr(model, "classes_", None)
    return None if found is None else list(np.asarray(found).tolist())


def converted_to_onnx(model: Any, X: Any, job: Job) -> tuple[Any, dict[str, Value]]:
    skl2onnx = needed("skl2onnx")
    by_column = hasattr(X, "columns") and _selects(model)
    fitted = _prepared(model)
    classifier = hasattr(model, "predict_proba")
    try:
        converted = skl2onnx.convert_sklearn(
            fitted,
            initial_types=_inputs(job, X, by_column),
            options={id(fitted): {"zipmap": False}} if classifier else None,
            target_opset={"": OPSET, "ai.onnx.ml": 3},
        )
    except Exception as error:  # converters meet whatever the model is made of
        raise Unexportable(
            f"there is no converter to ONNX for the whole of this model: {reason(error)}. Export "
            "it in its own format: leave out --format"
        ) from error
    text = [c.name for c in job.columns if c.kind == "text"]
    categories = [c.name for c in job.columns if c.kind == "categorical"]
    return converted, {"by_column": by_column, "text": text, "categories": categories}


def _selects(model: Any) -> bool:
    """Whether it takes a table's columns by name."""
    from sklearn.compose import ColumnTransformer

    first = model.steps[0][1] if hasattr(model, "steps") else model
    return isinstance(first, ColumnTransformer)


def _inputs(job: Job, X: Any, by_column: bool) -> list[tuple[str, Any]]:
    types = needed("skl2onnx.common.data_types")
    if not by_column:
        return [("X", types.FloatTensorType([None, X.shape[1]]))]
    text = ("categorical", "text")
    kinds = {True: types.StringTensorType, False: types.FloatTensorType}
    return [(c.name, kinds[c.kind in text]([None, 1])) for c in job.columns]


def _prepared(model: Any) -> Any:
    """A copy in which our transforms are such as can be converted."""
    fitted = copy.deepcopy(model)
    for step in _steps(fitted):
        if getattr(getattr(step, "func", None), "__name__", "") in AS_THEY_ARE:
            step.func = None
        elif type(step).__name__ == "MedianFilled":
            _register(type(step))
    return fitted


def _steps(fitted: Any) -> Iterator[Any]:
    """It and all that it is made of."""
    yield fitted
    for _, step in getattr(fitted, "steps", ()):
        yield from _steps(step)
    for _, step, _ in getattr(fitted, "transformers_", ()):
        yield from _steps(step)


def _register(kind: type) -> None:
    needed("skl2onnx").update_registered_converter(
        kind, f"Sweeper{kind.__name__}", _median_shape, _median_converter
    )


def _median_shape(operator: Any) -> None:
    types = needed("skl2onnx.common.data_types")
    fitted = operator.raw_operator
    width = len(fitted.medians_) + len(fitted.gapped_)
    operator.outputs[0].type = types.FloatTensorType([None, width])


def _median_converter(scope: Any, operator: Any, container: Any) -> None:
    """Gaps filled with the median, and for each column that had some, where they are."""
    ops = needed("skl2onnx.algebra.onnx_ops")
    fitted, rows = operator.raw_operator, operator.inputs[0]
    version = container.target_opset
    medians = np.asarray(fitted.medians_, dtype=np.float32).reshape(1, -1)
    gaps = ops.OnnxIsNaN(rows, op_version=version)
    filled = ops.OnnxWhere(gaps, medians, rows, op_version=version)
    if not len(fitted.gapped_):
        done = ops.OnnxIdentity(filled, op_version=version, output_names=operator.outputs[:1])
    else:
        numbers = ops.OnnxCast(gaps, to=1, op_version=version)
        where = np.asarray(fitted.gapped_, dtype=np.int64)
        told = ops.OnnxGather(numbers, where, axis=1, op_version=version)
        done = ops.OnnxConcat(
            filled, told, axis=1, op_version=version, output_names=operator.outputs[:1]
        )
    done.add_to(scope, container)
