"""Writes data/demand.csv: four invented years of a shop's daily demand.

A trend, a week, a year, the weather and a memory of yesterday. Every column is known before
the day begins.
"""

from pathlib import Path

import numpy as np
import pandas as pd

FILE = Path(__file__).parent / "data" / "demand.csv"
DAYS = 4 * 365 + 8
WEEK = (1.0, 0.95, 0.97, 1.02, 1.2, 1.45, 0.6)


def content() -> bytes:
    rng = np.random.default_rng(3)
    dates = pd.date_range("2020-01-01", periods=DAYS, freq="D")
    years = np.arange(DAYS) / 365.25
    forecast = np.round(10 - 9 * np.cos(2 * np.pi * years) + rng.normal(0, 3, DAYS), 1)
    promotion = rng.random(DAYS) < 0.08
    usual = (180 + 22 * years) * np.array(WEEK)[dates.day_of_week]
    usual += 4 * np.maximum(forecast - 14, 0) + 45 * promotion
    demand = np.round(usual + _memory(rng)).astype(int)
    frame = pd.DataFrame(
        {
            "date": dates.strftime("%Y-%m-%d"),
            "demand": demand,
            "years": np.round(years, 4),
            "weekday": dates.strftime("%a"),
            "forecast": forecast,
            "promotion": promotion,
        }
    )
    frame["yesterday"] = frame["demand"].shift(1)
    frame["last_week"] = frame["demand"].shift(7)
    known = frame.iloc[8:].astype({"yesterday": int, "last_week": int})
    return known.to_csv(index=False, lineterminator="\n").encode()


def _memory(rng: np.random.Generator) -> np.ndarray:
    """Noise of which most is still there the next day."""
    noise = np.zeros(DAYS)
    for day in range(1, DAYS):
        noise[day] = 0.6 * noise[day - 1] + rng.normal(0, 9)
    return noise


if __name__ == "__main__":
    FILE.write_bytes(content())
