"""A trained torch module as a model: raw rows in, labels or numbers out.

`models.dump` stores this module's code with the model, so nothing here may import from
sweeper: a saved model must load where sweeper is not installed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

ROWS = 4096
"""So many rows at a time go through the module."""


class Network:
    """A regressor. The module is on the CPU and in evaluation mode when this is stored."""

    def __init__(self, module: Any, device: str = "cpu") -> None:
        self.module = module
        self.device = device

    def predict(self, X: Any) -> Any:
        return self.outputs(X).reshape(len(X), -1).squeeze(1)

    def outputs(self, X: Any) -> Any:
        """What the module says of each row."""
        import torch

        values, training = np.asarray(X), self.module.training
        self.module.eval()
        with torch.no_grad():
            found = [
                self.module(floats(values[at : at + ROWS]).to(self.device)).cpu()
                for at in range(0, max(1, len(values)), ROWS)
            ]
        self.module.train(training)
        return torch.cat(found).numpy()

    def __getstate__(self) -> dict[str, Any]:
        """As it is to be stored: a GPU may not be there where it is loaded."""
        import copy

        return {**self.__dict__, "module": copy.deepcopy(self.module).cpu().eval(), "device": "cpu"}


class Classifier(Network):
    """One output for each of `classes`; or, of two, a single one that speaks for the second."""

    def __init__(self, module: Any, classes: Any, device: str = "cpu") -> None:
        super().__init__(module, device)
        self.classes_ = np.asarray(classes)

    def predict(self, X: Any) -> Any:
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def predict_proba(self, X: Any) -> Any:
        found = self.outputs(X).astype(float).reshape(len(X), -1)
        if found.shape[1] == 1:
            found = np.hstack([np.zeros_like(found), found])
        found = np.exp(found - found.max(axis=1, keepdims=True))
        return found / found.sum(axis=1, keepdims=True)


def floats(values: Any) -> Any:
    """Rows as torch's usual numbers; tables of several kinds of numbers are made one."""
    import torch

    return torch.as_tensor(np.ascontiguousarray(values, dtype=np.float32))
