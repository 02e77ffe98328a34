"""The nearest right name for one that was mistyped."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

SHOWN = 10
"""Names listed when none is near."""


def suggest(name: str, names: Iterable[str]) -> str:
    """` Did you mean …?` with the most similar names, else the first few there are."""
    known = sorted(names)
    close = get_close_matches(name, known, n=3, cutoff=0.5)
    if close:
        return f" Did you mean {' or '.join(close)}?"
    more = ", …" if len(known) > SHOWN else ""
    return f" There is: {', '.join(known[:SHOWN])}{more}." if known else ""
