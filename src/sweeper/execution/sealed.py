"""What passes the mailbox: the job, orders and results as bytes, which it hands on unopened."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from typing import Any, NamedTuple

from sweeper.core.records import RunKey
from sweeper.ports import Job, Order, RunResult

Done = tuple[RunKey, RunResult, bool]
"""A run, its result, and whether it ended early because it was asked to."""


class SealedBatch(NamedTuple):
    """Orders that travel together, and whose they are. An order in it whose key is not there has
    been called back."""

    keys: tuple[RunKey, ...]
    content: bytes


class SealedResults(NamedTuple):
    """What a batch gave, as a list of `Done`, and of which runs."""

    keys: tuple[RunKey, ...]
    content: bytes


NOTHING = SealedResults((), b"")


class SealedJob(NamedTuple):
    """A job. `buffers` are the arrays in it, as bytes that need not be copied to be read."""

    content: bytes
    buffers: tuple[Any, ...]


def job(given: Job) -> SealedJob:
    """Raises what pickling raises."""
    import numpy as np
    from ray import cloudpickle

    found: list[pickle.PickleBuffer] = []
    content: bytes = cloudpickle.dumps(given, protocol=5, buffer_callback=found.append)
    return SealedJob(content, tuple(np.frombuffer(each.raw(), np.uint8) for each in found))


def batch(orders: Sequence[Order]) -> SealedBatch:
    return SealedBatch(tuple(order.key for order in orders), _seal(list(orders)))


def results(done: Sequence[Done]) -> SealedResults:
    """Raises what pickling raises."""
    return SealedResults(tuple(key for key, _, _ in done), _seal(list(done))) if done else NOTHING


def opened_batch(sealed: SealedBatch) -> list[Order]:
    """Those that have not been called back."""
    found: list[Order] = pickle.loads(sealed.content)
    wanted = set(sealed.keys)
    return [order for order in found if order.key in wanted]


def opened_results(sealed: SealedResults) -> list[Done]:
    found: list[Done] = pickle.loads(sealed.content)
    return found


def opened_job(sealed: SealedJob) -> Job:
    """The job; its arrays are where the buffers are."""
    found: Job = pickle.loads(sealed.content, buffers=sealed.buffers)
    return found


def _seal(value: object) -> bytes:
    try:
        return pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    except Exception:
        from ray import cloudpickle  # slower, and knows more of what users make

        content: bytes = cloudpickle.dumps(value)
        return content
