"""What a column is. These rules decide it, from all its values and nothing else:

- `numeric`: numbers, also numbers written as text. float64, or int64 when nothing is
  missing. An infinity counts as missing, and that is said. Durations become seconds.
- `boolean`: true/false, or the words true/false or yes/no in any case. 1.0, 0.0, NaN.
- `date`: dates and times, or text that is an ISO date (2024-01-31, 2024/01/31, with or
  without a time) in every row that is not missing. datetime64[us]; zones become UTC.
- `text`: more than 20 different values, different in at least half of the rows, of 3 words
  or more on average. Object: str, NaN where missing.
- `categorical`: every other text, and what pandas calls a category, whatever its number of
  values (over 30 it is said to have many). Object: str, NaN where missing.

Text is stripped of white space first; then an empty one, `?`, `NA`, `N/A`, `null`, `None`
and their like (`scorable.MISSING`) are missing. A column of different kinds of values is text.

An *identifier* names its row and says nothing about it: text (of the categorical kind) with
a different value in each of at least 20 rows and none missing, or integers that count the
rows one by one. Identifiers of text are never features; counters are, with a warning, since
they may be meant. Neither counts as content of a row (see `holdout`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from sweeper.data.problems import attempt, invalid
from sweeper.data.scorable import ISO_DATE, MISSING, TRUTH
from sweeper.ports import InvalidSpec, Problem

MANY_VALUES = 30
TEXT_VALUES = 20
TEXT_WORDS = 3.0
IDENTIFIER_ROWS = 20

WORD_PAIRS = ({"true", "false"}, {"yes", "no"})


@dataclass(frozen=True, slots=True)
class Typed:
    """A frame of float64, int64, datetime64[us] and object (str or NaN) columns only."""

    frame: pd.DataFrame
    kinds: dict[str, str]
    identifiers: tuple[str, ...]
    notes: tuple[str, ...]


def convert(frame: pd.DataFrame) -> Typed:
    """Every column by the rules above. Raises InvalidSpec for values no rule covers."""
    columns: dict[str, pd.Series] = {}
    kinds: dict[str, str] = {}
    notes: list[str] = []
    problems: list[Problem] = []
    for name in frame.columns:
        done = attempt(problems, convert_column, frame[name])
        if done is not None:
            columns[name], kinds[name], infinite = done
            if infinite:
                notes.append(f"'{name}': {infinite} infinite values taken as missing")
    if problems:
        raise InvalidSpec(problems)
    typed = pd.DataFrame(columns, index=frame.index)
    names = [n for n in typed if _is_identifier(typed[n], kinds[n])]
    return Typed(typed, kinds, tuple(names), tuple(notes))


def convert_column(values: pd.Series) -> tuple[pd.Series, str, int]:
    """(converted values, kind, how many infinities became missing)."""
    dtype = values.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        plain = _strings(values.astype(object))
        return plain, "categorical", 0
    if pd.api.types.is_bool_dtype(dtype):
        return values.astype("float64"), "boolean", 0
    if pd.api.types.is_complex_dtype(dtype):
        raise invalid("data.source", f"column '{values.name}' holds complex numbers")
    if pd.api.types.is_numeric_dtype(dtype):
        return _numeric(values)
    if isinstance(dtype, pd.PeriodDtype):
        values = values.dt.to_timestamp()
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return _dates(values), "date", 0
    if pd.api.types.is_timedelta64_dtype(dtype):
        return _numeric(values.dt.total_seconds())
    return _from_objects(values)


def _numeric(values: pd.Series) -> tuple[pd.Series, str, int]:
    if pd.api.types.is_integer_dtype(values.dtype) and not values.isna().any():
        largest = 0 if values.empty else int(values.max())
        if largest <= np.iinfo("int64").max:
            return values.astype("int64"), "numeric", 0
    floats = values.astype("float64")
    infinite = np.isinf(floats)
    return floats.mask(infinite), "numeric", int(infinite.sum())


def _dates(values: pd.Series) -> pd.Series:
    if getattr(values.dtype, "tz", None) is not None:
        values = values.dt.tz_convert("UTC").dt.tz_localize(None)
    return values.astype("datetime64[us]")


def _from_objects(values: pd.Series) -> tuple[pd.Series, str, int]:
    codes, distinct = _distinct(values)
    if len(distinct) == 0:
        return pd.Series(np.nan, values.index, name=values.name), "numeric", 0
    words = [v.lower() if isinstance(v, str) else v for v in distinct]
    if _are_truths(words):
        truths = np.array([TRUTH.get(w, w) for w in words], dtype="float64")
        return _spread(truths, codes, values), "boolean", 0
    numbers = _as_numbers(distinct)
    if numbers is not None:
        return _numeric(_spread(numbers, codes, values))
    dates = _as_dates(distinct)
    if dates is not None:
        return _spread(dates, codes, values), "date", 0
    texts = [str(v) for v in distinct]
    kind = "text" if _is_text(texts, int((codes >= 0).sum())) else "categorical"
    return _spread(np.array(texts, dtype=object), codes, values), kind, 0


def tidy(values: pd.Series) -> pd.Series:
    """Objects with text stripped, and every word for missing turned into NaN."""
    codes, distinct = _distinct(values)
    return _spread(np.array([*distinct, None], dtype=object), codes, values)


def _distinct(values: pd.Series) -> tuple[Any, list[Any]]:
    """(code per row, -1 for missing; different values, tidy). Work is done once per value."""
    try:
        rough, found = pd.factorize(values.astype(object))
    except TypeError:
        found = [[]]
    if any(isinstance(v, list | tuple | dict | set | np.ndarray | bytes) for v in found):
        raise invalid(
            "data.source",
            f"column '{values.name}' holds lists, bytes or other nested values; expected one "
            "number, text, truth value or date per row",
        )
    stripped = [v.strip() if isinstance(v, str) else v for v in found]
    known = [np.nan if isinstance(v, str) and v in MISSING else v for v in stripped]
    codes, distinct = pd.factorize(np.array([*known, np.nan], dtype=object))
    return codes[rough], list(distinct)  # a missing row's -1 finds the NaN at the end


def _strings(values: pd.Series) -> pd.Series:
    codes, distinct = _distinct(values)
    return _spread(np.array([*map(str, distinct), ""], dtype=object), codes, values)


def _spread(distinct: Any, codes: Any, like: pd.Series) -> pd.Series:
    """Back from different values to rows; code -1 is missing."""
    rows = np.asarray(distinct)[codes]
    result = pd.Series(rows, index=like.index, name=like.name, dtype=rows.dtype)
    return result.mask(codes < 0, np.nan) if (codes < 0).any() else result


def _are_truths(words: list[Any]) -> bool:
    if all(isinstance(word, bool | np.bool_) for word in words):
        return True
    return all(isinstance(w, str) for w in words) and any(set(words) <= p for p in WORD_PAIRS)


def _as_numbers(distinct: Any) -> Any:
    if any(isinstance(v, bool | np.bool_) for v in distinct):
        return None
    if all(isinstance(v, timedelta) for v in distinct):
        return np.array([v.total_seconds() for v in distinct])
    if not all(isinstance(v, str | Real | Decimal) for v in distinct):
        return None
    numbers = pd.to_numeric(pd.Series(_undecimal(distinct), dtype=object), errors="coerce")
    return None if numbers.isna().any() else numbers.to_numpy()


def _undecimal(distinct: Any) -> list[Any]:
    return [float(v) if isinstance(v, Decimal) else v for v in distinct]


def _as_dates(distinct: Any) -> Any:
    if not all(_is_date(v) for v in distinct):
        return None
    texts = [str(v).replace("/", "-") for v in distinct]
    dates = pd.to_datetime(pd.Series(texts), format="ISO8601", utc=True, errors="coerce")
    return None if dates.isna().any() else _dates(dates)


def _is_date(value: Any) -> bool:
    return bool(ISO_DATE.fullmatch(value)) if isinstance(value, str) else isinstance(value, date)


def _is_text(distinct: list[str], known: int) -> bool:
    if len(distinct) <= TEXT_VALUES or 2 * len(distinct) < known:
        return False
    return sum(len(text.split()) for text in distinct) >= TEXT_WORDS * len(distinct)


def _is_identifier(values: pd.Series, kind: str) -> bool:
    if len(values) < IDENTIFIER_ROWS:
        return False
    if kind == "categorical":
        return bool(values.notna().all() and values.is_unique)
    if values.dtype != "int64" or int(values.max()) - int(values.min()) != len(values) - 1:
        return False
    return bool(values.is_unique)
