"""A preprocessing step of one's own: any class with `fit` and `transform` will do."""

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin


class DaysBefore(TransformerMixin, BaseEstimator):
    """Dates as days before the latest date of the training rows; NaN where there is none."""

    def fit(self, X, y=None):
        self.latest_ = pd.DataFrame(X).max().max()
        return self

    def transform(self, X):
        days = [(self.latest_ - date) / pd.Timedelta(days=1) for _, date in pd.DataFrame(X).items()]
        return np.column_stack(days)
