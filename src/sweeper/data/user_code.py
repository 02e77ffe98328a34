"""Finding `module:name` beside the config or on the path, and calling what was found."""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sweeper.data.problems import invalid, nearest


def load_object(reference: str, directory: Path, key: str) -> Any:
    """What `module:name` names. A module beside the config wins over one on the path.

    Raises InvalidSpec on `key` when there is no such module or name, or importing fails.
    """
    module_name, _, name = reference.partition(":")
    module = call_user(lambda: _import(module_name, directory), f"importing {module_name}", key)
    if not hasattr(module, name):
        public = [n for n in vars(module) if not n.startswith("_")]
        raise invalid(key, f"no '{name}' in module {module_name}; {nearest(name, public)}")
    return getattr(module, name)


def call_user(function: Callable[[], Any], doing: str, key: str) -> Any:
    """Calls the user's code; whatever it raises becomes one line that says where."""
    try:
        return function()
    except (Exception, SystemExit) as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{frame.filename}:{frame.lineno}"
        raise invalid(key, f"{doing} failed: {type(error).__name__}: {error} ({where})") from error


def _import(name: str, directory: Path) -> Any:
    folder = str(directory.resolve())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    _forget_namesake(name.partition(".")[0], Path(folder))
    importlib.invalidate_caches()
    return importlib.import_module(name)


def _forget_namesake(top: str, folder: Path) -> None:
    """Another config's module of the same name must not be taken for this one's."""
    beside = [folder / f"{top}.py", folder / top / "__init__.py"]
    loaded = getattr(sys.modules.get(top), "__file__", None)
    here = next((path for path in beside if path.is_file()), None)
    if here is None or loaded is None or Path(loaded).resolve() == here:
        return
    for module in [m for m in sys.modules if m == top or m.startswith(f"{top}.")]:
        del sys.modules[module]
    sys.path.remove(str(folder))
    sys.path.insert(0, str(folder))
