"""A model made again beside the one that was registered: how alike they are. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sweeper.app.versions.again import Difference, Lineage
from sweeper.core.records import State
from sweeper.core.space import Value
from sweeper.core.specs import MetricKind, SweepSpec

TOLERANCE = 1e-4
"""How far a score may be off, as a share of its size (of 1 where it is smaller than that)."""

Pair = tuple[float | None, float | None]
"""As recorded, and as made again."""


class Verdict(StrEnum):
    """How alike the model that was registered and the one made again are."""

    BIT_EXACT = "BIT-EXACT"  # scores, and every prediction on the holdout, to the last bit
    SCORES_EQUAL = "SCORES EQUAL"  # to the last bit; predictions are not, or were not compared
    WITHIN_TOLERANCE = "WITHIN TOLERANCE"
    DIFFERENT = "DIFFERENT"


@dataclass(frozen=True, slots=True)
class Reproduction:
    """What came of it; the first of `differences` is the first that was met.

    `folds`: scores by fold and metric; `holdout`: by metric. `predictions_equal`: every answer
    on the holdout to the last bit; None where they were not compared. `surroundings`: what of
    code and packages is not as it was.
    """

    verdict: Verdict
    tolerance: float
    folds: dict[int, dict[str, Pair]]
    holdout: dict[str, Pair]
    predictions_equal: bool | None
    differences: tuple[Difference, ...]
    surroundings: tuple[Difference, ...]


def untried(
    differences: Iterable[Difference], tolerance: float, surroundings: tuple[Difference, ...]
) -> Reproduction:
    """What stands when data or folds are others: nothing can be compared."""
    return Reproduction(
        Verdict.DIFFERENT, tolerance, {}, {}, None, tuple(differences), surroundings
    )


def compared(
    lineage: Lineage,
    state: State,
    tolerance: float,
    surroundings: tuple[Difference, ...],
    *,
    folds_too: bool,
) -> Reproduction:
    """The version of `lineage` and the one that the sweep in `state` made; costs, as the time
    a fold took, are no part of it. `folds_too`: they were trained again as well."""
    told, trial = lineage["trial"], state.trials[int(lineage["trial"]["number"])]
    costs = _costs(state.spec)
    folds = {
        int(fold): _paired(scores, trial.scores.get(int(fold), {}), costs)
        for fold, scores in told["folds"].items()
        if folds_too
    }
    looked = state.holdout is not None
    before, now = lineage["holdout"] or {}, state.holdout or {}
    holdout = _paired(_figures(before), _figures(now), costs) if looked else {}
    digests = before.get("predictions_sha256"), now.get("predictions_sha256")
    equal = digests[0] == digests[1] if all(digests) else None
    differences = [*_unfinished(state)]
    for fold, pairs in sorted(folds.items()):
        differences += _uneven(f"fold {fold}: ", pairs)
    differences += _uneven("holdout: ", holdout)
    far = [d for d in differences if not _close(d.before, d.now, tolerance)]
    if far:
        verdict = Verdict.DIFFERENT
    elif differences:
        verdict = Verdict.WITHIN_TOLERANCE
    elif equal is False or (looked and equal is None):
        verdict = Verdict.SCORES_EQUAL
    else:
        verdict = Verdict.BIT_EXACT
    if equal is False:
        differences.append(Difference("digest of the holdout's predictions", *digests))
    return Reproduction(verdict, tolerance, folds, holdout, equal, tuple(differences), surroundings)


def _unfinished(state: State) -> Iterator[Difference]:
    """Why there is no model, where there is none."""
    if state.best is None or state.status != "finished":
        failed = [t.reason for t in state.trials.values() if t.state == "failed"]
        yield Difference("the training", "succeeded", next(iter(failed), state.reason))


def _costs(spec: SweepSpec) -> set[str]:
    every = (spec.metric, *spec.metrics, *spec.objectives)
    return {metric.name for metric in every if metric.kind is MetricKind.MEASURED}


def _figures(report: Mapping[str, Any]) -> dict[str, float | None]:
    return {name: figure.get("value") for name, figure in report.get("metrics", {}).items()}


def _paired(
    before: Mapping[str, float | None], now: Mapping[str, float | None], but: set[str]
) -> dict[str, Pair]:
    names = sorted((before.keys() | now.keys()) - but)
    return {name: (before.get(name), now.get(name)) for name in names}


def _uneven(where: str, pairs: Mapping[str, Pair]) -> Iterator[Difference]:
    for name, (before, now) in pairs.items():
        if before != now:
            yield Difference(f"{where}{name}", before, now)


def _close(before: Value, now: Value, tolerance: float) -> bool:
    if not isinstance(before, float | int) or not isinstance(now, float | int):
        return False
    return math.isfinite(now) and abs(now - before) <= tolerance * max(1.0, abs(before))
