"""What a version expects of the rows that it is to score."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sweeper.ports import SweeperError


@dataclass(frozen=True, slots=True)
class Expected:
    """`columns`: name and kind (see `sweeper.data.types`) of each feature, in order. `known`:
    columns that the training data has beside them. `array`: the model takes an array."""

    columns: tuple[tuple[str, str], ...]
    known: tuple[str, ...]
    array: bool


def expected(folder: Path, lineage: dict[str, Any], title: str) -> Expected:
    """From a verified copy of a version's folder and its lineage.

    SweeperError where the model was trained on something else than a table.
    """
    from mlflow.models import Model

    signature = Model.load(str(folder)).signature
    if signature is None or lineage["data"] is None:
        raise SweeperError(
            f"{title} has no columns on record: it was not trained on a table, and only its own "
            "code knows what it takes. Load it in Python: sweeper.open(NAME).model()"
        )
    kinds = dict(lineage["data"]["schema"])
    names = [str(name) for name in signature.inputs.input_names()]
    return Expected(
        columns=tuple((name, kinds.get(name, "numeric")) for name in names),
        known=tuple(name for name in kinds if name not in names),
        array=any(name not in kinds for name in names),
    )
