"""The config as written: scalars, tables and listings, each knowing its place.

The only home of undigested config. Immutable, so that an override makes a new tree.
"""

from __future__ import annotations

from dataclasses import dataclass

from sweeper.config.problems import Mark, short
from sweeper.core.space import Value


@dataclass(frozen=True, slots=True)
class Scalar:
    """`text` is what stands there; `plain` when it stands without quotes."""

    value: Value
    text: str
    mark: Mark
    plain: bool = True

    @property
    def empty(self) -> bool:
        """Nothing stands there, not even `null`."""
        return self.plain and not self.text


@dataclass(frozen=True, slots=True)
class Entry:
    key: Scalar
    value: Tree


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping. No key stands twice."""

    entries: tuple[Entry, ...]
    mark: Mark

    def get(self, key: str) -> Entry | None:
        return next((e for e in self.entries if e.key.text == key), None)


@dataclass(frozen=True, slots=True)
class Listing:
    items: tuple[Tree, ...]
    mark: Mark


Tree = Scalar | Table | Listing


def value_of(tree: Tree) -> Value:
    """The tree as plain Python values."""
    if isinstance(tree, Scalar):
        return tree.value
    if isinstance(tree, Listing):
        return [value_of(item) for item in tree.items]
    return {e.key.value: value_of(e.value) for e in tree.entries}


def described(tree: Tree) -> str:
    """What stands there, in words, for `found …`."""
    if isinstance(tree, Listing):
        return f"a list of {len(tree.items)}"
    if isinstance(tree, Table):
        keys = [short(e.key.text) for e in tree.entries[:4]]
        more = ", …" if len(tree.entries) > 4 else ""
        return f"a mapping ({', '.join(keys)}{more})" if keys else "an empty mapping"
    return _scalar(tree)


def _scalar(scalar: Scalar) -> str:
    value = scalar.value
    if scalar.empty:
        return "nothing"
    if isinstance(value, str):
        return f"the text `{short(value)}`" if value else "an empty text"
    kinds = {bool: "", int: "the whole number ", float: "the number "}
    return f"{kinds.get(type(value), '')}`{short(scalar.text)}`"
