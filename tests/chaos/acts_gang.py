"""User code of a sweep that trains in gangs: it notes every step that it does."""

from __future__ import annotations

import os
import time

import torch
from torch import nn

STEPS = 12
EVERY = 3
"""Steps from one checkpoint to the next."""


def train(trial):
    torch.manual_seed(0)
    model = trial.distribute(nn.Linear(4, 3))
    optimizer = torch.optim.SGD(model.parameters(), lr=trial.params["lr"])
    trial.resume(model=model, optimizer=optimizer)
    data = (trial.data.X_train.astype("float32"), trial.data.y_train)
    loader = trial.loader(data, batch_size=30)
    loss = 0.0
    for step in trial.steps(STEPS):
        for X, y in loader:
            optimizer.zero_grad()
            found = nn.functional.cross_entropy(model(X), y)
            found.backward()
            optimizer.step()
            loss = float(found.detach())
        time.sleep(0.25)
        if trial.rank == 0:
            _note(trial.params["notes"], f"{trial.seed} {step}\n")
        if step % EVERY == EVERY - 1:
            trial.checkpoint(step)
    trial.report(STEPS, loss=loss)
    return {"loss": loss}


def _note(path, line):
    """One write, whole, whoever else writes."""
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, line.encode())
    os.close(file)
