"""Which of a run's reports the controller hears of: the others cost it nothing."""

from __future__ import annotations

import bisect
from collections.abc import Mapping, Sequence


class Sieve:
    """Of `metric`, the first report at or after each of the steps, which ascend."""

    def __init__(self, metric: str, steps: Sequence[int]) -> None:
        self._metric, self._steps = metric, steps
        self._passed = 0

    def heard(self, step: int, metrics: Mapping[str, float]) -> float | None:
        """The metric's value, if this report is one of them."""
        passed = bisect.bisect_right(self._steps, step)
        if passed <= self._passed or self._metric not in metrics:
            return None
        self._passed = passed
        return metrics[self._metric]
