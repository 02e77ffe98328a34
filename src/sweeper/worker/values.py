"""What counts as a metric's value."""

from __future__ import annotations

import math
from typing import Any

LONGEST_NAME = 250


class InvalidMetric(Exception):
    """A metric is missing or not a finite real number; the message names it and what it was."""


def finite(name: str, value: Any) -> float:
    """`value` as a float. InvalidMetric unless it is a real, finite number.

    A Python or numpy number; neither a boolean nor an array or a tensor, whatever it holds.
    """
    import numpy as np

    if isinstance(value, bool | np.bool_) or not isinstance(
        value, int | float | np.integer | np.floating
    ):
        raise InvalidMetric(f"metric {named(name)} must be a finite number, {described(value)}")
    try:
        number = float(value)
    except OverflowError:
        raise InvalidMetric(
            f"metric {named(name)} must be a finite number, found an integer too large for a float"
        ) from None
    if not math.isfinite(number):
        kind = type(value).__name__
        raise InvalidMetric(f"metric {named(name)} must be finite, found {number} (a {kind})")
    return number


def usable_name(name: Any) -> bool:
    """A metric's name is text of 1 to LONGEST_NAME printable characters."""
    return isinstance(name, str) and 0 < len(name) <= LONGEST_NAME and name.isprintable()


def named(name: Any) -> str:
    """A metric's name for a message, whatever it is."""
    if not isinstance(name, str):
        return f"(its name is a {type(name).__name__})"
    return repr(name if len(name) <= 60 else name[:60] + "…")


def described(value: Any) -> str:
    """The kind of thing found, without its content, and what to do about it."""
    import numpy as np

    if value is None:
        return "found None"
    if isinstance(value, bool | np.bool_):
        return f"found {value} (a bool): return 1.0 or 0.0 if that is meant"
    if isinstance(value, dict):
        return "found a dict: metrics are not nested"
    kind, shape = type(value).__name__, getattr(value, "shape", None)
    if not isinstance(shape, tuple) or isinstance(value, np.generic):
        return f"found a {kind}"
    one = ": return its .item()" if math.prod(shape) == 1 else ""
    return f"found a {kind} of shape {tuple(shape)}{one}"
