"""Cells of the table in what a run says: found again, and left out.

Looked for are texts of SHORTEST characters or more, of MOST_WORDS words at most, and numbers
of DIGITS digits or more, both only where they stand as they are in the table. Classes of the
target are no secret: reports name them. A data set that is no table is not looked through.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
import pandas as pd

from sweeper.ports import Rows
from sweeper.worker.failures import NOT_SHOWN

SHORTEST, MOST_WORDS, DIGITS = 4, 8, 5

_APART = r"\s,;:()\[\]{}<>\"'=|"
_WORD = re.compile(rf"[^{_APART}]*[^{_APART}.!?]")

Span = tuple[int, int]


def without_cells(text: str, *tables: Rows | None) -> str:
    """`text`, with `<not shown>` in place of cells of these tables."""
    spans = list(_spans(text))
    if not spans:
        return text  # most runs say nothing: the tables are not looked at
    words = {text[start:end] for start, end in spans}
    numbers = {word: float(word) for word in words if _is_long_number(word)}
    columns = [column for table in tables if table is not None for column in _columns(table)]
    cells = _found([c for c in columns if c.dtype == object], words)
    values = _found([c for c in columns if _holds_long(c)], set(numbers.values()))
    cells |= {word for word, number in numbers.items() if number in values}
    return _without(text, [span for span in spans if text[slice(*span)] in cells])


def _spans(text: str) -> Iterator[Span]:
    """Where words stand, alone and several in a row of one line; longer ones first."""
    for line in re.finditer(r"[^\n]+", text):
        words = [match.span() for match in _WORD.finditer(text, *line.span())]
        for i, (start, _) in enumerate(words):
            for _, end in reversed(words[i : i + MOST_WORDS]):
                if end - start >= SHORTEST:
                    yield start, end


def _is_long_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return sum(map(str.isdigit, word.lstrip("+-0."))) >= DIGITS


def _columns(rows: Rows) -> Iterator[pd.Series]:
    """All that a row says, column by column; of an array all its numbers as one."""
    if isinstance(rows.X, pd.DataFrame):
        yield from (rows.X[name] for name in rows.X)
    elif isinstance(rows.X, np.ndarray):
        yield pd.Series(rows.X.ravel())
    beside = (rows.groups, rows.weights, rows.y if _is_number(rows.y) else None)
    yield from (pd.Series(v, dtype=v.dtype) for v in beside if v is not None)  # else text is `str`


def _is_number(values: Any) -> bool:
    return values is not None and values.dtype.kind in "fiu"


def _holds_long(column: pd.Series) -> bool:
    """Whether there can be numbers of DIGITS digits in it."""
    return column.dtype.kind in "fiu" and column.dtype.itemsize > 1


def _found(columns: list[pd.Series], wanted: Collection[Any]) -> set[Any]:
    """Which of these values are in the columns."""
    if not wanted:
        return set()
    return {value for column in columns for value in column[column.isin(wanted)].unique()}


def _without(text: str, spans: list[Span]) -> str:
    """`spans` by where they begin, the longest first."""
    parts, done = [], 0
    for start, end in spans:
        if start >= done:
            parts += [text[done:start], NOT_SHOWN]
            done = end
    return "".join([*parts, text[done:]])
