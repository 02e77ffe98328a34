"""95 % percentile-bootstrap intervals as plain JSON figures."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Figure = dict[str, Any]
"""`{"value", "low", "high"}`, floats or None; and `note` where something must be said."""

CONFIDENCE = 0.95
TAILS = (50 * (1 - CONFIDENCE), 50 * (1 + CONFIDENCE))  # percentiles


def figure(value: float, replicates: Array) -> Figure:
    """A value with its interval. Undefined resamples (NaN) are left out, and that is said."""
    if not math.isfinite(value):
        return {"value": None, "low": None, "high": None, "note": "undefined on these rows"}
    defined = replicates[np.isfinite(replicates)]
    if not len(defined):
        return {"value": value, "low": None, "high": None, "note": "undefined on every resample"}
    low, high = (float(bound) for bound in np.percentile(defined, TAILS))
    found: Figure = {"value": value, "low": low, "high": high}
    left_out = len(replicates) - len(defined)
    if left_out:
        found["note"] = f"undefined on {left_out} of {len(replicates)} resamples, left out"
    return found


def figures(values: dict[str, float], replicates: dict[str, Array]) -> dict[str, Figure]:
    """A figure for every metric in `values`."""
    return {name: figure(value, replicates[name]) for name, value in values.items()}
