"""What trials of the same fold have in common is fitted once in a process: preprocessing.

A transformer is fitted again only when it, what came before it, or its rows are others. What it
draws at random comes from the sweep's seed, not the trial's, so that whose fit was kept does not
show in any result.
"""

from __future__ import annotations

import hashlib
import pickle
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np

from sweeper.core.seeds import derive
from sweeper.ports import Job, Rows
from sweeper.worker.seeds import seed_all

MOST = 512 * 2**20
"""Bytes of prepared rows that a process keeps, where no `memory` is asked for."""

SHARE = 8
"""One part in so many of `memory` is for them, where it is."""


@dataclass(slots=True)
class _Kept:
    """Of one set of rows, the latest used last."""

    rows: Rows | None = None
    entries: OrderedDict[bytes, _Fitted] = field(default_factory=OrderedDict)
    size: int = 0

    def begin(self, rows: Rows) -> None:
        if rows is not self.rows:
            self.rows, self.size = rows, 0
            self.entries.clear()

    def find(self, key: bytes) -> _Fitted | None:
        if key not in self.entries:
            return None
        self.entries.move_to_end(key)
        return self.entries[key]

    def keep(self, key: bytes, fitted: _Fitted, most: int) -> None:
        if fitted.size > most:
            return
        self.entries[key] = fitted
        self.size += fitted.size
        while self.size > most:
            self.size -= self.entries.popitem(last=False)[1].size


@dataclass(frozen=True, slots=True)
class _Fitted:
    """`X`: what `transformer` made of its training rows, in `seconds`. `size`: in bytes."""

    X: Any
    transformer: Any
    seconds: float
    size: int


_kept = _Kept()


def shared_seed(job: Job) -> int:
    """For what is drawn in preprocessing: the same in all trials and folds."""
    return derive(job.spec.seed, "preprocess")


class Shared:
    """The fits of one fold run. Has what scikit-learn's Pipeline asks of its `memory`.

    `indices`: which rows of the job are fitted on. `seed`: the run's own, to which the
    generators are set after each fit, be it made or found. `saved`: the seconds that the fits
    took which were found.
    """

    def __init__(self, job: Job, indices: Any, seed: int) -> None:
        self._own, self._common = seed, shared_seed(job)
        memory = job.spec.resources.memory
        self._most = min(MOST, memory // SHARE) if memory else MOST
        self._chain: bytes | None = hashlib.sha256(np.ascontiguousarray(indices).data).digest()
        self.saved = 0.0
        _kept.begin(job.rows)

    def cache(self, fit: Callable[..., Any], ignore: object = None) -> Callable[..., Any]:
        """`fit(transformer, X, y, …)` gives the prepared rows and the fitted transformer; what
        is returned does the same. Calls follow one another as the steps of a pipeline do.

        `ignore`: arguments without meaning, which joblib's memory would be told of.
        """

        def found_or_made(transformer: Any, X: Any, y: Any, *more: Any, **named: Any) -> Any:
            key = self._chain = self._next(transformer, named.get("params"))
            found = _kept.find(key) if key else None
            if found is None:
                seed_all(self._common)
                begun = perf_counter()
                prepared, fitted = fit(transformer, X, y, *more, **named)
                seconds = perf_counter() - begun
                if key and hasattr(prepared, "copy"):
                    size = _bytes(X) + _bytes(prepared)
                    _kept.keep(key, _Fitted(prepared.copy(), fitted, seconds, size), self._most)
            else:
                prepared, fitted = found.X.copy(), found.transformer
                self.saved += found.seconds
            seed_all(self._own)
            return prepared, fitted

        return found_or_made

    def _next(self, transformer: Any, params: Any) -> bytes | None:
        """None from the first step on that says nothing of itself."""
        if self._chain is None:
            return None
        try:
            told = pickle.dumps((transformer, params))
        except Exception:  # anybody's transformer
            return None
        return hashlib.sha256(self._chain + told).digest()


def fit_transform(transformer: Any, X: Any, y: Any) -> tuple[Any, Any]:
    """As `Shared.cache` takes it."""
    return transformer.fit_transform(X, y), transformer


def _bytes(X: Any) -> int:
    """Of rows: an array's, a table's, a sparse matrix's; of anything else, as if it had none."""
    if hasattr(X, "memory_usage"):
        return int(X.memory_usage(deep=True).sum())
    if hasattr(X, "nbytes"):
        return int(X.nbytes)
    parts = (getattr(X, name, None) for name in ("data", "indices", "indptr"))
    return sum(int(getattr(part, "nbytes", 0)) for part in parts)
