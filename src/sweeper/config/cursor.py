"""A cursor on one node of the config: reads it as what is expected there, or notes why not.

A reader that finds something wrong notes a problem and returns its default, so that
reading goes on and every problem is found. What was read is only used when there are none.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sweeper.config import scalars
from sweeper.config.problems import Findings, Mark, did_you_mean, listed, short
from sweeper.config.tree import Listing, Scalar, Table, Tree, described, value_of
from sweeper.core.space import Value

T = TypeVar("T")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True, slots=True)
class Cursor:
    """`key` is where the node's key stands; the top of the file has none."""

    tree: Tree
    path: tuple[str, ...]
    findings: Findings
    key: Mark

    @property
    def dotted(self) -> str:
        return ".".join(short(part) for part in self.path)

    @property
    def mark(self) -> Mark:
        """Where a message about this node points."""
        return self.tree.mark if isinstance(self.tree, Scalar) and not self.empty else self.key

    @property
    def empty(self) -> bool:
        return isinstance(self.tree, Scalar) and self.tree.empty

    def problem(self, message: str) -> None:
        self.findings.problem(self.mark, self.dotted, message)

    def warn(self, message: str) -> None:
        self.findings.warn(self.mark, self.dotted, message)

    def wrong(self, expected: str, hint: str = "") -> None:
        """Notes `found …; expected …`."""
        self.problem(f"found {described(self.tree)}; expected {expected}{hint}")

    # --- structure --------------------------------------------------------------------

    def is_word(self, *words: str) -> bool:
        """True when this is one of these plain words; `none` is also written `null`, `~`."""
        if not isinstance(self.tree, Scalar) or self.empty:
            return False
        return self.tree.text in words or ("none" in words and self.tree.value is None)

    def children(self) -> list[tuple[str, Cursor]]:
        """Keys and values of a mapping, or items of a list with their numbers."""
        if isinstance(self.tree, Table):
            return [
                (e.key.text, Cursor(e.value, (*self.path, e.key.text), self.findings, e.key.mark))
                for e in self.tree.entries
            ]
        if isinstance(self.tree, Listing):
            return [
                (str(i), Cursor(item, (*self.path, str(i)), self.findings, item.mark))
                for i, item in enumerate(self.tree.items)
            ]
        return []

    def fields(self, known: Sequence[str], required: Iterable[str] = ()) -> dict[str, Cursor]:
        """The known keys of a mapping. Notes unknown, missing and empty ones."""
        if not isinstance(self.tree, Table):
            self.wrong(f"a mapping with {listed(known)}")
            return {}
        found: dict[str, Cursor] = {}
        for name, child in self.children():
            if name not in known:
                child.unknown_key(known)
            elif child.empty:
                child.problem("nothing stands here; expected a value, or leave the key out")
                found[name] = child
            else:
                found[name] = child
        for name in required:
            if name not in found:
                self.problem(f"the key `{name}` is missing; expected `{name}: …`")
        return {name: child for name, child in found.items() if not child.empty}

    def unknown_key(self, known: Iterable[str]) -> None:
        """Notes that this key, not its value, is wrong."""
        known, name = list(known), self.path[-1] if self.path else ""
        hint = did_you_mean(name, known)
        message = f"unknown key `{short(name)}`; expected one of {listed(known, 25)}{hint}"
        self.findings.problem(self.key, self.dotted, message)

    def items(self, what: str) -> list[Cursor]:
        """The members of a list that may not be empty."""
        if not isinstance(self.tree, Listing) or not self.tree.items:
            self.wrong(f"a list of {what}")
            return []
        return [child for _, child in self.children()]

    # --- scalars ----------------------------------------------------------------------

    @property
    def value(self) -> Value:
        """Whatever stands here, as plain Python values."""
        return value_of(self.tree)

    def text(self, expected: str = "a text", default: str = "") -> str:
        if isinstance(self.tree, Scalar) and isinstance(self.tree.value, str) and self.tree.value:
            return self.tree.value
        scalar = isinstance(self.tree, Scalar) and self.tree.value not in (None, "")
        self.wrong(expected, "; write it in quotes if it is a name" if scalar else "")
        return default

    def column(self) -> str:
        """The name of a column: any scalar, as it is written."""
        if isinstance(self.tree, Scalar) and self.tree.text and self.tree.value is not None:
            return self.tree.text
        self.wrong("the name of a column")
        return ""

    def columns(self) -> tuple[str, ...]:
        """Names of columns, each once; one alone needs no brackets."""
        if isinstance(self.tree, Scalar):
            return (self.column(),)
        names: dict[str, None] = {}
        for item in self.items("column names"):
            name = item.column()
            if name in names:
                item.problem(f"the column `{short(name)}` stands twice; name it once")
            names[name] = None
        return tuple(names)

    def name(self, what: str) -> str:
        """A name that is safe in paths, URLs and registries."""
        text = self.text(f"the name of {what}")
        if text and (not _NAME.fullmatch(text) or ".." in text or text.endswith(".")):
            self.wrong(
                "letters, digits, `-`, `_` and single dots, starting with a letter or digit, "
                "at most 100"
            )
        return text

    def boolean(self, default: bool) -> bool:
        if isinstance(self.tree, Scalar) and isinstance(self.tree.value, bool):
            return self.tree.value
        self.wrong("true or false", boolean_hint(self.tree))
        return default

    def integer(self, default: int, least: int, most: int = 2**53) -> int:
        value = self.tree.value if isinstance(self.tree, Scalar) else None
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return value
        upper = f" and at most {most}" if most < 2**53 else ""
        self.wrong(f"a whole number of at least {least}{upper}")
        return default

    def number(self, default: float = 0.0, expected: str = "a number") -> float:
        """A finite number."""
        value = self.tree.value if isinstance(self.tree, Scalar) else None
        if isinstance(value, bool) or not isinstance(value, int | float):
            value = math.nan
        if math.isfinite(value):
            return value
        self.wrong(expected)
        return default

    def share(self, default: float = 0.5) -> float:
        """A number strictly between 0 and 1."""
        expected = "a share between 0 and 1, as 0.2 for 20 %"
        value = self.number(default, expected)
        if 0 < value < 1:
            return value
        self.wrong(expected)
        return default

    def one_of(self, options: Sequence[str], default: str) -> str:
        """One of these words; `none` may be written `null`."""
        if "none" in options and self.is_word("none"):
            return "none"
        value = self.tree.value if isinstance(self.tree, Scalar) else None
        if isinstance(value, str) and value in options:
            return value
        hint = did_you_mean(value, options) if isinstance(value, str) else ""
        self.wrong(f"one of {listed(options)}", hint)
        return default

    def duration(self) -> float | None:
        """Seconds."""
        seconds = scalars.duration(value_of(self.tree))
        if seconds is None:
            self.wrong("a time, as 90s, 10m, 1h30m or a number of seconds")
        return seconds

    def memory(self) -> int | None:
        """Bytes."""
        size = scalars.memory(value_of(self.tree))
        if size is None:
            self.wrong("a size, as 512MiB, 2GB or a number of bytes")
        return size


def boolean_hint(tree: Tree) -> str:
    """What to say when a word of YAML 1.1 stands for a boolean; else nothing."""
    if isinstance(tree, Scalar) and tree.plain:
        meant = scalars.WORDS_FOR_BOOLEANS.get(tree.text.lower())
        if meant:
            return f"; `{tree.text}` is a text in YAML 1.2, write `{meant}`"
    return ""
