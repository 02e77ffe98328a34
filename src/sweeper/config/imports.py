"""Finding what a config names: `package.module.Class` or `module:function`."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from sweeper.config.problems import did_you_mean, nearest, short

_PATH = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*(:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*)?")
_EXTRAS = {"xgboost": "boosting", "lightgbm": "boosting", "torch": "torch"}
_SEARCHED = (
    "linear_model", "ensemble", "svm", "neighbors", "tree", "naive_bayes", "neural_network",
    "discriminant_analysis", "preprocessing", "impute", "pipeline", "compose", "decomposition",
    "feature_selection", "gaussian_process", "kernel_ridge", "dummy", "calibration",
)  # fmt: skip


class NotFound(Exception):
    """The message says what was not found, and the nearest that was."""


@contextmanager
def importable(directory: Path) -> Iterator[None]:
    """Lets modules beside the config be imported; leaves the interpreter as it was.

    A module of the same name that another config brought steps aside meanwhile, those
    from `directory` are forgotten afterwards, and nothing is compiled into the folder.
    """
    folder = directory.resolve()
    aside = {name: sys.modules.pop(name) for name in list(sys.modules) if _namesake(name, folder)}
    before, wrote = set(sys.modules), sys.dont_write_bytecode
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = True
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.dont_write_bytecode = wrote
        if str(folder) in sys.path:
            sys.path.remove(str(folder))
        new = set(sys.modules) - before  # a copy: other threads may be importing
        tops = {name for name in new if _is_beside(name, folder)}
        for name in [n for n in new if n.partition(".")[0] in tops]:
            del sys.modules[name]
        sys.modules.update(aside)


def _beside(top: str, folder: Path) -> list[Path]:
    """The files that a module of this name beside the config can have."""
    return [folder / f"{top}.py", folder / top / "__init__.py"]


def _is_beside(name: str, folder: Path) -> bool:
    origin = getattr(sys.modules[name], "__file__", None)
    return "." not in name and origin is not None and Path(origin) in _beside(name, folder)


def _namesake(name: str, folder: Path) -> bool:
    """True when a module, not of Python's own, hides one of the config's folder."""
    top = name.partition(".")[0]
    loaded = getattr(sys.modules.get(top), "__file__", None)
    if loaded is None or top in sys.stdlib_module_names or "site-packages" in loaded:
        return False
    files = _beside(top, folder)
    return Path(loaded) not in files and any(file.is_file() for file in files)


def find(path: str) -> Any:
    """The object that `path` names; NotFound says why there is none.

    Importing runs the module's code: whatever it raises becomes a NotFound, in one line.
    """
    if not _PATH.fullmatch(path):
        raise NotFound(f"`{short(path)}` names nothing that could be imported")
    module_name, _, attribute = path.partition(":")
    if attribute:
        return _inside(_module(module_name), attribute)
    module_name, _, attribute = path.rpartition(".")
    if not module_name:
        raise NotFound(f"`{short(path)}` names no module{_class_hint(path)}")
    return _inside(_longest_module(path), path)


def _longest_module(path: str) -> ModuleType:
    """The deepest module on a dotted path, which may end in a class inside a class."""
    parts = path.split(".")
    module = _module(parts[0])
    for i in range(2, len(parts)):
        name = ".".join(parts[:i])
        if hasattr(module, parts[i - 1]) and not isinstance(
            getattr(module, parts[i - 1]), ModuleType
        ):
            return module
        module = _module(name)
    return module


def _module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise NotFound(_missing(name, error)) from None
    except (Exception, SystemExit) as error:
        raise NotFound(
            f"importing `{short(name)}` failed: {type(error).__name__}: {short(error)}"
        ) from None


def _missing(name: str, error: ModuleNotFoundError) -> str:
    missing = error.name or name
    top = missing.partition(".")[0]
    if top in _EXTRAS and importlib.util.find_spec(top) is None:
        return f"`{top}` is not installed; install it with `pip install 'sweeper[{_EXTRAS[top]}]'`"
    if missing != name and not name.startswith(f"{missing}."):
        return f"importing `{short(name)}` failed: it needs `{short(missing)}`, not installed"
    parent, _, last = missing.rpartition(".")
    near = nearest(last, _modules_of(parent))
    hint = f"; did you mean `{f'{parent}.' if parent else ''}{near}`?" if near else ""
    return f"there is no module `{short(missing)}`{hint}"


def _modules_of(parent: str) -> list[str]:
    """Modules inside a package; beside the config and on the path when `parent` is empty."""
    folders = getattr(sys.modules.get(parent), "__path__", None) if parent else None
    if parent and folders is None:
        return []
    found = pkgutil.iter_modules(folders if parent else sys.path)
    return [m.name for m in found if not m.name.startswith("_")]


def _inside(module: ModuleType, path: str) -> Any:
    """The attribute of `module` that a path, whole or relative to it, leads to."""
    prefix = f"{module.__name__}."
    relative = path[len(prefix) :] if path.startswith(prefix) else path
    found: Any = module
    for part in relative.split("."):
        try:
            found = getattr(found, part)
        except (AttributeError, ImportError):
            raise NotFound(_no_attribute(module, part)) from None
    return found


def _no_attribute(module: ModuleType, name: str) -> str:
    hint = did_you_mean(name, public_names(module)) or _class_hint(name)
    return f"`{module.__name__}` has no `{short(name)}`{hint}"


def public_names(module: ModuleType) -> list[str]:
    return [n for n in dir(module) if not n.startswith("_")]


def _class_hint(name: str) -> str:
    """`; did you mean sklearn.svm.SVC?` for a scikit-learn class named without its module."""
    for module in _sklearn_modules():
        if name in public_names(module):
            return f"; did you mean `{module.__name__}.{name}`?"
    names = {n: m.__name__ for m in _sklearn_modules() for n in public_names(m)}
    near = nearest(name, names)
    return f"; did you mean `{names[near]}.{near}`?" if near else ""


def _sklearn_modules() -> Iterable[ModuleType]:
    return [importlib.import_module(f"sklearn.{name}") for name in _SEARCHED]
