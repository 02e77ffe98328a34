"""A model's answers on the holdout, asked once and played back for any of its rows."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np

from sweeper.ports import SweeperError

Array = np.ndarray[Any, Any]


class Replay:
    """Stands in for the model that gave the answers: its `X` is an array of row numbers.

    Has `predict_proba`, `decision_function` and `classes_` only where the model has them
    with one column a class.
    """

    def __init__(self, model: Any, X: Any, task: str) -> None:
        """Ask the model about X.

        Raises what the model raises, and SweeperError unless it gives one prediction per
        row, finite ones for a regression.
        """
        size = X.shape[0] if hasattr(X, "shape") else len(X)  # a sparse matrix has no len
        answers = _one_per_row(model.predict(X), size, task)
        self.predict = answers.__getitem__
        self._answers = {"predict": answers}
        self.rows = np.arange(size)
        if task == "classification" and hasattr(model, "classes_"):
            self.classes_ = np.asarray(model.classes_)
            for method in ("predict_proba", "decision_function"):
                self._keep(method, model, X)

    def _keep(self, method: str, model: Any, X: Any) -> None:
        if not hasattr(model, method):
            return
        values = np.asarray(getattr(model, method)(X), dtype=float)
        classes = len(self.classes_)
        if values.shape[1:] == (classes,) or (classes == 2 and values.ndim == 1):
            setattr(self, method, values.__getitem__)
            self._answers[method] = values

    def digest(self) -> str:
        """SHA-256 of all the answers in the order of the rows: the same to the last bit, or not."""
        state = hashlib.sha256()
        for method, values in sorted(self._answers.items()):
            numeric = values.dtype.kind in "fiu"
            content = (
                values.astype("<f8").tobytes()
                if numeric
                else json.dumps([str(value) for value in values]).encode()
            )
            state.update(f"{method} {values.shape} ".encode() + content)
        return state.hexdigest()


def _one_per_row(given: Any, rows: int, task: str) -> Array:
    predicted = np.asarray(given)
    if predicted.shape == (rows, 1):
        predicted = predicted[:, 0]
    if predicted.shape != (rows,):
        raise SweeperError(
            f"the model's predictions have the shape {predicted.shape}; expected one for each of "
            f"the {rows} holdout rows: make `predict` return a one-dimensional array"
        )
    if task != "regression":
        return predicted
    predicted = predicted.astype(float)
    bad = int((~np.isfinite(predicted)).sum())
    if bad:
        raise SweeperError(f"{bad} of the model's {rows} predictions on the holdout are not finite")
    return predicted
