"""A card as Markdown. Whatever comes from the user stands there as it is and is never markup."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sweeper.registry.card.section import Block, Picture, Section, Table, Text


def as_markdown(title: str, sections: list[Section]) -> str:
    """Pictures are named as files beside it."""
    lines = [f"# Model card: {_safe(title)}"]
    for section in sections:
        lines += ["", f"## {section.title}"]
        for block in section.blocks:
            lines += ["", *_block(block)]
    return "\n".join(lines) + "\n"


def _block(block: Block) -> Iterator[str]:
    match block:
        case str():
            yield _safe(block)
        case Table():
            yield from _table(block)
        case Picture(name, words, _):
            yield f"![{words}]({name})"
        case Text(caption, content):
            longest = max(map(len, re.findall("`+", content)), default=0)
            fence = "`" * max(3, longest + 1)
            yield from (f"{_safe(caption)}:", "", fence, content.rstrip("\n"), fence)


def _table(table: Table) -> Iterator[str]:
    if table.caption:
        yield from (f"{_safe(table.caption)}:", "")
    width = len(table.rows[0]) if table.rows else len(table.headers)
    yield _row(table.headers or ("",) * width)
    yield f"|{' --- |' * width}"
    yield from (_row(row) for row in table.rows)


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(_safe(cell) for cell in cells)} |"


def _safe(text: str) -> str:
    """In one line, and every character that Markdown or HTML could mean something by escaped."""
    line = " ".join(text.split())
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_{}\[\]#|~!])", r"\\\1", line).replace("://", ":&#47;/")
