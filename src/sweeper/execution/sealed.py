"""What passes the mailbox: orders and results as bytes, which it hands on without opening them."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from typing import Any, NamedTuple

from sweeper.core.records import RunKey
from sweeper.ports import Order, RunResult

Done = tuple[RunKey, RunResult, bool]
"""A run, its result, and whether it ended early because it was asked to."""


class SealedOrder(NamedTuple):
    """An order, and whose it is."""

    key: RunKey
    content: bytes


class SealedResults(NamedTuple):
    """What a batch gave, as a list of `Done`, and of which runs."""

    keys: tuple[RunKey, ...]
    content: bytes


NOTHING = SealedResults((), b"")


def order(given: Order) -> SealedOrder:
    return SealedOrder(given.key, _seal(given))


def results(done: Sequence[Done]) -> SealedResults:
    """Raises what pickling raises."""
    return SealedResults(tuple(key for key, _, _ in done), _seal(list(done))) if done else NOTHING


def opened(sealed: SealedOrder | SealedResults) -> Any:
    """The order, or the list of results."""
    return pickle.loads(sealed.content)


def _seal(value: object) -> bytes:
    try:
        return pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    except Exception:
        from ray import cloudpickle  # slower, and knows more of what users make

        content: bytes = cloudpickle.dumps(value)
        return content
