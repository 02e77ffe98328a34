"""Opening data files, and saying what is wrong with those that do not open."""

from __future__ import annotations

import csv
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sweeper.data.problems import invalid, nearest
from sweeper.data.scorable import MISSING, header

Content = tuple[Any, tuple[str, ...]]


def read_file(source: str, directory: Path, key: str) -> Content:
    """A DataFrame (csv, tsv, parquet) or a dict of arrays (npz), with notes on the reading.

    Raises InvalidSpec on `key` when there is no such file or it cannot be read.
    """
    path = directory / Path(source).expanduser()
    reader = _reader(source, key)
    if not path.is_file():
        raise invalid(key, _not_there(source, path))
    try:
        return reader(path)
    except UnicodeDecodeError as error:
        message = f"{source} is not UTF-8 text (byte {error.start}); save it as UTF-8"
    except (pd.errors.EmptyDataError, EOFError):
        message = f"{source} is empty or cut off; expected data in {path}"
    except (pd.errors.ParserError, pd.errors.ParserWarning, csv.Error) as error:
        reason = str(error).removeprefix("Error tokenizing data. C error: ").strip()
        message = f"{source} is malformed: {reason}; every line needs as many cells as the first"
    except PermissionError:
        message = f"{source} may not be read by this user ({path})"
    except Exception as error:  # decoders raise what they like on bytes they do not expect
        message = f"{source} is damaged or not what its name says: {error}"
    raise invalid(key, message)


def _reader(source: str, key: str) -> Callable[[Path], Content]:
    readers: dict[str, Callable[[Path], Content]] = {
        ".csv": _csv,
        ".csv.gz": _csv,
        ".tsv": _csv,
        ".tsv.gz": _csv,
        ".parquet": _parquet,
        ".npz": _npz,
    }
    for ending, reader in readers.items():
        if source.lower().endswith(ending):
            return reader
    raise invalid(
        key,
        f"cannot tell what '{source}' is; expected a file ({', '.join(readers)}), sklearn:NAME "
        "or package.module:function",
    )


def _not_there(source: str, path: Path) -> str:
    if path.is_dir():
        return f"'{source}' is a folder ({path}); name one file in it"
    message = f"no file '{source}'; looked for {path}"
    siblings = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
    near = nearest(path.name, siblings)
    return f"{message}; {near}" if near.startswith("nearest") else message


def _parquet(path: Path) -> Content:
    return pd.read_parquet(path), ()


def _npz(path: Path) -> Content:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}, ()


def _csv(path: Path) -> Content:
    delimiter, names = header(path)
    twice = sorted(name for name, count in Counter(names).items() if name and count > 1)
    if twice:
        raise csv.Error(f"more than one column is called {', '.join(map(repr, twice))}")
    with warnings.catch_warnings():
        # pandas would cut off surplus cells with only a warning
        warnings.simplefilter("error", pd.errors.ParserWarning)
        frame = pd.read_csv(
            path,
            sep=delimiter,
            encoding="utf-8-sig",
            index_col=False,
            skipinitialspace=True,
            keep_default_na=False,
            na_values=list(MISSING),
            low_memory=False,
        )
    frame.columns = [str(name).strip() for name in frame.columns]
    if names[0] == "" and len(names) > 1:
        return frame.iloc[:, 1:], ("dropped the unnamed first column: a saved index",)
    return frame, ()
