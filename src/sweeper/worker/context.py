"""What a user's training function is given: `train(trial)`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sweeper.ports import Channel
from sweeper.worker.values import InvalidMetric, described, finite, named, usable_name

MOST_STEP = 2**63 - 1
"""What MLflow and a database can hold."""


@dataclass(frozen=True, slots=True)
class TrialData:
    """This fold's rows. Where the source is no table `dataset` is what it returned, the rows
    are None, and the indices say which items are for training and which for validation.
    """

    train_indices: Any
    valid_indices: Any
    X_train: Any = None
    y_train: Any = None
    X_valid: Any = None
    y_valid: Any = None
    weights_train: Any = None
    weights_valid: Any = None
    dataset: Any = None


class TrialContext:
    """One run of a training function: its parameters, its rows, its way to report.

    `params`: the trial's parameters by their own names, objects built. `data`: a TrialData,
    None for a sweep without data. `seed` is the run's own.
    """

    def __init__(
        self, params: dict[str, Any], data: TrialData | None, seed: int, channel: Channel
    ) -> None:
        self.params = params
        self.data = data
        self.seed = seed
        self.rank = 0
        self.world_size = 1
        self.curve: list[tuple[int, dict[str, float]]] = []
        self.saved: list[Any] = []
        self.stopped = False
        self._channel = channel

    @property
    def device(self) -> str:
        """ "cuda" when torch is in use and has a GPU, else "cpu"."""
        torch = sys.modules.get("torch")
        return "cuda" if torch is not None and torch.cuda.is_available() else "cpu"

    def epochs(self, count: int) -> Iterator[int]:
        """0, 1, … count - 1; ends early once this run has been told to stop."""
        for step in range(count):
            if self.stopped:
                return
            yield step

    steps = epochs

    def report(self, step: int, **metrics: Any) -> bool:
        """Add a point to the learning curve. True means: this run is no longer wanted.

        InvalidMetric for a value that is not a finite number, or a step that is no whole one.
        """
        at = _step(step)
        values = {_name(name): finite(name, value) for name, value in metrics.items()}
        self.curve.append((at, values))
        self.stopped = bool(self._channel.report(at, values)) or self.stopped
        return self.stopped

    def save(self, model: Any) -> None:
        """Keep `model` as what this trial has to show; the last one saved counts."""
        self.saved[:] = [model]

    def log(self, *words: Any) -> None:
        """Write a line to this run's log."""
        print(*words, flush=True)


def _step(step: Any) -> int:
    try:
        at = int(step)
    except (TypeError, ValueError, OverflowError):
        raise InvalidMetric(
            f"the step of a report must be a whole number, {described(step)}"
        ) from None
    if abs(at) > MOST_STEP:
        raise InvalidMetric("the step of a report must fit into 64 bits")
    return at


def _name(name: str) -> str:
    if not usable_name(name):
        raise InvalidMetric(f"the metric name {named(name)} is too long or not printable")
    return name
