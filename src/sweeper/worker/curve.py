"""A learning curve of bounded length."""

from __future__ import annotations

from collections.abc import Sequence

Curve = tuple[tuple[int, dict[str, float]], ...]

MOST = 1000


def thinned(points: Sequence[tuple[int, dict[str, float]]]) -> Curve:
    """At most MOST of the points, evenly spread, the first and the last among them."""
    if len(points) <= MOST:
        return tuple(points)
    last = len(points) - 1
    return tuple(points[i * last // (MOST - 1)] for i in range(MOST))
