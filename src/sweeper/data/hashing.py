"""Columns whose values are replaced by keyed digests before anything else sees them.

A digest is BLAKE2b (RFC 7693) of 16 bytes over the column's name and the value, under a key
from SWEEPER_HASH_KEY. Equal values of a column have equal digests as long as the key is the
same, whatever the source: a number counts as its value however it is written, text without
the white space around it. What is missing stays missing.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from sweeper.data import types

KEY = "SWEEPER_HASH_KEY"

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


def hash_columns(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """`frame` with the values of these columns as digests of 32 hexadecimal digits.

    Whoever gives new data to a model that was trained with `data.hash` calls this first,
    with the columns that the config of its lineage names, under the same key. All of them
    must be there. The digests are categories, whatever the values were. InvalidSpec for
    lists and other nested values.
    """
    return frame.assign(**{name: _digests(frame[name], _key()) for name in columns})


def remark(columns: Sequence[str]) -> str:
    """What to warn of; empty when a key is set or nothing is hashed."""
    if not columns or os.environ.get(KEY):
        return ""
    return (
        f"data.hash without a key: who has the digests can try all values of a column that has "
        f"few (postcodes, birthdays, names). Set the environment variable {KEY} to something "
        "long and secret, the same for every launch and prediction"
    )


def _key() -> bytes:
    return hashlib.blake2b(os.environ.get(KEY, "").encode()).digest()


def _digests(values: pd.Series, key: bytes) -> pd.Series:
    codes, distinct = pd.factorize(types.tidy(values))
    name = str(values.name).encode("utf-8", "surrogatepass")
    found = [_digest(name, _canonical(value), key) for value in distinct]
    each = np.array([*found, None], dtype=object)[codes]
    return pd.Series(pd.Categorical(each), index=values.index, name=values.name)


def _digest(name: bytes, text: str, key: bytes) -> str:
    content = len(name).to_bytes(8, "little") + name + text.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(content, digest_size=16, key=key).hexdigest()


def _canonical(value: Any) -> str:
    """The value as text: the same for 7, 7.0 and '7'."""
    text = str(value)
    if isinstance(value, bool | np.bool_) or not _NUMBER.fullmatch(text):
        return text
    if text.lstrip("+-").isdigit():
        return str(int(text))
    number = float(text)
    return str(int(number)) if number.is_integer() else repr(number)
