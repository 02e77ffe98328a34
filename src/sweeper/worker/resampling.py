"""Resamples of the holdout: whole units are drawn with replacement, the same ones every time.

A unit is what may be taken as independent: a row, a group, or a block of time. Two models
that are measured on the same `Resampling` are measured on the same draws, which is what
makes a paired comparison of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from sweeper.ports import Rows

Array = np.ndarray[Any, Any]

MOST = 1_000
LEAST = 100
WORK = 100_000_000  # weights to go through per model; beyond it there are fewer resamples
CHUNK = 300_000  # weights held at once: what a processor keeps near


@dataclass(frozen=True, slots=True)
class Resampling:
    """`member[i]` is the unit of row i, 0 to `units` - 1; `weights` are sample weights.

    A single unit cannot be resampled: `resamples` is then 0.
    """

    unit: str  # rows | groups | blocks of time
    member: Array
    units: int
    weights: Array
    resamples: int
    seed: int

    def __len__(self) -> int:
        return len(self.member)

    @property
    def weighted(self) -> bool:
        return bool((self.weights != 1).any())

    def whole(self) -> Array:
        """The holdout itself as a draw: its weights, shape (rows, 1)."""
        return self.weights[:, None]

    def counts(self) -> Iterator[Array]:
        """Arrays (rows, r) of how often each row is drawn; `resamples` columns in all.

        There is always at least one array, be it without columns.
        """
        draw = np.random.default_rng(self.seed)
        chunk = max(1, CHUNK // len(self))
        for start in range(0, max(1, self.resamples), chunk):
            size = min(chunk, self.resamples - start)
            picked = draw.integers(self.units, size=(size, self.units))
            cells = picked * size + np.arange(size)[:, None]
            counts = np.bincount(cells.ravel(), minlength=self.units * size)
            yield counts.reshape(self.units, size)[self.member]

    def draws(self) -> Iterator[Array]:
        """The same draws as sample weights, shape (rows, r)."""
        for counts in self.counts():
            yield counts * self.weights[:, None]


def resampling(rows: Rows, seed: int, columns: int = 1) -> Resampling:
    """How to resample these rows: by groups if they have groups, else by time, else by row.

    `columns` says how much work a row is (the number of classes), and so how many resamples
    are affordable.
    """
    size = len(rows.y)
    unit, member = _units(rows, size)
    weights = np.ones(size) if rows.weights is None else np.asarray(rows.weights, dtype=float)
    units = int(member.max()) + 1
    affordable = max(LEAST, min(MOST, WORK // (size * columns)))
    return Resampling(unit, member, units, weights, affordable if units > 1 else 0, seed)


def _units(rows: Rows, size: int) -> tuple[str, Array]:
    if rows.groups is not None:
        return "groups", _codes(rows.groups)
    if rows.time is not None:
        return "blocks of time", time_blocks(rows.time)
    return "rows", np.arange(size)


def time_blocks(time: Any) -> Array:
    """About √n consecutive stretches of √n rows each; rows of one moment stay together."""
    moments = _codes(time, sort=True)
    size = len(moments)
    blocks = max(1, round(size**0.5))
    earlier = np.concatenate([[0], np.cumsum(np.bincount(moments))])[moments]
    return _codes(earlier * blocks // size, sort=True)


def _codes(values: Any, sort: bool = False) -> Array:
    codes, _ = pd.factorize(np.asarray(values), sort=sort, use_na_sentinel=False)
    return np.asarray(codes)
