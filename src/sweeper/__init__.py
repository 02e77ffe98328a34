"""Hyperparameter sweeps with cross-validation on Ray: one YAML file in, a registered model out."""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"
__all__ = ["Infeasible", "Sweep", "launch", "open"]


class Infeasible(Exception):
    """Raise it in your own code to say that a trial's parameters cannot work.

    The trial fails at once, is not tried again, and the sampler learns to look elsewhere.
    It may be the cause of another exception (`raise X from error`), as libraries do.
    """


def __getattr__(name: str) -> Any:
    """The API on first use, so that `import sweeper` stays light.

    By name: the package itself depends on no part of it, so that every part may ask it
    for the version.
    """
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("sweeper.api"), name)
