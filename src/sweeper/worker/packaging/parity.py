"""What an exported model answers beside what the registered one answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from sweeper.core.space import Value

TOLERANCE = 1e-4
"""How far a number may be off, as a share of the spread of the registered model's predictions;
how far a probability may be off."""

PREDICTION = "prediction"

Report = dict[str, Value]


def compared(registered: Any, exported: Any, task: str) -> Report:
    """Both are DataFrames as `sweeper.data.scorable.scored` gives them, the exported one's
    predictions as text.

        equal                  whether the exported model may stand for the registered one
        rows                   how many were compared
        labels_differ          rows with another label; None unless a classification
        predictions, probabilities
                               {largest_difference, tolerance}; None where there are none

    Labels have to be the same. Numbers and probabilities have to be within the tolerance.
    """
    labels = differ = None
    numbers: Report | None = None
    if task == "classification":
        differ = (registered[PREDICTION].astype(str) != exported[PREDICTION].astype(str)).to_numpy()
        labels = int(differ.sum())
    else:
        truth = registered[[PREDICTION]].to_numpy(dtype=float)
        spread = float(np.ptp(truth)) or float(np.abs(truth).max()) or 1.0
        numbers = _apart(truth, exported[[PREDICTION]], TOLERANCE * spread)
    columns = [name for name in registered if name != PREDICTION]
    shares = _apart(registered[columns], exported[columns], TOLERANCE) if columns else None
    far = [each for each in (numbers, shares) if each and not _within(each)]
    return {
        "equal": not labels and not far,
        "rows": len(registered),
        "labels_differ": labels,
        "predictions": numbers,
        "probabilities": shares,
    }


def _apart(registered: Any, exported: pd.DataFrame, tolerance: float) -> Report:
    gap = np.abs(np.asarray(registered, dtype=float) - exported.to_numpy(dtype=float))
    return {"largest_difference": float(gap.max()), "tolerance": tolerance}


def _within(apart: Report) -> bool:
    """False as well where a number is none."""
    return bool(apart["largest_difference"] <= apart["tolerance"])


def differences(report: Report) -> str:
    """Why a report is not one of equals, in words."""
    found = []
    if report["labels_differ"]:
        found.append(f"{report['labels_differ']} of {report['rows']} labels differ")
    for name in ("predictions", "probabilities"):
        part = report[name]
        if part and not _within(part):
            found.append(
                f"{name} are off by up to {part['largest_difference']:.2g}, and "
                f"{part['tolerance']:.2g} is allowed"
            )
    return "; ".join(found)
