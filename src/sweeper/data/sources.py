"""Reading a source: what is in the file, under the names the file gives it.

`data.source` is one of
- a file: `.csv`, `.csv.gz`, `.tsv`, `.tsv.gz` (UTF-8, first line the column names; comma,
  semicolon, tab or bar, whichever the first line uses most), `.parquet`, `.npz`;
- `sklearn:NAME`: a table that comes with scikit-learn; its target column is `target`;
- `package.module:function`: found beside the config or on the path, called without
  arguments. It returns a DataFrame, `(X, y)`, a dict of arrays, or an indexable data set.

Relative paths start at the config's folder. An npz or a dict with an array `X` is a block
of features, the other one-dimensional arrays are columns beside it (`y` is the target
unless said otherwise); without `X`, each array is a column of a table. A two-dimensional
`X` of strings or objects is a table with columns x0, x1, …

In files, `''`, `?`, `NA`, `N/A`, `n/a`, `NaN`, `nan`, `null`, `NULL`, `None`, `#N/A` and
`<NA>` are missing values. An unnamed first CSV column is what a saved index looks like:
it is dropped, and that is said.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sweeper.data import lazy
from sweeper.data.files import read_file
from sweeper.data.fingerprint import file_digest
from sweeper.data.problems import invalid, nearest
from sweeper.data.user_code import call_user, load_object

BUNDLED = ("breast_cancer", "diabetes", "digits", "iris", "wine")
FUNCTION = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class Source:
    """Everything read. `frame`: the named columns. `block`: features that are not columns.

    A table has no block. Arrays and indexable data sets have one, of as many rows as the
    frame, which then holds only what belongs to the rows: target, groups, weights.
    """

    frame: pd.DataFrame
    block: Any
    place: str  # as the user wrote it
    target: str | None = None  # the target's name when the source itself knows it
    notes: tuple[str, ...] = ()
    files: tuple[tuple[str, str], ...] = ()  # as the user wrote them, each with its SHA-256


def read(source: str, directory: Path, key: str = "data.source") -> Source:
    """Reads a source completely (an indexable data set stays unread).

    Raises InvalidSpec on `key` when it is missing, unreadable, malformed or empty.
    """
    if source.startswith("sklearn:"):
        found = _bundled(source, key)
    elif FUNCTION.fullmatch(source):
        function = load_object(source, directory, key)
        found = _wrap(call_user(function, f"calling {source}", key), source, key)
    else:
        content, notes = read_file(source, directory, key)
        sha256 = file_digest(directory / Path(source).expanduser())
        found = replace(_wrap(content, source, key, notes), files=((source, sha256),))
    if len(found.frame if found.block is None else found.block) == 0:
        raise invalid(key, f"{source} has no rows")
    return found


def _bundled(source: str, key: str) -> Source:
    from sklearn import datasets

    name = source.removeprefix("sklearn:")
    if name == "linnerud":
        raise invalid(key, "sklearn:linnerud has three targets at once; one target is expected")
    if name not in BUNDLED:
        raise invalid(
            key,
            f"scikit-learn brings no table '{name}' that needs no download; {nearest(name, BUNDLED)}",
        )
    frame = getattr(datasets, f"load_{name}")(as_frame=True).frame
    return Source(frame, None, source, "target")


def _wrap(content: Any, place: str, key: str, notes: tuple[str, ...] = ()) -> Source:
    if isinstance(content, pd.DataFrame):
        return Source(_plain(content, key), None, place, notes=notes)
    if isinstance(content, tuple) and len(content) == 2:
        return _pair(content[0], content[1], place, key)
    if isinstance(content, dict):
        return _arrays({str(k): np.asarray(v) for k, v in content.items()}, place, key)
    if lazy.is_indexable(content) and not isinstance(content, list | tuple | str | np.ndarray):
        beside = pd.DataFrame(lazy.vectors(content), index=range(len(content)))
        return Source(beside, content, place, _usual_target(beside))
    raise invalid(
        key,
        f"{place} returned {type(content).__name__}; expected a DataFrame, (X, y), a dict of "
        "arrays, or a data set with __len__ and __getitem__",
    )


def _pair(X: Any, y: Any, place: str, key: str) -> Source:
    if not isinstance(X, pd.DataFrame):
        return _arrays({"X": np.asarray(X), "y": np.asarray(y)}, place, key)
    if len(X) != len(y):
        raise invalid(key, f"{place}: X has {len(X)} rows, y has {len(y)}")
    name = str(getattr(y, "name", None) or "target")
    name = f"{name}_target" if name in X.columns else name
    return Source(_plain(X.assign(**{name: np.asarray(y)}), key), None, place, name)


def _arrays(arrays: dict[str, Any], place: str, key: str) -> Source:
    X = arrays.pop("X", None)
    lengths = {name: len(array) if array.ndim else -1 for name, array in arrays.items()}
    rows = len(X) if X is not None and X.ndim else next(iter(lengths.values()), 0)
    wrong = [name for name, n in lengths.items() if n != rows or arrays[name].ndim != 1]
    if wrong or (X is not None and X.ndim == 0):
        raise invalid(
            key,
            f"{place}: expected arrays of one length, X with any shape and the others with one "
            f"dimension; {nearest('', wrong or ['X']).removeprefix('there are: ')} differ",
        )
    beside = pd.DataFrame(arrays, index=range(rows))
    if X is None:
        return Source(_plain(beside, key), None, place)
    if X.dtype.kind in "OUS" and X.ndim == 2:
        table = pd.DataFrame(X, columns=[f"x{i}" for i in range(X.shape[1])]).infer_objects()
        return Source(table.join(beside), None, place, _usual_target(beside))
    if X.dtype.kind not in "fiub" or X.ndim < 2:
        raise invalid(
            key, f"{place}: X is {X.dtype}{list(X.shape)}; expected rows × columns of numbers"
        )
    # scikit-learn's imputers refuse truth values
    X = X.astype("uint8") if X.dtype == bool else X
    return Source(beside, X, place, _usual_target(beside))


def _usual_target(beside: pd.DataFrame) -> str | None:
    return next((name for name in ("y", "target", "targets") if name in beside.columns), None)


def _plain(frame: pd.DataFrame, key: str) -> pd.DataFrame:
    """Named index levels become columns, names become strings, each name once."""
    named = frame.index.nlevels > 1 or frame.index.name is not None
    frame = frame.reset_index() if named else frame.reset_index(drop=True)
    frame.columns = frame.columns.map(str)
    twice = sorted(set(frame.columns[frame.columns.duplicated()]))
    if twice:
        raise invalid(key, f"more than one column is called {', '.join(map(repr, twice))}")
    return frame
