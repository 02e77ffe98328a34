"""Code that comes with a model: anybody's, so that what it raises is told as the user's matter."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sweeper.ports import SweeperError


@contextmanager
def guarded(what: str, kind: type[SweeperError] = SweeperError) -> Iterator[None]:
    """An error of `kind` that begins with `what` in place of any but a SweeperError."""
    try:
        yield
    except SweeperError:
        raise
    except Exception as error:
        raise kind(f"{what}: {type(error).__name__}: {error}") from error
