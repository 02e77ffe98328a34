"""Digests of content: of a whole table, of each row, of a set of rows.

All work on converted frames (see `types`), so that a CSV and a Parquet file of the same
values have the same fingerprint, in every process and on every machine.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

NAN_CODE = 0x7FF8000000000000


def fingerprint(frame: pd.DataFrame) -> str:
    """SHA-256 over row count, then name, type and values of each column in order."""
    state = hashlib.sha256(np.array(frame.shape, dtype="<i8").tobytes())
    for name in frame.columns:
        column = frame[name]
        for part in (str(name).encode(), str(column.dtype).encode(), *_payload(column)):
            state.update(len(part).to_bytes(8, "little"))
            state.update(part)
    return state.hexdigest()


def content_digest(frame: pd.DataFrame) -> str:
    """SHA-256 of the rows as a set: the order of rows and of columns does not matter.

    Integers count as the floats they equal, for one missing value makes a column floats.
    """
    widened = frame.astype({n: "float64" for n in frame if frame[n].dtype == "int64"})
    order = np.argsort(row_hashes(frame), kind="stable")
    return fingerprint(widened.iloc[order][sorted(frame.columns)])


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def row_hashes(frame: pd.DataFrame) -> Any:
    """One uint64 per row. Equal rows, equal hashes; the order of columns does not matter."""
    total = np.zeros(len(frame), dtype=np.uint64)
    for name in frame.columns:
        salt = np.uint64(_short_hash(str(name)))
        total += _mix(_mix(_codes(frame[name])) + salt)
    return _mix(total)


def block_rows(block: Any) -> list[str]:
    """One digest of content per row of a numeric array."""
    tidy = block + 0.0 if block.dtype.kind == "f" else block  # -0.0 equals 0.0
    return [hashlib.blake2b(row.tobytes(), digest_size=32).hexdigest() for row in tidy]


def _payload(column: pd.Series) -> tuple[bytes, ...]:
    """Canonical little-endian bytes of a column."""
    if column.dtype != object:
        return (_codes(column, exact=True).astype("<u8").tobytes(),)
    codes, distinct = pd.factorize(column)
    texts = [text.encode("utf-8", "surrogatepass") for text in distinct]
    lengths = np.array([len(text) for text in texts], dtype="<i8")
    return codes.astype("<i8").tobytes(), lengths.tobytes(), b"".join(texts)


def _codes(column: pd.Series, exact: bool = False) -> Any:
    """One uint64 per cell, the same for equal cells. `exact` keeps integers over 2**53 apart."""
    if column.dtype == object:
        codes, distinct = pd.factorize(column)
        hashes = np.array([NAN_CODE, *map(_short_hash, distinct)], dtype=np.uint64)
        return hashes[codes + 1]
    if column.dtype.kind == "M" or (exact and column.dtype == "int64"):
        return column.to_numpy().view("int64").astype(np.uint64)
    floats = column.to_numpy(dtype="float64") + 0.0
    bits = floats.view(np.uint64).copy()
    bits[np.isnan(floats)] = NAN_CODE
    return bits


def _short_hash(text: str) -> int:
    encoded = text.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(encoded, digest_size=8).digest(), "little")


def _mix(values: Any) -> Any:
    """The finaliser of SplitMix64 (Steele, Lea, Flood 2014): every bit depends on every bit."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
