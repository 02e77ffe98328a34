"""Writes data/steps.csv: invented recordings of people who walk, climb stairs or rest.

Each person has ways of moving of their own, so that rows of one person resemble one another
more than rows of one activity do: what the folds must keep together.
"""

from pathlib import Path

import numpy as np
import pandas as pd

FILE = Path(__file__).parent / "data" / "steps.csv"
PEOPLE = 48
RECORDINGS = 18
SENSORS = ("hip_x", "hip_y", "hip_z", "ankle_x", "ankle_y", "ankle_z")
CENTRES = {
    "rest": (0.1, 0.1, 0.1, 0.2, 0.1, 0.1),
    "walk": (0.9, 0.6, 0.8, 1.6, 1.0, 1.2),
    "stairs": (0.8, 0.9, 1.1, 1.4, 1.3, 1.6),
}


def content() -> bytes:
    rng = np.random.default_rng(11)
    rows = [row for person in range(PEOPLE) for row in _recordings(f"p{person:02d}", rng)]
    frame = pd.DataFrame(rows, columns=["person", *SENSORS, "cadence", "activity"])
    return frame.to_csv(index=False, lineterminator="\n").encode()


def _recordings(person: str, rng: np.random.Generator) -> list[list[object]]:
    own = rng.normal(0, 0.35, len(SENSORS))
    pace = rng.normal(0, 12)
    rows: list[list[object]] = []
    for _ in range(RECORDINGS):
        activity = str(rng.choice(list(CENTRES)))
        signal = np.array(CENTRES[activity]) + own + rng.normal(0, 0.22, len(SENSORS))
        steps = 0 if activity == "rest" else 100 - 25 * (activity == "stairs") + pace
        cadence = max(0.0, steps + rng.normal(0, 9))
        rows.append([person, *np.round(signal, 3), round(float(cadence), 1), activity])
    return rows


if __name__ == "__main__":
    FILE.write_bytes(content())
