"""A small network on scikit-learn's digits, trained by as many workers as the config says."""

import numpy as np
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, hidden, dropout):
        super().__init__()
        layers = nn.Linear(64, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, 10)
        self.layers = nn.Sequential(*layers)

    def forward(self, X):
        return self.layers(X / 16)

    def predict(self, X):  # what a registered model needs: raw rows in, labels out
        with torch.no_grad():
            device = next(self.parameters()).device
            return self(floats(X).to(device)).argmax(dim=1).cpu().numpy()


def floats(X):
    return torch.as_tensor(np.ascontiguousarray(X, dtype=np.float32))


def train(trial):
    params, data = trial.params, trial.data
    torch.manual_seed(trial.seed)
    net = Net(params["hidden"], params["dropout"])
    model = trial.distribute(net)  # its device; DistributedDataParallel on more than one worker
    optimizer = torch.optim.AdamW(model.parameters(), lr=params["lr"])
    loss_of = nn.CrossEntropyLoss()
    rows = floats(data.X_train), torch.as_tensor(data.y_train)
    loader = trial.loader(rows, batch_size=64)  # of all workers together
    trial.resume(model=model, optimizer=optimizer)
    for epoch in trial.epochs(params["epochs"]):
        model.train()
        for X, y in loader:
            optimizer.zero_grad()
            loss = loss_of(model(X.to(trial.device)), y.to(trial.device))
            loss.backward()
            optimizer.step()
        net.eval()
        accuracy = float(np.mean(net.predict(data.X_valid) == data.y_valid))
        trial.report(epoch, loss=float(loss), accuracy=accuracy)  # the mean over workers
        trial.checkpoint(epoch)  # model, optimizer and generators: a failed run goes on here
    trial.save(net)
