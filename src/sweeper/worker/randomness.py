"""The state of all random generators in use, as plain values."""

from __future__ import annotations

import base64
import random
import sys
from typing import Any

import numpy as np


def state() -> dict[str, Any]:
    """Of Python, of numpy and, where it is in use, of torch on the CPU and its GPUs."""
    version, words, gauss = random.getstate()
    found: dict[str, Any] = {
        "python": [version, list(words), gauss],
        "numpy": [_plain(each) for each in np.random.get_state()],
    }
    torch = sys.modules.get("torch")
    if torch is not None:
        found["torch"] = _text(torch.get_rng_state())
        if torch.cuda.is_available():
            found["cuda"] = [_text(each) for each in torch.cuda.get_rng_state_all()]
    return found


def restore(found: dict[str, Any]) -> None:
    """Go on where `state` was taken. A GPU that was not there then keeps its own state."""
    version, words, gauss = found["python"]
    random.setstate((version, tuple(words), gauss))
    kind, keys, *rest = found["numpy"]
    np.random.set_state((kind, np.array(keys, dtype=np.uint32), *rest))
    torch: Any = sys.modules.get("torch")
    if torch is not None and "torch" in found:
        torch.set_rng_state(_tensor(found["torch"]))
        for index, each in enumerate(found.get("cuda", [])[: torch.cuda.device_count()]):
            torch.cuda.set_rng_state(_tensor(each), index)


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


def _text(state: Any) -> str:
    return base64.b64encode(state.numpy().tobytes()).decode()


def _tensor(text: str) -> Any:
    import torch

    return torch.frombuffer(bytearray(base64.b64decode(text)), dtype=torch.uint8)
