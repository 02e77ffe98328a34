"""Finding what a config names: classes and functions, the user's own among them."""

from __future__ import annotations

import importlib
import os
import sys
from functools import reduce
from typing import Any


def reachable(directory: str) -> None:
    """Put the config's folder on `sys.path`, so that the user's modules are found."""
    folder = os.path.abspath(directory)
    if folder not in sys.path:
        sys.path.insert(0, folder)


def load(path: str, directory: str) -> Any:
    """The object named by `module:name` or `module.name`.

    Whatever the import of the user's module raises passes through: it is the user's error.
    """
    reachable(directory)
    module, colon, name = path.partition(":")
    if not colon:
        module, _, name = path.rpartition(".")
    return reduce(getattr, name.split("."), importlib.import_module(module))
