"""Tensors that are spread over ranks (FSDP's DTensors): to plain ones and back."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any


def spread_out(value: Any) -> bool:
    """Whether it is a DTensor; without torch nothing is."""
    module = sys.modules.get("torch.distributed.tensor")
    return module is not None and isinstance(value, module.DTensor)


def whole(tensor: Any) -> Any:
    """The whole tensor, on the CPU. All ranks call it, in the same order."""
    return tensor.full_tensor().detach().cpu()


def part(tensor: Any) -> Any:
    """This rank's part of it."""
    return tensor.to_local().detach()


def mapped(state: Any, change: Callable[[Any], Any]) -> Any:
    """`state`, a nest of dicts and lists, with `change` done to the DTensors in it."""
    if spread_out(state):
        return change(state)
    if isinstance(state, Mapping):
        return {key: mapped(value, change) for key, value in state.items()}
    if isinstance(state, list | tuple):
        return type(state)(mapped(value, change) for value in state)
    return state


def placed(tensor: Any, like: Any, sharded: bool) -> Any:
    """`tensor`, whole or a part, spread out as `like` is, if that is."""
    if not spread_out(like):
        return tensor
    from torch.distributed.tensor import DTensor, distribute_tensor

    mesh, placements = like.device_mesh, like.placements
    tensor = tensor.to(like.device)
    if not sharded:
        return distribute_tensor(tensor, mesh, placements)
    return DTensor.from_local(
        tensor, mesh, placements, run_check=False, shape=like.shape, stride=like.stride()
    )


def placed_optimizer(state: dict[str, Any], optimizer: Any, sharded: bool) -> dict[str, Any]:
    """An optimiser's state, each of its tensors spread out as the parameter it is about.

    What has not its parameter's shape, as a count of steps, stays.
    """
    params = [p for group in optimizer.param_groups for p in group["params"]]
    if not any(map(spread_out, params)):
        return state
    return state | {
        "state": {
            number: {
                name: placed(value, params[number], sharded)
                if getattr(value, "shape", ()) == _shape(params[number], sharded)
                else value
                for name, value in entry.items()
            }
            for number, entry in state["state"].items()
        }
    }


def _shape(param: Any, sharded: bool) -> Any:
    return param.to_local().shape if sharded and spread_out(param) else param.shape
