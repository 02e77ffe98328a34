"""Training by a config alone: a torch module, a loss and an optimiser, each named.

`config` writes such a `train:` as a training function like any other, this one, with
parameters `module` and `optimizer` (a path and its arguments, for what they need more is
known only here), `loss`, `epochs` and `batch_size`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from sweeper.ports import Job
from sweeper.worker.context import TrialContext, TrialData
from sweeper.worker.modules import load
from sweeper.worker.network import Classifier, Network, floats
from sweeper.worker.scoring import Scorers, ordered_labels
from sweeper.worker.spread import unwrapped

Tensor = Any


@dataclass(frozen=True, slots=True)
class _Targets:
    """What the module is to say: how many numbers a row, and how a target is written."""

    outputs: int
    encoded: Callable[[Any], Tensor]
    model: Callable[[Any, str], Network]


def train(trial: TrialContext, job: Job) -> dict[str, float]:
    """Train the module that the trial's parameters make, and save it as a model.

    Each epoch reports the mean training loss as `loss` and the config's metrics on the
    validation rows, and is kept as a checkpoint.
    """
    params, data = trial.params, _rows(trial)
    loss = params["loss"]
    targets = _targets(job, loss)
    path, arguments = recipe(params, data.X_train.shape[1], job)
    model = trial.distribute(load(path, job.directory)(**arguments))
    path, arguments = params["optimizer"]
    optimizer = load(path, job.directory)(model.parameters(), **arguments)
    trial.resume(model=model, optimizer=optimizer)
    scored, scores = _scored(job, targets.model(unwrapped(model), trial.device), data), {}
    epoch = _Epoch(trial, model, loss.to(trial.device), optimizer, _loader(trial, data, targets))
    for number in trial.epochs(params["epochs"]):
        mean = epoch.run()
        scores = scored()
        trial.report(number, **{"loss": mean, **scores})
        trial.checkpoint(number)
    trial.save(targets.model(unwrapped(model), trial.device))
    return scores or scored()


def _rows(trial: TrialContext) -> TrialData:
    data = trial.data
    if data is None or data.X_train is None or data.y_train is None:
        raise ValueError("a module named in the config needs a table with a target: `data:`")
    return data


def recipe(params: dict[str, Any], inputs: int, job: Job) -> tuple[str, dict[str, Any]]:
    """What the module is made by, and with which arguments. `in_features` and `out_features`
    are the table's, where it takes them and the config does not say."""
    path, arguments = params["module"]
    takes = inspect.signature(load(path, job.directory)).parameters
    outputs = _targets(job, params["loss"]).outputs
    known = {"in_features": inputs, "out_features": outputs}
    return path, {n: v for n, v in known.items() if n in takes} | arguments


def _targets(job: Job, loss: Any) -> _Targets:
    if job.task != "classification":
        return _Targets(1, lambda y: floats(y), Network)
    labels = ordered_labels(job)
    codes = {label: code for code, label in enumerate(labels)}
    single = isinstance(loss, nn.BCEWithLogitsLoss | nn.SoftMarginLoss | nn.HingeEmbeddingLoss)

    def encoded(y: Any) -> Tensor:
        found = torch.as_tensor([codes[label] for label in np.asarray(y).tolist()])
        return found.float() if single else found

    def model(module: Any, device: str) -> Network:
        return Classifier(module, labels, device)

    return _Targets(1 if single else len(labels), encoded, model)


def _scored(job: Job, model: Network, data: TrialData) -> Callable[[], dict[str, float]]:
    """The config's metrics of the model as it is when called."""
    scorers = Scorers(job)
    return lambda: scorers.score(model, data.X_valid, data.y_valid, data.weights_valid)


def _loader(trial: TrialContext, data: TrialData, targets: _Targets) -> Any:
    weights = data.weights_train
    if weights is None:
        weights = np.ones(len(data.X_train))
    weights = floats(np.asarray(weights) / np.mean(weights))
    arrays = (floats(data.X_train), targets.encoded(data.y_train), weights)
    return trial.loader(arrays, batch_size=trial.params["batch_size"])


class _Epoch:
    """Passes over the rows.

    A rank's rows may be one fewer than another's: each rank's loss is the sum over its rows
    by the global batch's, so that the gradient is the one that one worker would find.
    """

    def __init__(
        self, trial: TrialContext, model: Any, loss: Any, optimizer: Any, loader: Any
    ) -> None:
        self._world_size, self._device = trial.world_size, trial.device
        self._model, self._optimizer, self._loader = model, optimizer, loader
        self._loss = loss
        loss.reduction = "none"

    def run(self) -> float:
        """One pass; this rank's part of the mean loss, such that the mean over ranks is it."""
        self._model.train()
        total = 0.0
        sizes: list[int] = self._loader.sampler.deal.sizes
        for (X, y, weights), size in zip(self._loader, sizes, strict=True):
            self._optimizer.zero_grad()
            found = self._model(X.to(self._device))
            each = self._loss(_like(found, y), y.to(self._device))
            if each.ndim == 0:  # a loss of the user's own that knows only the mean
                each = each.expand(len(y))
            loss = (each * weights.to(self._device)).sum() * self._world_size / size
            loss.backward()
            self._optimizer.step()
            total += float(loss.detach()) * size
        return total / float(sum(sizes))


def _like(found: Tensor, y: Tensor) -> Tensor:
    """One output a row is one number a row where targets are numbers."""
    return found.squeeze(1) if y.is_floating_point() and found.ndim == y.ndim + 1 else found
