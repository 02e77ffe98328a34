"""Hyperparameter sweeps with cross-validation on Ray: one YAML file in, a registered model out."""

from typing import Any

__version__ = "0.1.0"
__all__ = ["Sweep", "launch", "open"]


def __getattr__(name: str) -> Any:
    """The API on first use, so that `import sweeper` stays light."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from sweeper import api

    return getattr(api, name)
