"""A file of rows to be scored: read as text, and checked against what a model was trained on.

This file is copied into exported packages, where sweeper need not be installed: it imports
nothing of sweeper.
"""

from __future__ import annotations

import csv
import gzip
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
import pandas as pd

MISSING = ("", "?", "NA", "N/A", "n/a", "NaN", "nan", "null", "NULL", "None", "#N/A", "<NA>")
"""What a cell says when it says nothing."""

TRUTH = {"true": 1.0, "yes": 1.0, "false": 0.0, "no": 0.0}

ISO_DATE = re.compile(
    r"\d{4}([-/])\d{2}\1\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?\s?(Z|[+-]\d{2}:?\d{2})?)?"
)

PREDICTION = "prediction"
PROBABILITY = "probability_"  # how the columns of probabilities begin; the class follows

SHOWN = 5
"""Row numbers that a message lists at most."""

LONGEST = 40
"""Characters of a cell that a message shows."""

Columns = Sequence[tuple[str, str]]
"""Name and kind (see `types`) of each."""


class Unscorable(Exception):
    """The file cannot be read, or does not fit the model: what is wrong, a line for each."""


def opened(path: Path) -> IO[str]:
    """As text, a gzipped one too."""
    opener = gzip.open if path.suffix == ".gz" else open
    return cast(IO[str], opener(path, "rt", encoding="utf-8-sig", newline=""))


def header(path: Path) -> tuple[str, list[str]]:
    """The delimiter and the names of the columns. EOFError when there is no line."""
    with opened(path) as file:
        line = next((text for text in file if text.strip()), "")
    if not line:
        raise EOFError
    bare = "".join(line.split('"')[::2])  # quoted names may hold commas of their own
    delimiter = max(",;\t|", key=bare.count)
    if ".tsv" in path.suffixes:
        delimiter = "\t"
    names = next(csv.reader([line], delimiter=delimiter))
    return delimiter, [name.strip() for name in names]


def read(path: Path) -> pd.DataFrame:
    """Every cell of a CSV (or TSV, also gzipped) as text; NaN where it says nothing.

    Unscorable when it cannot be read, or is no table with a row.
    """
    try:
        delimiter, names = header(path)
        rows = list(_rows(path, delimiter, len(names)))
    except UnicodeDecodeError as error:
        raise Unscorable(f"{path} is not UTF-8 text (byte {error.start})") from error
    except EOFError as error:
        raise Unscorable(f"{path} is empty or cut off") from error
    except csv.Error as error:
        raise Unscorable(f"{path} is malformed: {error}") from error
    except OSError as error:
        raise Unscorable(f"{path} cannot be read: {error.strerror or error}") from error
    twice = [name for name, count in Counter(names).items() if name and count > 1]
    if twice:
        raise Unscorable(f"{path}: more than one column is called {', '.join(map(repr, twice))}")
    if not rows:
        raise Unscorable(f"{path} has no rows")
    frame = pd.DataFrame(rows, columns=names, dtype=object)
    return frame.iloc[:, 1:] if names[0] == "" and len(names) > 1 else frame  # a saved index


def _rows(path: Path, delimiter: str, width: int) -> Iterator[list[Any]]:
    with opened(path) as file:
        reader = csv.reader(file, delimiter=delimiter, skipinitialspace=True, strict=True)
        found = (row or [""] for row in reader if row or width == 1)  # of one column a row
        next(row for row in found if any(row))  # the header
        for number, row in enumerate(found, start=1):
            if len(row) != width:
                raise csv.Error(f"row {number} has {len(row)} cells, and the header {width}")
            stripped = (cell.strip() for cell in row)
            yield [np.nan if cell in MISSING else cell for cell in stripped]


def typed(
    cells: pd.DataFrame, columns: Columns, known: Iterable[str] = (), ignore_extra: bool = False
) -> pd.DataFrame:
    """The columns in this order, each of its kind, in the types that training has.

    `known`: columns that may be there and are not used. Unscorable names every column that is
    missing, too many, or has cells that its kind does not allow.
    """
    names = [name for name, _ in columns]
    extra = [n for n in cells if n not in names and n not in set(known)]
    problems = [_lacking(name, extra) for name in names if name not in cells]
    if extra and not ignore_extra:
        problems += [f"column {name!r} is not one that the model knows" for name in extra]
    found = {}
    for name, kind in columns:
        if name in cells:
            found[name], wrong = _converted(cells[name], kind)
            problems += [_mistyped(cells[name], kind, wrong)] if wrong.any() else []
    if problems:
        raise Unscorable("\n".join(problems))
    return pd.DataFrame(found)


def _lacking(name: str, extra: list[str]) -> str:
    """Names in another case, too, are near."""
    lower = {each.lower(): each for each in extra}
    near = get_close_matches(name.lower(), lower, n=1, cutoff=0.6)
    return f"column {name!r} is missing" + (f"; is it {lower[near[0]]!r}?" if near else "")


WANTED = {
    "numeric": "a number",
    "boolean": "true or false (or yes, no, 1, 0)",
    "date": "an ISO date such as 2024-01-31",
}


def _mistyped(cells: pd.Series, kind: str, wrong: pd.Series) -> str:
    first = repr(cells[wrong].iloc[0][:LONGEST])
    where = (
        f"{int(wrong.sum())} of {len(cells)} cells are not: {_places(wrong)}; the first is {first}"
    )
    return f"column {cells.name!r}: expected {WANTED[kind]}, and {where}"


def _places(wrong: pd.Series) -> str:
    numbers = [int(i) + 1 for i in np.flatnonzero(wrong)]
    more = ", …" if len(numbers) > SHOWN else ""
    return f"row{'s' * (len(numbers) > 1)} {', '.join(map(str, numbers[:SHOWN]))}{more}"


Converted = tuple[pd.Series, pd.Series]
"""The values, and which cells are not of the kind."""


def _converted(cells: pd.Series, kind: str) -> Converted:
    readers: dict[str, Callable[[pd.Series], Converted]] = {
        "numeric": _numbers,
        "boolean": _truths,
        "date": _dates,
    }
    return readers.get(kind, lambda text: (text, text.isna() & False))(cells)


def _numbers(cells: pd.Series) -> Converted:
    found = pd.to_numeric(cells, errors="coerce")
    wrong = found.isna() & cells.notna()
    if found.dtype == "int64" or wrong.any():
        return found, wrong
    exact = cells.astype("float64")  # rounds as Python does; pandas' own parser need not
    return exact.mask(np.isinf(exact)), wrong


def _truths(cells: pd.Series) -> Converted:
    words = {**TRUTH, "1": 1.0, "0": 0.0, "1.0": 1.0, "0.0": 0.0}
    found = cells.str.lower().map(words).astype("float64")
    return found, found.isna() & cells.notna()


def _dates(cells: pd.Series) -> Converted:
    iso = cells.where(cells.map(lambda c: isinstance(c, str) and bool(ISO_DATE.fullmatch(c))))
    dates = pd.to_datetime(
        iso.str.replace("/", "-"), format="ISO8601", utc=True, errors="coerce"
    ).dt.tz_localize(None)
    return dates.astype("datetime64[us]"), dates.isna() & cells.notna()


def scored(model: Any, X: Any) -> pd.DataFrame:
    """A row of answers for each of X: the prediction, and each class's probability where the
    model has them. Raises what the model raises, and ValueError unless it answers every row."""
    size = len(X)
    answers = np.asarray(model.predict(X))
    if answers.size != size:
        raise ValueError(f"it gave {answers.size} predictions for {size} rows")
    return pd.DataFrame({PREDICTION: answers.reshape(size), **dict(_probabilities(model, X))})


def _probabilities(model: Any, X: Any) -> Iterator[tuple[str, Any]]:
    classes = getattr(model, "classes_", None)
    if classes is None or not hasattr(model, "predict_proba"):
        return
    found = np.asarray(model.predict_proba(X))
    if found.shape == (len(X), len(classes)):
        yield from zip((f"{PROBABILITY}{c}" for c in classes), found.T, strict=True)
