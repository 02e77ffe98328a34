"""Taking some of the rows of whatever X, y and weights are."""

from __future__ import annotations

from typing import Any


def take(values: Any, indices: Any) -> Any:
    """A copy of the rows `indices` of a DataFrame, Series, array or sparse matrix; None stays."""
    if values is None:
        return None
    return values.iloc[indices] if hasattr(values, "iloc") else values[indices]


def tabular(X: Any) -> bool:
    """Whether X can be taken row-wise: else it is a dataset that user code indexes itself."""
    return X is not None and hasattr(X, "shape")
