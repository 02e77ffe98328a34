"""Reads a skops file; `package.json` lists the types that it may make objects of."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def load(folder: Path, facts: dict[str, Any]) -> Any:
    import skops.io

    return skops.io.load(folder / "model.skops", trusted=facts["trusted"])
