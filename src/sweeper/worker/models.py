"""Models as bytes and back. Only bytes that this project wrote itself may be loaded."""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sweeper.worker.modules import reachable

ROLE = "model"
FILE = "model.pkl"

DEEPEST = 8
WIDEST = 1000


class Unstorable(TypeError):
    """A model that cannot be pickled; the message names it and what in it is to blame."""


class _Nowhere(io.RawIOBase):
    """Takes what is written and keeps nothing of it."""

    def write(self, content: Any) -> int:
        return len(content)


def dump(model: Any) -> bytes:
    """A fitted model that takes raw rows, as bytes. Unstorable when it cannot be stored."""
    content = io.BytesIO()
    _write(model, content)
    return content.getvalue()


def storable(model: Any) -> None:
    """Unstorable when `dump` could not store the model."""
    _write(model, _Nowhere())


def load(content: bytes, directory: str) -> Any:
    """The model `dump` was given; it has `predict`. User modules are found in `directory`."""
    reachable(directory)
    return pickle.loads(content)


def _write(model: Any, target: Any) -> None:
    with _own_transforms_by_value():
        try:
            _pickle(model, target)
        except MemoryError:
            raise
        except Exception as error:  # __reduce__ and __getstate__ are anybody's code
            raise Unstorable(_blame(model, error)) from error


def _pickle(value: Any, target: Any) -> None:
    import cloudpickle

    cloudpickle.Pickler(target).dump(value)


@contextmanager
def _own_transforms_by_value() -> Iterator[None]:
    """A stored model must not need the sweeper that stored it."""
    import cloudpickle

    from sweeper.worker import network, transforms

    for module in (network, transforms):
        cloudpickle.register_pickle_by_value(module)
    try:
        yield
    finally:
        for module in (network, transforms):
            cloudpickle.unregister_pickle_by_value(module)


def _blame(model: Any, error: Exception) -> str:
    from sweeper.worker.transforms import Trained

    path, culprit = _culprit(model)
    kind = type(model.model if isinstance(model, Trained) else model).__name__
    if not path:
        return f"the model ({kind}) cannot be stored: {error}"
    held = f"{type(culprit).__module__}.{type(culprit).__qualname__}".removeprefix("builtins.")
    return (
        f"the model ({kind}) cannot be stored: its {path} is a {held}, which cannot be pickled. "
        "Remove it before saving, or leave it out in __getstate__"
    )


def _culprit(model: Any) -> tuple[str, Any]:
    """The innermost part that cannot be pickled, and the way to it from the model."""
    path, at, seen = "", model, {id(model)}
    for _ in range(DEEPEST):
        for name, part in _parts(at):
            if id(part) not in seen and not _picklable(part):
                seen.add(id(part))
                path, at = path + name, part
                break
        else:
            break
    return path.removeprefix("."), at


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    """What a value is made of, each with how it is written: `.name` or `[key]`."""
    if isinstance(value, dict):
        found = ((f"[{str(key)[:40]!r}]", part) for key, part in value.items())
    elif isinstance(value, list | tuple):
        found = ((f"[{i}]", part) for i, part in enumerate(value))
    else:
        held = getattr(value, "__dict__", None)
        found = ((f".{name}", part) for name, part in (held or {}).items())
    return (part for _, part in zip(range(WIDEST), found, strict=False))


def _picklable(value: Any) -> bool:
    try:
        _pickle(value, _Nowhere())
    except Exception:  # whatever it is, the value is to blame
        return False
    return True
