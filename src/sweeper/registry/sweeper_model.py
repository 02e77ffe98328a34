"""Loads a model that is no scikit-learn estimator, for MLflow.

This file is copied beside such a model and imported from there, where sweeper need not be
installed: it imports nothing of sweeper.
"""

from __future__ import annotations

import pickle
from typing import Any


def _load_pyfunc(path: str) -> Any:
    """The stored object, which has `predict`. Loading runs its code: trust where it is from."""
    with open(path, "rb") as file:
        return pickle.load(file)
