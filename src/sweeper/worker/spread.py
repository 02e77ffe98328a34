"""`trial.distribute`: a model on its device, and over all ranks."""

from __future__ import annotations

import copy
import sys
from typing import Any
from weakref import WeakKeyDictionary

from sweeper.worker import shards

STRATEGIES = ("ddp", "fsdp")

_unsharded: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()
"""Of a module that is spread out, one like it that is not, to be stored in its place."""


def distribute(
    model: Any, strategy: str, device: str, world_size: int, options: dict[str, Any]
) -> Any:
    """The model to train with. One worker needs no more than the device."""
    if strategy not in STRATEGIES:
        raise ValueError(f"strategy must be one of {', '.join(STRATEGIES)}, found {strategy!r}")
    if strategy == "fsdp" and world_size > 1:
        return _sharded(model, device, options)
    model = model.to(device)
    if world_size == 1:
        return model
    from torch.nn.parallel import DistributedDataParallel

    return DistributedDataParallel(model, **options)


def _sharded(model: Any, device: str, options: dict[str, Any]) -> Any:
    from torch.distributed.fsdp import fully_shard

    plain = copy.deepcopy(model).cpu()
    sharded = fully_shard(model.to(device), **options)
    _unsharded[sharded] = plain
    return sharded


def storable(model: Any) -> Any:
    """The model as it can be stored: alone, and whole. All ranks call it together."""
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(model, torch.nn.Module) or model not in _unsharded:
        return unwrapped(model)
    plain = _unsharded[model]
    plain.load_state_dict(shards.mapped(model.state_dict(), shards.whole))
    return plain


def unwrapped(model: Any) -> Any:
    """The user's own module, where DistributedDataParallel is around it."""
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(model, torch.nn.parallel.DistributedDataParallel):
        return model.module
    return model
