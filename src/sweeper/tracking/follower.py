"""Keeps a mirror up to date with a growing journal, whatever MLflow does meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from sweeper.core.events import Event
from sweeper.mlflow_store import StoreReplaced, masked

Records = Sequence[tuple[int, Event]]

POLL = 1.0
"""Seconds between looks at the journal."""

GRACE = 120.0
"""Seconds in which to catch up once nobody writes the journal any more."""

_BATCH = 400  # records between two moves of the cursor
_LONGEST_PAUSE = 30.0


class Reflecting(Protocol):
    """What a `Mirror` does."""

    @property
    def seen(self) -> int: ...
    def apply(self, records: Records) -> None: ...
    def abandon(self, reason: str) -> None: ...


def follow(
    read: Callable[[int], Records],
    mirror_factory: Callable[[], Reflecting],
    done: Callable[[], bool],
    *,
    pause: Callable[[float], None],
    clock: Callable[[], float],
    report: Callable[[str], None],
) -> bool:
    """Apply what `read(n)` gives, the records after number n, until `done` and caught up.

    Any error makes it start again with a new mirror, after a pause that doubles up to half a
    minute; the mirror's own cursor says what is left to write. Once `done` is true it has
    GRACE seconds left. True when everything in the journal is written. StoreReplaced passes.
    """
    mirror: Reflecting | None = None
    failures = 0
    deadline: float | None = None
    while True:
        last = done()
        if last and deadline is None:
            deadline = clock() + GRACE
        wait = POLL
        try:
            mirror = mirror or mirror_factory()
            records = read(mirror.seen)
            for start in range(0, len(records), _BATCH):
                if deadline is not None and clock() > deadline:
                    return False
                mirror.apply(records[start : start + _BATCH])
            if last:
                mirror.abandon("the controller ended without a word; launch again to go on")
                return True
            failures = 0
        except StoreReplaced:
            raise
        except Exception as error:  # whatever MLflow, its database or the network throws
            mirror = None
            failures += 1
            wait = min(_LONGEST_PAUSE, 0.5 * 2**failures)
            report(f"{type(error).__name__}: {masked(str(error))}; again in {wait:g} s")
        if deadline is not None:
            left = deadline - clock()
            if left <= 0:
                return False
            wait = min(wait, left)
        pause(wait)
