"""Writes data/pumps.csv: an invented inspection table of every kind of column.

Numbers, categories of few and of many values, truth values, dates and gaps; one pump in
twenty fails. What makes them fail is written below, so that a search has something to find.
"""

from pathlib import Path

import numpy as np
import pandas as pd

FILE = Path(__file__).parent / "data" / "pumps.csv"
ROWS = 2400
FAULTS = 0.05
INSPECTED = np.datetime64("2024-06-30")


def content() -> bytes:
    rng = np.random.default_rng(20240630)
    frame = _pumps(rng)
    frame["outcome"] = np.where(_fails(frame, rng), "fault", "fine")
    _lose(frame, rng)
    return frame.to_csv(index=False, lineterminator="\n").encode()


def _pumps(rng: np.random.Generator) -> pd.DataFrame:
    age = rng.integers(60, 5000, ROWS)
    return pd.DataFrame(
        {
            "maker": rng.choice(["Alba", "Brunn", "Corda", "Dyne"], ROWS, p=[0.4, 0.3, 0.2, 0.1]),
            "site": [f"S{n:02d}" for n in rng.integers(1, 46, ROWS)],
            "installed": INSPECTED - age,
            "serviced": INSPECTED - rng.integers(1, 700, ROWS),
            "hours": np.round(age * rng.uniform(4, 20, ROWS)).astype(int),
            "pressure": np.round(rng.normal(6, 0.8, ROWS), 2),
            "vibration": np.round(rng.lognormal(0.5, 0.5, ROWS), 3),
            "temperature": np.round(rng.normal(55, 8, ROWS), 1),
            "indoor": rng.random(ROWS) < 0.6,
            "overhauled": rng.choice(["yes", "no"], ROWS, p=[0.3, 0.7]),
        }
    )


def _fails(frame: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """The share FAULTS of pumps with the highest risk, luck included."""
    unserviced = (INSPECTED - frame["serviced"].to_numpy()).astype(int)
    risk = (
        1.4 * np.log(frame["vibration"])
        + 0.00003 * frame["hours"]
        + 0.004 * unserviced
        + 1.2 * (frame["maker"] == "Dyne")
        + 0.08 * np.maximum(frame["temperature"] - 60, 0)
        + 0.9 * np.abs(frame["pressure"] - 6)
        - 0.8 * (frame["overhauled"] == "yes")
        + 0.5 * ~frame["indoor"]
        + 0.04 * frame["site"].str[1:].astype(int)
        + rng.logistic(0, 0.8, ROWS)
    )
    return (risk > np.quantile(risk, 1 - FAULTS)).to_numpy()


def _lose(frame: pd.DataFrame, rng: np.random.Generator) -> None:
    """Gaps, oftener where sensors have failed with their pump."""
    faulty = frame["outcome"].eq("fault").to_numpy()
    for name, share in (("pressure", 0.08), ("vibration", 0.04), ("serviced", 0.1)):
        frame.loc[rng.random(ROWS) < share * (1 + faulty), name] = None
    frame["overhauled"] = frame["overhauled"].mask(rng.random(ROWS) < 0.15)


if __name__ == "__main__":
    FILE.write_bytes(content())
