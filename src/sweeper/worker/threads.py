"""Keeping a fold run to its share of the processors."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from typing import Any

from sweeper.worker.variables import environment, everywhere

VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "LOKY_MAX_CPU_COUNT")
"""Read by child processes, and by joblib for `n_jobs=-1`."""


@contextmanager
def limited(cpus: float, stay: bool) -> Iterator[None]:
    """Inside, numerical libraries use at most `cpus` threads, rounded down, at least one. The
    limit may `stay` in a process where every run has its own."""
    threads = max(1, int(cpus))
    with ExitStack() as stack:
        stack.enter_context(environment(everywhere(VARIABLES, str(threads)), stay))
        libraries = _controller(len(sys.modules))
        if not stay:
            stack.enter_context(libraries.limit(limits=threads))
        elif any(each.num_threads != threads for each in libraries.lib_controllers):
            libraries.limit(limits=threads)
        stack.enter_context(_torch(threads))
        yield


@lru_cache(maxsize=1)
def _controller(modules: int) -> Any:
    """Finding the libraries takes milliseconds: again only when more modules are imported."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


@contextmanager
def _torch(threads: int) -> Iterator[None]:
    torch = sys.modules.get("torch")
    if torch is None:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
