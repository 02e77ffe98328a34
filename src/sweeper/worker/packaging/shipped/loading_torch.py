"""Reads a torch module: its weights and how it is made, or all of it as torch.export's file."""

from __future__ import annotations

import importlib
from functools import reduce
from pathlib import Path
from typing import Any


class Whole:
    """A module as torch.export has it: for evaluation only, and it does not switch."""

    training = False

    def __init__(self, module: Any) -> None:
        self._module = module

    def __call__(self, rows: Any) -> Any:
        return self._module(rows)

    def eval(self) -> None:
        pass

    def train(self, mode: bool) -> None:
        pass


def load(folder: Path, facts: dict[str, Any]) -> Any:
    network = importlib.import_module("sweeper_network")
    module = _made(folder, facts["module"]) if "module" in facts else _exported(folder)
    classes = facts["classes"]
    model = network.Network(module) if classes is None else network.Classifier(module, classes)
    if not (folder / "prepare.skops").is_file():
        return model
    import skops.io

    prepare = skops.io.load(folder / "prepare.skops", trusted=facts["trusted"])
    return importlib.import_module("sweeper_transforms").Trained(model, prepare)


def _made(folder: Path, recipe: dict[str, Any]) -> Any:
    import safetensors.torch

    path = recipe["path"]
    name, colon, attribute = path.partition(":")
    if not colon:
        name, _, attribute = path.rpartition(".")
    kind: Any = reduce(getattr, attribute.split("."), importlib.import_module(name))
    module = kind(**recipe["arguments"])
    module.load_state_dict(safetensors.torch.load_file(folder / "model.safetensors"))
    return module.eval()


def _exported(folder: Path) -> Any:
    import torch

    return Whole(torch.export.load(folder / "model.pt2").module())
