"""The rows of a fold as plain arrays, where nothing could ask for a column by its name.

scikit-learn looks at every column of a table in each of its calls, which takes longer than
fitting a small model. Only folds get arrays: the refit learns from the table, names and all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from sweeper.core.space import Choice, Fixed, Items, Node, Object, Values
from sweeper.core.specs import Preprocess, PreprocessKind
from sweeper.ports import Job, Rows

SMALL = 64 * 2**20
"""Bytes of a table of numbers up to which it is worth a copy: a fold of a bigger one takes so long
that its columns do not show."""

PACKAGES = ("sklearn.", "xgboost.", "lightgbm.")
"""Their estimators look at a column's name only where they are told it."""

SELECTING = "sklearn.compose."
"""What is in here chooses columns of a table, by type too."""


def unnamed(job: Job) -> Job:
    """`job` with arrays for its rows, the same ones for as long as its rows are; or itself."""
    if _last.rows is not job.rows:
        _last.rows = job.rows
        _last.unnamed = _arrays(job.rows) if _plain(job.rows.X) and _nameless(job) else job.rows
    return job if _last.unnamed is job.rows else replace(job, rows=_last.unnamed)


class _Last:
    """Of the rows that were asked for last."""

    rows: Rows | None = None
    unnamed: Any = None


_last = _Last()


def _arrays(rows: Rows) -> Rows:
    return replace(rows, X=np.ascontiguousarray(rows.X.to_numpy()))


def _plain(X: Any) -> bool:
    """A small table of nothing but numbers."""
    return hasattr(X, "columns") and 8 * X.size <= SMALL and all(map(_number, X.dtypes))


def _number(dtype: Any) -> bool:
    return isinstance(dtype, np.dtype) and dtype.kind in "fiu"


def _nameless(job: Job) -> bool:
    """No candidate is told a column's name, and none is of the user's own making, which may look
    at the table. The fold's model is not kept, nor its cost measured: these are of the table."""
    spec = job.spec
    if spec.model is None or not spec.refit or spec.measured:
        return False
    candidates = spec.model.candidates
    if not all(_by_place(c.preprocess or spec.preprocess, job) for c in candidates):
        return False
    nodes = [node for c in candidates for node in _nodes(c.estimator)]
    if not all(_takes_arrays(node.path) for node in nodes if isinstance(node, Object)):
        return False
    values = [node.value for node in nodes if isinstance(node, Fixed)]
    values += [c for d in spec.space if isinstance(d.domain, Values) for c in d.domain.choices]
    return {column.name for column in job.columns}.isdisjoint(_texts(values))


def _takes_arrays(path: str) -> bool:
    return path.startswith(PACKAGES) and not path.startswith(SELECTING)


def _by_place(preprocess: Preprocess, job: Job) -> bool:
    if preprocess.kind is PreprocessKind.AUTO:
        return all(column.kind == "numeric" for column in job.columns)
    return preprocess.kind is PreprocessKind.NONE


def _nodes(node: Node) -> Iterator[Node]:
    """It and all below it, whichever branch a trial takes."""
    yield node
    below: Iterable[Node] = ()
    match node:
        case Choice(_, named) | Object(_, named):
            below = (each for _, each in named)
        case Items(nodes):
            below = nodes
    for each in below:
        yield from _nodes(each)


def _texts(value: Any) -> Iterator[str]:
    """All strings in it, a mapping's keys too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _texts([*value, *value.values()])
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _texts(each)
