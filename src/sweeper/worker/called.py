"""A metric that has to be called for each resample: the user's own, and the rarer scorers."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from sweeper.core.specs import Metric
from sweeper.ports import Job, Rows
from sweeper.worker.replay import Replay
from sweeper.worker.resampling import Resampling
from sweeper.worker.rows import take
from sweeper.worker.scoring import Scorers, Unscorable
from sweeper.worker.values import InvalidMetric

Array = np.ndarray[Any, Any]
Score = Callable[[Array], tuple[float, str]]
"""Row numbers → the metric's value, and why it is NaN if it is."""

MOST = 200


def scoring(job: Job, metric: Metric, replay: Replay, rows: Rows) -> Score:
    """The metric on chosen rows, by the very scorer that the folds used."""
    scorers = Scorers(job, (metric,))

    def score(chosen: Array) -> tuple[float, str]:
        truth, weights = take(rows.y, chosen), take(rows.weights, chosen)
        try:
            return scorers.score(replay, chosen, truth, weights)[metric.name], ""
        except (InvalidMetric, Unscorable) as error:
            return float("nan"), str(error)
        except Exception as error:  # what a metric raises on these rows is its result
            return float("nan"), f"the metric raised {type(error).__name__}"

    return score


def called(score: Score, draws: Resampling) -> Array:
    """The metric on the first resamples of `draws`, at most 200 of them."""
    fewer = replace(draws, resamples=min(MOST, draws.resamples))
    rows = np.arange(len(draws))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of metrics undefined on a resample; that is counted
        return np.array(
            [score(np.repeat(rows, n))[0] for counts in fewer.counts() for n in counts.T]
        )
