"""The parts of a checkpoint, each in a safe format: nothing of it can run code when read.

A module's tensors are safetensors. Other objects with `state_dict` (optimisers, schedulers,
gradient scalers) are what `torch.load(weights_only=True)` reads. Arrays are `.npy` without
pickle, plain values JSON, and so is the state of a numpy Generator.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from sweeper.worker import shards
from sweeper.worker.spread import unwrapped

MODULE, STATE, GENERATOR, ARRAY, VALUE = "module", "state", "generator", "array", "value"
LOADABLE = (MODULE, STATE, GENERATOR)
ALIASES = "aliases"


class Unkeepable(TypeError):
    """A thing that a checkpoint has no safe format for."""


def kind_of(name: str, value: Any) -> str:
    """Which of the formats is the part's."""
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(value, torch.nn.Module):
        return MODULE
    if hasattr(value, "state_dict") and hasattr(value, "load_state_dict"):
        return STATE
    if isinstance(value, np.random.Generator):
        return GENERATOR
    if isinstance(value, np.ndarray) and value.dtype != object:
        return ARRAY
    if _plain(value):
        return VALUE
    raise Unkeepable(
        f"a checkpoint cannot keep {name!r}, a {type(value).__name__}: expected something with "
        "state_dict and load_state_dict, a numpy array or Generator, or numbers, texts, lists "
        "and dicts of these"
    )


def _plain(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_plain, value))
    if isinstance(value, dict):
        return all(isinstance(key, str) and _plain(each) for key, each in value.items())
    return value is None or isinstance(value, bool | int | float | str)


def taken(kind: str, value: Any, sharded: bool) -> Any:
    """What is to be written of a part. Where it is spread out, all ranks call this together."""
    if kind == GENERATOR:
        return value.bit_generator.state
    if kind not in (MODULE, STATE):
        return value
    state = unwrapped(value).state_dict()
    return shards.mapped(state, shards.part if sharded else shards.whole)


def write(folder: Path, name: str, kind: str, state: Any) -> list[str]:
    """One part's files, and their names."""
    if kind == MODULE:
        return _write_module(folder, name, state)
    if kind == STATE:
        return [_write_state(folder, f"{name}.pt", state)]
    if kind == ARRAY:
        np.save(folder / f"{name}.npy", state, allow_pickle=False)
        return [f"{name}.npy"]
    text = json.dumps(state, default=lambda array: array.tolist())
    (folder / f"{name}.json").write_text(text, encoding="utf-8")
    return [f"{name}.json"]


def _write_module(folder: Path, name: str, state: Mapping[str, Any]) -> list[str]:
    """Tensors as safetensors; what a module says of itself beside them as another file."""
    import torch
    from safetensors.torch import save_file

    tensors = {key: value for key, value in state.items() if isinstance(value, torch.Tensor)}
    single, aliases = _single(tensors)
    save_file(single, folder / f"{name}.safetensors", {ALIASES: json.dumps(aliases)})
    rest = {key: value for key, value in state.items() if key not in tensors}
    own = [_write_state(folder, f"{name}.pt", rest)] if rest else []
    return [f"{name}.safetensors", *own]


def _single(tensors: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Each tensor once, in memory of its own, and which names are others' too (tied weights)."""
    single: dict[str, Any] = {}
    aliases: dict[str, str] = {}
    seen: dict[Any, str] = {}
    for name, tensor in tensors.items():
        view = tensor.untyped_storage().data_ptr(), tensor.storage_offset()
        which = (*view, tensor.shape, tensor.stride(), tensor.dtype)
        if tensor.numel() and which in seen:
            aliases[name] = seen[which]
        else:
            seen[which] = name
            single[name] = tensor.detach().cpu().contiguous().clone()
    return single, aliases


def _write_state(folder: Path, name: str, state: Any) -> str:
    """Read back at once where it is small: what cannot be read is no checkpoint."""
    import torch

    torch.save(state, folder / name)
    try:
        torch.load(folder / name, map_location="meta", weights_only=True)
    except Exception as error:
        raise Unkeepable(
            f"the state of {name.removesuffix('.pt')!r} holds what torch.load(weights_only=True) "
            f"refuses: {str(error).splitlines()[0]}"
        ) from None
    return name


def read(folder: Path, name: str, kind: str, target: Any, sharded: bool) -> Any:
    """Bring `target` to what was written, or, without one, give what was written."""
    if kind == MODULE:
        return _read_module(folder, name, unwrapped(target), sharded)
    if kind == STATE:
        import torch

        state = torch.load(folder / f"{name}.pt", map_location="cpu", weights_only=True)
        if hasattr(target, "param_groups"):
            state = shards.placed_optimizer(state, target, sharded)
        return target.load_state_dict(state)
    if kind == ARRAY:
        return np.load(folder / f"{name}.npy", allow_pickle=False)
    value = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    if kind == GENERATOR:
        target.bit_generator.state = value
    return value


def _read_module(folder: Path, name: str, module: Any, sharded: bool) -> None:
    import torch
    from safetensors import safe_open

    with safe_open(folder / f"{name}.safetensors", framework="pt") as file:
        state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        aliases = json.loads((file.metadata() or {}).get(ALIASES, "{}"))
    state |= {alias: state[key] for alias, key in aliases.items()}
    if (folder / f"{name}.pt").exists():
        state |= torch.load(folder / f"{name}.pt", map_location="cpu", weights_only=True)
    like = module.state_dict()
    state = {key: shards.placed(value, like.get(key), sharded) for key, value in state.items()}
    module.load_state_dict(state)
