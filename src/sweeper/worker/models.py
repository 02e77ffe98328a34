"""Models as bytes and back. Only bytes that this project wrote itself may be loaded."""

from __future__ import annotations

import pickle
from typing import Any

from sweeper.worker.modules import reachable

ROLE = "model"
FILE = "model.pkl"


def dump(model: Any) -> bytes:
    """A fitted model that takes raw rows, as bytes. TypeError when it cannot be stored."""
    import cloudpickle

    from sweeper.worker import transforms

    cloudpickle.register_pickle_by_value(transforms)
    try:
        content: bytes = cloudpickle.dumps(model)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise TypeError(f"the model ({type(model).__name__}) cannot be stored: {error}") from error
    finally:
        cloudpickle.unregister_pickle_by_value(transforms)
    return content


def load(content: bytes, directory: str) -> Any:
    """The model `dump` was given; it has `predict`. User modules are found in `directory`."""
    reachable(directory)
    return pickle.loads(content)
