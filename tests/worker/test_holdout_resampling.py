"""Resamples draw whole units, the same ones for every model, and intervals come of them."""

import numpy as np
import pandas as pd
import pytest

from sweeper.ports import Rows
from sweeper.worker import resampling as module
from sweeper.worker.intervals import figure
from sweeper.worker.resampling import resampling, time_blocks


def rows(size=90, **roles):
    return Rows(X=None, y=np.zeros(size), **roles)


def counts(draws):
    return np.concatenate(list(draws.counts()), axis=1)


def test_every_resample_is_as_long_as_the_holdout():
    draws = resampling(rows(), seed=1)
    found = counts(draws)
    assert draws.unit == "rows"
    assert found.shape == (90, draws.resamples) == (90, 1000)
    assert (found.sum(axis=0) == 90).all()


def test_the_same_seed_draws_the_same_rows_and_another_seed_others():
    draws = resampling(rows(), seed=1)
    np.testing.assert_array_equal(counts(draws), counts(draws))
    assert (counts(draws) != counts(resampling(rows(), seed=2))).any()


def test_rows_of_a_group_are_drawn_together():
    groups = np.repeat(["b", "a", None], [20, 30, 40])
    draws = resampling(rows(groups=groups), seed=1)
    found = counts(draws)
    assert (draws.unit, draws.units) == ("groups", 3)
    for group in (slice(0, 20), slice(20, 50), slice(50, 90)):
        assert (np.ptp(found[group], axis=0) == 0).all()
    assert (found[[0, 20, 50]].sum(axis=0) == 3).all()


def test_time_is_cut_into_stretches_that_keep_one_moment_together():
    time = pd.to_datetime("2024-01-01") + pd.to_timedelta(np.arange(90) // 2, unit="D")
    shuffled = np.random.default_rng(0).permutation(90)
    blocks = time_blocks(pd.Series(time).iloc[shuffled])[np.argsort(shuffled)]
    assert (np.diff(blocks) >= 0).all()
    assert len(set(blocks)) == 9
    assert (blocks[::2] == blocks[1::2]).all()
    assert resampling(rows(time=time), seed=1).unit == "blocks of time"


def test_groups_come_before_time():
    found = resampling(rows(groups=np.arange(90) % 4, time=np.arange(90)), seed=1)
    assert (found.unit, found.units) == ("groups", 4)


def test_a_single_group_cannot_be_resampled():
    draws = resampling(rows(groups=np.zeros(90)), seed=1)
    assert draws.resamples == 0
    assert counts(draws).shape == (90, 0)


def test_big_holdouts_have_fewer_resamples_and_many_classes_too():
    assert resampling(rows(200_000), seed=1).resamples == 500
    assert resampling(rows(20_000), seed=1, columns=10).resamples == 500
    assert resampling(rows(20_000), seed=1, columns=10_000).resamples == module.LEAST


def test_the_draws_carry_the_sample_weights():
    weights = np.arange(90) / 90
    draws = resampling(rows(weights=weights), seed=1)
    assert draws.weighted
    assert not resampling(rows(), seed=1).weighted
    np.testing.assert_array_equal(
        np.concatenate(list(draws.draws()), axis=1), counts(draws) * weights[:, None]
    )


def test_the_interval_of_a_share_is_the_one_that_theory_gives():
    hits = np.repeat([1.0, 0.0], [320, 80])
    draws = resampling(rows(400), seed=3)
    found = figure(0.8, hits @ counts(draws) / 400)
    half = 1.96 * (0.8 * 0.2 / 400) ** 0.5
    assert found["low"] == pytest.approx(0.8 - half, abs=0.006)
    assert found["high"] == pytest.approx(0.8 + half, abs=0.006)


def test_rows_that_repeat_within_groups_make_no_narrower_interval():
    hits = np.repeat(np.random.default_rng(0).random(40) < 0.8, 25).astype(float)
    by_row, by_group = (
        figure(hits.mean(), hits @ counts(draws) / 1000)
        for draws in (
            resampling(rows(1000), seed=1),
            resampling(rows(1000, groups=np.repeat(np.arange(40), 25)), seed=1),
        )
    )
    assert by_group["high"] - by_group["low"] > 4 * (by_row["high"] - by_row["low"])


def test_an_undefined_resample_is_left_out_and_said():
    found = figure(0.5, np.array([np.nan, 0.4, 0.5, 0.6]))
    assert 0.4 <= found["low"] < found["high"] <= 0.6
    assert found["note"] == "undefined on 1 of 4 resamples, left out"
    assert figure(0.5, np.array([np.nan]))["low"] is None
    assert figure(np.nan, np.array([1.0])) == {
        "value": None,
        "low": None,
        "high": None,
        "note": "undefined on these rows",
    }
