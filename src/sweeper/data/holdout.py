"""Which rows are the holdout: decided by what the rows say, never by seed or order.

- Rows of the same content, the same `data.id`, or the same group are a *unit* and stay
  together. The content of a row is all columns of the source, whatever their roles (so that
  sweeps with different features share the holdout), except identifiers (see `types`).
- Units are ranked by a hash, in each class apart (a unit of several classes counts to its
  commonest), and taken in this order until the fraction is reached as nearly as whole units
  allow. Ranks, not thresholds: every class gives its share even when it is rare; appended
  rows move the few units near the cut, no others.
- With `data.time` it is the last rows: the cut is between two different times, nearest to
  the fraction. Time goes before groups.
- A class with one unit stays in training. When all units are too large, the smallest is taken.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sweeper.core.specs import HoldoutSpec
from sweeper.data.problems import SHOWN, invalid, listed

KEY = "data.holdout"


def by_units(units: Any, strata: Any, fraction: float) -> Any:
    """Boolean mask of the holdout rows. `units`: uint64 hash per row; `strata`: class codes."""
    unique, inverse, sizes = np.unique(units, return_inverse=True, return_counts=True)
    width = int(strata.max()) + 1
    table = np.bincount(inverse * width + strata, minlength=len(unique) * width)
    stratum = table.reshape(len(unique), width).argmax(axis=1)
    chosen = np.zeros(len(unique), dtype=bool)
    for number in range(width):
        members = np.flatnonzero(stratum == number)
        chosen[members] = _fill(sizes[members], fraction)
    if not chosen.any():
        chosen[_smallest(sizes, stratum)] = True
    return chosen[inverse]


def _smallest(sizes: Any, stratum: Any) -> int:
    """When every unit is large: the smallest that leaves its class another one to train on."""
    spare = np.flatnonzero(np.bincount(stratum)[stratum] > 1)
    if len(spare) == 0:
        raise invalid(
            KEY,
            "no row can be held back: in each class all belong together (same content, id or "
            "group); give a file or a column as holdout, or say none",
        )
    return int(spare[np.argmin(sizes[spare])])


def _fill(sizes: Any, fraction: float) -> Any:
    """Which units, in the given order, make up the fraction; never all of them."""
    wanted, taken = fraction * sizes.sum(), 0
    chosen = np.zeros(len(sizes), dtype=bool)
    for i, size in enumerate(sizes[:-1]):
        if wanted - taken < 0.5:
            break
        if taken + size / 2 <= wanted:  # closer to the fraction with it than without
            chosen[i] = True
            taken += size
    return chosen


def by_time(time: Any, fraction: float) -> Any:
    """Boolean mask of the rows with the latest times."""
    times, counts = np.unique(time, return_counts=True)
    if len(times) < 2:
        raise invalid(KEY, "data.time is the same in all rows: there are no last ones")
    after = len(time) - np.cumsum(counts)[:-1]  # rows later than times[i]
    cut = int(np.argmin(np.abs(after - fraction * len(time))))
    return time > times[cut]


def by_column(values: pd.Series, spec: HoldoutSpec) -> Any:
    """Boolean mask of the rows whose column says so. Compared as text: 1, 1.0 and '1' agree."""
    texts = values.map(_text)
    mask = (texts == _text(spec.value)).to_numpy(dtype=bool)
    if not mask.any():
        found = sorted(texts.unique())
        there = (
            f"there are: {listed(found)}" if len(found) <= SHOWN else f"it has {len(found)} values"
        )
        raise invalid(KEY, f"no row has {spec.value!r} in '{spec.column}'; {there}")
    if mask.all():
        raise invalid(
            KEY, f"every row has {spec.value!r} in '{spec.column}': none left to train on"
        )
    return mask


def _text(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()
