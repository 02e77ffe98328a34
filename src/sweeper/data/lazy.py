"""Indexable data sets (`__len__`, `__getitem__`) that are never loaded as a whole."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from sweeper.data.problems import invalid
from sweeper.data.user_code import call_user


@dataclass(frozen=True, slots=True)
class Subset:
    """Some items of an indexable data set, in the order of `indices`, still unread."""

    dataset: Any
    indices: Any  # int64 array

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> Any:
        return self.dataset[int(self.indices[index])]


def is_indexable(value: Any) -> bool:
    return hasattr(value, "__len__") and hasattr(value, "__getitem__")


def vectors(dataset: Any) -> dict[str, Any]:
    """Its public attributes that hold one plain value per item, as `targets` or `groups`."""
    size = len(dataset)
    named = getattr(dataset, "__dict__", {}).items()
    return {k: np.asarray(v) for k, v in named if k[0] != "_" and _one_per_item(v, size)}


def _one_per_item(value: Any, size: int) -> bool:
    if isinstance(value, list | tuple):
        return len(value) == size > 0 and isinstance(value[0], str | int | float | bool)
    return getattr(value, "ndim", 0) == 1 and len(value) == size


def item_digests(dataset: Any) -> list[str]:
    """One digest of its content per item. Reads each item once."""

    def item(i: int) -> Any:
        return call_user(lambda: dataset[i], f"reading item {i} of the data set", "data.source")

    return [_item_digest(item(i)) for i in range(len(dataset))]


def _item_digest(item: Any) -> str:
    state = hashlib.blake2b(digest_size=32)
    _absorb(state, item)
    return state.hexdigest()


def _absorb(state: Any, value: Any) -> None:
    if value is None or isinstance(value, bool | int | float | str | bytes):
        text = value if isinstance(value, bytes) else repr(value).encode()
        state.update(f"{type(value).__name__}:{len(text)}:".encode() + text)
    elif isinstance(value, dict):
        state.update(f"dict:{len(value)}:".encode())
        for key in sorted(value, key=repr):
            _absorb(state, key)
            _absorb(state, value[key])
    elif isinstance(value, list | tuple):
        state.update(f"list:{len(value)}:".encode())
        for part in value:
            _absorb(state, part)
    else:
        _absorb_array(state, value)


def _absorb_array(state: Any, value: Any) -> None:
    array = np.asarray(value)
    if array.dtype == object:
        raise invalid(
            "data.source",
            f"items of the data set hold {type(value).__name__}, whose content cannot be "
            "fingerprinted; return numbers, text, arrays or tensors (or tuples or dicts of them)",
        )
    state.update(f"array:{array.dtype.str}:{array.shape}:".encode())
    state.update(np.ascontiguousarray(array).tobytes())
