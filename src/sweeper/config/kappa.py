"""Agreement beyond chance, which scikit-learn has as functions but not as scorers."""

from __future__ import annotations

from typing import Any


def kappa(y_true: Any, y_pred: Any) -> float:
    """Cohen's kappa; 1 is full agreement, 0 is chance."""
    from sklearn.metrics import cohen_kappa_score

    return float(cohen_kappa_score(y_true, y_pred))


def quadratic_weighted_kappa(y_true: Any, y_pred: Any) -> float:
    """Cohen's kappa for ordered classes: errors count by the square of their distance."""
    from sklearn.metrics import cohen_kappa_score

    return float(cohen_kappa_score(y_true, y_pred, weights="quadratic"))
