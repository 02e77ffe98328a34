"""A torch module for `module.yaml`. What it takes from the table it is given by name."""

from torch import nn


class Net(nn.Sequential):
    def __init__(self, in_features, out_features, hidden, dropout=0.0):
        super().__init__(
            nn.Linear(in_features, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, out_features),
        )
