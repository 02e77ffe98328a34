"""Environment variables of one run: those that torchrun sets, for code written for it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache, lru_cache

from sweeper.ports import Rank

ALONE = Rank(0, 1, 0, 1, 0, "127.0.0.1", 0)
"""The place of a run of one worker. Port 0: whoever asks for a store makes one."""


Values = Mapping[bytes, bytes | None]
"""By name; None: not set."""


def current() -> Mapping[bytes, bytes]:
    """The variables as they stand. `os.environ` asked for names and values one by one takes
    longer than a short fold."""
    return os.environ._data  # type: ignore[attr-defined,no-any-return]


@contextmanager
def environment(values: Values, stay: bool) -> Iterator[None]:
    """Inside, these variables have these values; afterwards those from before, unless they
    may `stay`: then the next run in this process mostly finds them as it needs them."""
    now = current()
    before = {name: old for name, value in values.items() if (old := now.get(name)) != value}
    _set({name: values[name] for name in before})
    try:
        yield
    finally:
        if not stay:
            _set(before)


def _set(values: Values) -> None:
    for name, value in values.items():
        if value is None:
            os.environb.pop(name, None)
        else:
            os.environb[name] = value


@cache
def everywhere(names: tuple[str, ...], value: str) -> Values:
    """All `names` with the same value."""
    return dict.fromkeys(map(os.fsencode, names), os.fsencode(value))


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
        **{os.fsencode(name): os.fsencode(str(value)) for name, value in values.items()},
        **{
            os.fsencode(name): os.fsencode(value) if place else None
            for name, value in elastic.items()
        },
    }
