"""What counts as a metric's value."""

from __future__ import annotations

import math
from typing import Any


class InvalidMetric(Exception):
    """A metric is missing or not a finite real number; the message names it and what it was."""


def finite(name: str, value: Any) -> float:
    """`value` as a float. InvalidMetric unless it is a real, finite number."""
    import numpy as np

    if isinstance(value, bool | np.bool_) or not isinstance(
        value, int | float | np.integer | np.floating
    ):
        raise InvalidMetric(f"metric {name!r} must be a number, found {_described(value)}")
    try:
        number = float(value)
    except OverflowError:
        raise InvalidMetric(f"metric {name!r} is an integer too large for a float") from None
    if not math.isfinite(number):
        raise InvalidMetric(f"metric {name!r} must be finite, found {number}")
    return number


def _described(value: Any) -> str:
    """The kind of thing found, without its content."""
    if value is None or isinstance(value, bool):
        return str(value)
    shape = getattr(value, "shape", None)
    kind = type(value).__name__
    if isinstance(shape, tuple):
        return f"{kind} of shape {tuple(shape)}"
    return f"a {kind}"
