"""The default process group of a run: there before user code, gone after it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import lru_cache, wraps
from time import sleep
from typing import Any

from sweeper.ports import Rank
from sweeper.worker.devices import device_index, own_device
from sweeper.worker.gang import TIMEOUT, Gang

REACHED = timedelta(seconds=60)
"""In which the gang's store must answer."""

MOMENT = 0.05
"""Seconds in which gloo's threads have let go of the last collective (see `_held`)."""

_made: list[Any] = []
"""The process group that was made here, until user code makes its own."""

_held: list[Any] = []
"""All default groups of the last run that went well, until the next one begins.

A DistributedDataParallel that outlives `destroy_process_group` would else be the last to hold
its group, and end it with the interpreter locked; gloo's threads, which may still need the
interpreter to let go of the last collective, are waited for there: a deadlock (torch 2.13).
"""


@contextmanager
def joined(place: Rank | None, gpus: float) -> Iterator[Gang]:
    """Inside there is a process group of all of the run's workers; none for a run of one.

    Leaving never waits for other ranks when the inside has failed. Whatever group user code
    made and left is ended as well.
    """
    gang = Gang()
    if place is not None:
        gang = _join(place, gpus)
    try:
        yield gang
    except BaseException:
        with suppress(RuntimeError):  # the group is broken, which is told by what broke it
            _left(whole=False)
        if _held:
            sleep(MOMENT)
            _held.clear()  # its connections too: others may be waiting at their other end
        raise
    else:
        _left(whole=True)
    finally:
        _ended(gang)


def make_way() -> None:
    """Let user code call `init_process_group` though a default group is there.

    Code written for torchrun makes it itself, as it likes it: ours is then ended first, on
    all ranks, for all of them make theirs. Call it before user code is imported, which may
    take the function by name.
    """
    import torch
    import torch.distributed as dist

    made_by_torch = dist.init_process_group
    if made_by_torch.__module__ == __name__:
        return

    @wraps(made_by_torch)
    def init_process_group(*args: Any, **options: Any) -> None:
        if dist.is_initialized() and _made and dist.group.WORLD is _made[0]:
            dist.all_reduce(torch.zeros(1))  # some may still be on their way into it
            dist.destroy_process_group()
            _made.clear()
        made_by_torch(*args, **options)
        _held.append(dist.group.WORLD)

    init_process_group.__module__ = __name__
    dist.init_process_group = init_process_group


def _join(place: Rank, gpus: float) -> Gang:
    import torch
    import torch.distributed as dist

    _held.clear()
    store = _store(place.host, place.port, place.world_size)
    backend, gang = "gloo", Gang(place, dist.PrefixStore("sweeper", store))
    if own_device(gpus):
        torch.cuda.set_device(device_index(gang, gpus))
        backend = "cpu:gloo,cuda:nccl"
    make_way()
    dist.init_process_group(
        backend,
        store=dist.PrefixStore("sweeper-group", store),
        rank=place.rank,
        world_size=place.world_size,
        timeout=TIMEOUT,
    )
    _made[:] = [dist.group.WORLD]
    return gang


@lru_cache(maxsize=1)
def _store(host: str, port: int, world_size: int) -> Any:
    """The gang's store. One connection serves all runs: for each new one the store looks up the
    name of who calls, for its logs, which takes seconds where a name server is slow."""
    from torch.distributed import TCPStore

    store = TCPStore(
        host, port, world_size, is_master=False, timeout=REACHED, wait_for_workers=False
    )
    store.set_timeout(TIMEOUT)
    return store


def _ended(gang: Gang) -> None:
    if gang.world_size > 1:
        with suppress(RuntimeError):  # the store went away: nobody is there to be told
            gang.end()


def _left(whole: bool) -> None:
    """End the default group: at once, unless all went well here."""
    _made.clear()
    torch: Any = sys.modules.get("torch")
    if torch is None:
        return
    dist = torch.distributed
    if dist.is_available() and dist.is_initialized():
        if torch.cuda.is_initialized() and whole:
            torch.cuda.synchronize()  # others may still need our part of the last collective
        if whole or "nccl" not in str(dist.get_backend_config()):
            dist.destroy_process_group()
        else:
            dist.distributed_c10d._abort_process_group()
    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()
