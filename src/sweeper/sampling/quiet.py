"""Keeps Optuna's announcements, notices and experimental warnings off the user's terminal."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from optuna.exceptions import ExperimentalWarning


@contextmanager
def quiet() -> Iterator[None]:
    """Optuna's logger lets only errors through meanwhile; a user's own use of it is not touched.

    The warnings filter stays, because taking one back is not safe beside other threads. It
    names the arguments that are used here.
    """
    used = "Argument ``(group|deterministic_objective)``"
    warnings.filterwarnings("ignore", used, ExperimentalWarning)
    logger = logging.getLogger("optuna")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
