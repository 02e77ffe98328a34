"""Data: sources, types of columns, fingerprints, the holdout and the folds."""

from sweeper.data.describe import Description, Suggestion, describe
from sweeper.data.load import load
from sweeper.data.splits import split

__all__ = ["Description", "Suggestion", "describe", "load", "split"]
