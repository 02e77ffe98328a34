"""Warnings of libraries and user code, each told once a run, in its log."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

MOST = 20
LONGEST = 500


@contextmanager
def collected_warnings() -> Iterator[list[str]]:
    """Inside, warnings become lines of the list: one for each place and kind, MOST at most."""
    lines: list[str] = []
    seen: set[tuple[str, str, int]] = set()

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        *_: Any,
    ) -> None:
        key = (category.__name__, filename, lineno)
        if key in seen or len(seen) >= MOST:
            return
        seen.add(key)
        text = " ".join(str(message)[:LONGEST].split())
        lines.append(f"{category.__name__}: {text} ({os.path.basename(filename)}:{lineno})")

    with warnings.catch_warnings():
        warnings.simplefilter("default", append=True)
        warnings.showwarning = show  # type: ignore[assignment]
        yield lines
