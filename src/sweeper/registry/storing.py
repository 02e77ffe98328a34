"""A fitted model as a folder that any MLflow client can load, without sweeper installed."""

from __future__ import annotations

import inspect
import io
import pickle
import shutil
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

from sweeper.ports import Column, Registration
from sweeper.registry import sweeper_model

_ALWAYS = ("cloudpickle", "numpy", "pandas", "scikit-learn", "scipy")


def store(registration: Registration, content: bytes, folder: Path) -> str:
    """Write an MLflow model into `folder`; where in it the model's own bytes are.

    Scikit-learn estimators get the sklearn flavour as well as pyfunc. The user's modules
    that the model needs go with it, Python files only. Raises what loading the model raises.
    """
    import mlflow.pyfunc
    import mlflow.sklearn
    from sklearn.base import BaseEstimator

    directory = Path(registration.directory).resolve()
    model, modules = _load(content, directory)
    shared: dict[str, Any] = {
        "signature": _signature(registration),
        "pip_requirements": requirements(modules),
    }
    code = _user_code(modules, directory, folder.with_name("code"))
    if isinstance(model, BaseEstimator):
        mlflow.sklearn.save_model(
            model,
            str(folder),
            serialization_format="cloudpickle",
            code_paths=code or None,
            **shared,
        )
        name = "model.pkl"
    else:
        file = folder.with_name("model.pkl")
        file.write_bytes(content)
        loader = str(Path(sweeper_model.__file__))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it asks for an input example: a row of data
            mlflow.pyfunc.save_model(
                str(folder),
                loader_module="sweeper_model",
                data_path=str(file),
                code_paths=[*code, loader],
                **shared,
            )
        name = "data/model.pkl"
    (folder / name).write_bytes(content)  # exactly the bytes that were scored
    return name


class _Unpickler(pickle.Unpickler):
    """Loads, and remembers which top-level modules the pickle names."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self.modules: set[str] = set()

    def find_class(self, module: str, name: str) -> Any:
        self.modules.add(module.partition(".")[0])
        return super().find_class(module, name)


def _load(content: bytes, directory: Path) -> tuple[Any, set[str]]:
    """The model, which this project wrote, and the top-level modules it is made of."""
    with _importable(directory):
        unpickler = _Unpickler(io.BytesIO(content))
        return unpickler.load(), unpickler.modules


@contextmanager
def _importable(directory: Path) -> Iterator[None]:
    sys.path.insert(0, str(directory))
    try:
        yield
    finally:
        sys.path.remove(str(directory))


def _user_code(modules: set[str], directory: Path, staging: Path) -> list[str]:
    """Copies of the modules in `directory` that the model was made with, if it names any.

    Those it names may import others there, so all that are loaded are taken.
    """
    mine = [name for name in _top_level() if _source(name, directory) is not None]
    if not modules & set(mine):
        return []
    staging.mkdir()
    return [str(_copy(name, directory, staging)) for name in sorted(mine)]


def _top_level() -> set[str]:
    return {name.partition(".")[0] for name in list(sys.modules)} - {"sweeper"}


def _source(name: str, directory: Path) -> Path | None:
    """The file or folder in `directory` that the loaded module `name` is."""
    module = sys.modules.get(name)
    places = [getattr(module, "__file__", None) or "", *getattr(module, "__path__", [])]
    candidates = (directory / f"{name}.py", directory / name / "__init__.py", directory / name)
    found = next((c for c in candidates if str(c) in places), None)
    return found.parent if found is not None and found.name == "__init__.py" else found


def _copy(name: str, directory: Path, staging: Path) -> Path:
    source = _source(name, directory)
    assert source is not None
    target = staging / source.name
    if source.is_file():
        shutil.copyfile(source, target)
    else:
        shutil.copytree(source, target, ignore=_not_python)
    return target


def _not_python(folder: str, names: list[str]) -> list[str]:
    """Data that lies in a user's package stays where it is."""
    return [n for n in names if not n.endswith(".py") and not (Path(folder) / n).is_dir()]


def requirements(modules: Iterable[str]) -> list[str]:
    """Pins of the installed packages that these top-level modules are from, and of the usual."""
    wanted = set(modules)
    found = {d.name.lower() for d in metadata.distributions() if not wanted.isdisjoint(_holds(d))}
    names = sorted((found | set(_ALWAYS)) - {"sweeper"})
    return [f"{name}=={metadata.version(name).partition('+')[0]}" for name in names]


def _holds(package: metadata.Distribution) -> set[str]:
    """The package's top-level modules, by what it says or else by its list of files.

    `metadata.packages_distributions` tells the same, but may look for every file of every
    package on disk: over a second in an ordinary environment.
    """
    told = package.read_text("top_level.txt")
    if told:
        return set(told.split())
    files = (package.read_text("RECORD") or "").splitlines()
    return {_module_name(line.partition(",")[0]) for line in files}


def _module_name(path: str) -> str:
    top, _, below = path.partition("/")
    return top if below else inspect.getmodulename(top) or ""


def _signature(registration: Registration) -> Any:
    """Columns with their types, and the prediction's; None where columns are not known."""
    from mlflow.models import ModelSignature
    from mlflow.types.schema import ColSpec, Schema

    if not registration.columns:
        return None
    inputs = Schema([ColSpec(_type(column), column.name) for column in registration.columns])
    return ModelSignature(inputs, Schema([ColSpec(_answer(registration))]))


def _type(column: Column) -> Any:
    """What MLflow checks of a column. Integers with gaps come as floats; dates in any form."""
    from mlflow.types import DataType
    from mlflow.types.schema import AnyType

    if column.kind == "boolean" or column.dtype.startswith("bool"):
        return DataType.boolean
    if column.dtype.startswith(("int", "uint")) and not column.missing:
        return DataType.long
    if column.kind == "numeric":
        return DataType.double
    if column.kind == "date":
        return AnyType()  # type: ignore[no-untyped-call]
    return DataType.string


def _answer(registration: Registration) -> Any:
    from mlflow.types import DataType

    if registration.task != "classification":
        return DataType.double
    kinds = {bool: DataType.boolean, int: DataType.long, float: DataType.double}
    classes = {type(label) for label in registration.classes}
    return kinds.get(classes.pop(), DataType.string) if len(classes) == 1 else DataType.string
