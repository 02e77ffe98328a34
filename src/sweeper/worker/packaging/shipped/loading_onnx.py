"""Runs an ONNX graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

MISSING = "(missing)"
"""What a category says that is not there; a text says nothing."""


class Graph:
    """Numbers for each row."""

    def __init__(self, session: Any, facts: dict[str, Any]) -> None:
        self._session = session
        self._facts = facts

    def predict(self, X: Any) -> Any:
        return self._run(X)[0].reshape(len(X))

    def _run(self, X: Any) -> list[Any]:
        found: list[Any] = self._session.run(None, self._fed(X))
        return found

    def _fed(self, X: Any) -> dict[str, Any]:
        if not self._facts["by_column"]:
            return {self._session.get_inputs()[0].name: np.asarray(X, dtype=np.float32)}
        return {each.name: self._column(X, each.name) for each in self._session.get_inputs()}

    def _column(self, X: Any, name: str) -> Any:
        if name in self._facts["text"]:
            return X[[name]].fillna("").to_numpy(dtype=object)
        if name in self._facts["categories"]:
            return X[[name]].fillna(MISSING).to_numpy(dtype=object)
        return X[[name]].to_numpy(dtype=np.float32)


class Labels(Graph):
    """A label for each row, as the graph says it or as its biggest output does."""

    def __init__(self, session: Any, facts: dict[str, Any]) -> None:
        super().__init__(session, facts)
        self.classes_ = np.asarray(facts["classes"])

    def predict(self, X: Any) -> Any:
        if self._facts["logits"]:
            return self.classes_[self._shares(X).argmax(axis=1)]
        return self._run(X)[0].astype(self.classes_.dtype)

    def _shares(self, X: Any) -> Any:
        if not self._facts["logits"]:
            return self._run(X)[1]
        found = self._run(X)[0].astype(float).reshape(len(X), -1)
        if found.shape[1] == 1:  # of two classes, it speaks for the second
            found = np.hstack([np.zeros_like(found), found])
        found = np.exp(found - found.max(axis=1, keepdims=True))
        return found / found.sum(axis=1, keepdims=True)


class Shares(Labels):
    """Probabilities as well."""

    def predict_proba(self, X: Any) -> Any:
        return self._shares(X)


def load(folder: Path, facts: dict[str, Any]) -> Any:
    import onnxruntime

    session = onnxruntime.InferenceSession(
        folder / "model.onnx", providers=["CPUExecutionProvider"]
    )
    if facts["classes"] is None:
        return Graph(session, facts)
    return (Shares if facts["probabilities"] else Labels)(session, facts)
