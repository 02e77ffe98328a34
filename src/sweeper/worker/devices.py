"""Which device a worker has, and whether it gave it back."""

from __future__ import annotations

import gc
import math
import sys
from typing import Any

from sweeper.worker.gang import Gang

LEFT = 256 * 2**20
"""Bytes of GPU memory that libraries keep for themselves (workspaces) after a run."""


def own_device(gpus: float) -> bool:
    """Whether each worker has a whole GPU: nccl wants no two ranks on one."""
    torch: Any = sys.modules.get("torch")
    return gpus >= 1 and torch is not None and torch.cuda.is_available()


def device(gang: Gang, gpus: float) -> str:
    """`cuda:N` when torch is in use and sees a GPU, else `cpu`."""
    torch: Any = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return "cpu"
    return f"cuda:{device_index(gang, gpus)}"


def device_index(gang: Gang, gpus: float) -> int:
    """The worker's first GPU among those it sees: its own alone, or those of all workers of
    its node, in their order."""
    import torch

    seen, needed = int(torch.cuda.device_count()), max(1, math.ceil(gpus))
    return 0 if seen <= needed else gang.local_rank * needed % seen


def left_behind() -> str:
    """What the last run left that the next one must not find; empty when nothing."""
    torch: Any = sys.modules.get("torch")
    if torch is None:
        return ""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return "a process group is still there"
    if not torch.cuda.is_initialized():
        return ""
    if torch.cuda.memory_allocated() > LEFT:
        gc.collect()
        torch.cuda.empty_cache()
    held = max(torch.cuda.memory_allocated(i) for i in range(torch.cuda.device_count()))
    return f"{held / 2**20:.0f} MiB of GPU memory are still held" if held > LEFT else ""
