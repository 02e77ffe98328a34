"""A model's figures on the holdout, by the values of a column."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from sweeper.ports import Job, Rows, SweeperError
from sweeper.worker import models, report
from sweeper.worker.evaluation import drawn, evaluate
from sweeper.worker.replay import Replay
from sweeper.worker.report import Report
from sweeper.worker.rows import take

FEWEST = 10
"""Rows of a group below which its figures say little, and may say who is in it."""

PARTS = 4
"""Into so many parts of about equal numbers of rows a column of many numbers is cut."""

MOST = 30


def by_group(job: Job, rows: Rows, seed: int, content: bytes, column: str, code: str) -> Report:
    """The stored model on the rows of each group.

        column, fewest, left_out   rows in groups of fewer than `fewest` are left out
        groups                     [{group, rows, metrics}]: the sweep's metrics, as in the
                               holdout's report

    `column` is a feature, or the word `groups` for the config's data.groups. `code`: where the
    model's own modules are. SweeperError when there is no such column, or it has too many
    values. Raises what the model raises.
    """
    values = _values(job, rows, column)
    counts = values.value_counts()
    shown = [name for name in sorted(counts.index) if counts[name] >= FEWEST]
    if len(shown) > MOST:
        raise SweeperError(
            f"{column!r} has {len(shown)} values of {FEWEST} rows or more in the holdout, and "
            f"{MOST} are the most that a table of groups is read for: name another column"
        )
    model = models.load(content, code)
    found = [(name, np.flatnonzero(values == name)) for name in shown]
    return {
        "column": column,
        "fewest": FEWEST,
        "left_out": int(counts[counts < FEWEST].sum()),
        "groups": [
            {"group": name, "rows": len(at), "metrics": _metrics(job, rows, at, seed, model)}
            for name, at in found
        ],
    }


def _metrics(job: Job, rows: Rows, at: Any, seed: int, model: Any) -> Report:
    part = replace(
        rows,
        **{
            name: take(getattr(rows, name), at)
            for name in ("X", "y", "weights", "groups", "time", "folds")
        },
    )
    replay = Replay(model, part.X, job.task)
    found = report.metrics(evaluate(job, replay, part, drawn(job, part, seed)))
    return {m.name: found[m.name] for m in job.spec.scored if m.name in found}


def _values(job: Job, rows: Rows, column: str) -> Any:
    """Each row's group, as text."""
    names = [each.name for each in job.columns]
    if column in names:
        table = rows.X if hasattr(rows.X, "columns") else pd.DataFrame(rows.X, columns=names)
        values = table[column].reset_index(drop=True)
    elif column == "groups" and rows.groups is not None:
        values = pd.Series(rows.groups)
    else:
        more = ", groups" if rows.groups is not None else ""
        raise SweeperError(
            f"the model has no feature {column!r} to group by. There is: {', '.join(names)}{more}"
        )
    if pd.api.types.is_numeric_dtype(values) and values.nunique() > MOST:
        values = pd.qcut(values, PARTS, duplicates="drop")
    if pd.api.types.is_datetime64_any_dtype(values):
        values = values.dt.year.astype("Int64")
    return values.astype(object).where(values.notna(), "(missing)").map(str)
