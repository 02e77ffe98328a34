"""Taking some of the rows of whatever X, y and weights are, and passing weights on."""

from __future__ import annotations

from typing import Any


def take(values: Any, indices: Any) -> Any:
    """A copy of the rows `indices` of a DataFrame, Series, array or sparse matrix; None stays."""
    if values is None:
        return None
    return values.iloc[indices] if hasattr(values, "iloc") else values[indices]


def every(values: Any, first: int, stride: int) -> Any:
    """Every `stride`-th row from `first` on: of an array a view; None stays."""
    if values is None:
        return None
    return values.iloc[first::stride] if hasattr(values, "iloc") else values[first::stride]


def tabular(X: Any) -> bool:
    """Whether X can be taken row-wise: else it is a dataset that user code indexes itself."""
    return X is not None and hasattr(X, "shape")


def weights_for(estimator: Any, weights: Any) -> dict[str, Any]:
    """The fit argument that carries the weights to a model, or to that of a Pipeline, where it
    takes any."""
    if weights is None:
        return {}
    from sklearn.pipeline import Pipeline
    from sklearn.utils.validation import has_fit_parameter

    piped = isinstance(estimator, Pipeline)
    name, model = estimator.steps[-1] if piped else ("", estimator)
    if has_fit_parameter(model, "sample_weight"):
        return {f"{name}__sample_weight" if piped else "sample_weight": weights}
    print(f"{type(model).__name__}.fit takes no sample_weight: trained without weights")
    return {}
