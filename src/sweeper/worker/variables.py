"""Environment variables of one run: those that torchrun sets, for code written for it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache

from sweeper.ports import Rank

ALONE = Rank(0, 1, 0, 1, 0, "127.0.0.1", 0)
"""The place of a run of one worker. Port 0: whoever asks for a store makes one."""


Values = Mapping[str, str | None]
"""By name; None: not set."""


@contextmanager
def environment(values: Values, stay: bool) -> Iterator[None]:
    """Inside, these variables have these values; afterwards those from before, unless they
    may `stay`: then the next run in this process mostly finds them as it needs them."""
    before = {name: old for name, value in values.items() if (old := os.environ.get(name)) != value}
    _set({name: values[name] for name in before})
    try:
        yield
    finally:
        if not stay:
            _set(before)


def _set(values: Values) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


@lru_cache(maxsize=1)
def torchrun(place: Rank | None) -> Values:
    """What torchrun would set for this worker.

    For a gang also what says that the store is there already, so that whoever makes a process
    group by `env://` joins it instead of making a store.
    """
    at = place or ALONE
    values = {
        "RANK": at.rank,
        "WORLD_SIZE": at.world_size,
        "LOCAL_RANK": at.local_rank,
        "LOCAL_WORLD_SIZE": at.local_world_size,
        "GROUP_RANK": at.node_rank,
        "ROLE_RANK": at.rank,
        "ROLE_WORLD_SIZE": at.world_size,
        "MASTER_ADDR": at.host,
        "MASTER_PORT": at.port,
    }
    elastic = {
        "TORCHELASTIC_USE_AGENT_STORE": "True",
        "TORCHELASTIC_RUN_ID": "sweeper",
        "TORCHELASTIC_RESTART_COUNT": "0",
        "TORCHELASTIC_MAX_RESTARTS": "0",
    }
    return {
        **{name: str(value) for name, value in values.items()},
        **(elastic if place else dict.fromkeys(elastic)),
    }
