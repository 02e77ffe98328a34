"""What cannot be exported, and why."""

from __future__ import annotations

import importlib
from typing import Any

from sweeper.ports import SweeperError


class Unexportable(SweeperError):
    """A model that a format cannot hold; the message says what of it, and what can be done."""


def needed(module: str) -> Any:
    """A module that only exporting needs. Unexportable when its package is not installed."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise Unexportable(
            f"this format needs {module.partition('.')[0]}, which is not installed here: "
            "pip install 'sweeper[export]'"
        ) from error


def reason(error: BaseException) -> str:
    """The first line of what went wrong at the bottom of it."""
    while error.__cause__ is not None:
        error = error.__cause__
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:300]}" if lines else type(error).__name__
