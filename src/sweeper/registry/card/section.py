"""What a card is made of, before it is Markdown or HTML: plain text that is not escaped yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """`content`: a PNG. `words`: what it shows, for those who cannot see it."""

    name: str
    words: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Text:
    """Shown as it is, line by line."""

    caption: str
    content: str


Block = str | Table | Picture | Text
"""A string is a sentence of its own."""


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    blocks: tuple[Block, ...]


def number(value: object) -> str:
    """Four figures are what anybody reads."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "" if value is None else str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


def pairs(rows: Sequence[tuple[str, object]]) -> Table:
    """Names and values; those without a value are left out."""
    told = ((name, number(value)) for name, value in rows)
    return Table((), tuple((name, value) for name, value in told if value))
