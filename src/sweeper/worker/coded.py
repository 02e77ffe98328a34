"""A fitted model's predictions on some rows, worked out once, as scikit-learn's scorers ask."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.metaestimators import available_if


def model_has(name: str) -> Any:
    return lambda self: hasattr(self.model, name)


class KnownRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Stands in for `model`: whatever rows a scorer passes, the answer is for `X`."""

    def __init__(self, model: Any, X: Any) -> None:
        self.model = model
        self.X = X

    @cached_property
    def values(self) -> Any:
        return self.model.predict(self.X)

    def predict(self, X: Any) -> Any:
        return self.values


class CodedClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """The same for a classifier, in codes: class i of `labels` is the integer i.

    With the positive class last of two, every binary scorer takes 1 as positive, whatever
    the labels are. Classes that the model never saw have probability 0.
    """

    def __init__(self, model: Any, X: Any, labels: tuple[Any, ...]) -> None:
        self.model = model
        self.X = X
        self.labels = labels

    @property
    def classes_(self) -> Any:
        return np.arange(len(self.labels))

    def codes(self, y: Any) -> Any:
        """Labels as codes. ValueError when `y` holds something that is no class."""
        place = {label: code for code, label in enumerate(self.labels)}
        codes = np.array([place.get(label, -1) for label in np.asarray(y).reshape(-1).tolist()])
        if (codes < 0).any():
            raise ValueError(
                f"{int((codes < 0).sum())} of {len(codes)} predictions are none of the "
                f"{len(self.labels)} classes of the target"
            )
        return codes

    @cached_property
    def values(self) -> Any:
        """Predicted labels, as the model gives them."""
        return self.model.predict(self.X)

    @cached_property
    def _codes(self) -> Any:
        return self.codes(self.values)

    @cached_property
    def _probabilities(self) -> Any:
        return self._columns(self.model.predict_proba(self.X), 0.0)

    @cached_property
    def _decisions(self) -> Any:
        values = np.asarray(self.model.decision_function(self.X))
        if values.ndim == 1:
            return values if self._places()[-1] == len(self.labels) - 1 else -values
        return self._columns(values, values.min() - 1.0)

    def predict(self, X: Any) -> Any:
        return self._codes

    @available_if(model_has("predict_proba"))  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any) -> Any:
        return self._probabilities

    @available_if(model_has("decision_function"))  # type: ignore[untyped-decorator]
    def decision_function(self, X: Any) -> Any:
        return self._decisions

    def _places(self) -> Any:
        """For each of the model's own classes, its place among `labels`."""
        known = getattr(self.model, "classes_", None)
        return self.codes(sorted(self.labels) if known is None else known)

    def _columns(self, values: Any, absent: float) -> Any:
        """One column for each of `labels`, in their order."""
        values = np.asarray(values)
        columns = np.full((len(values), len(self.labels)), absent, dtype=float)
        columns[:, self._places()] = values
        return columns
