"""Reads a pickle. Reading one runs its code: trust where this package is from."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any


def load(folder: Path, facts: dict[str, Any]) -> Any:
    with (folder / "model.pkl").open("rb") as file:
        return pickle.load(file)
