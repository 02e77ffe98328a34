"""`models compare`: two versions beside one another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sweeper.app import changes
from sweeper.app.queries import registry
from sweeper.app.versions.again import Difference
from sweeper.app.versions.contest import Incomparable, contest
from sweeper.ports import SweeperError

if TYPE_CHECKING:
    from sweeper.registry.versions import Version

Pair = tuple[Any, Any]
"""Of the first version and of the second; None where it has none."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """`first` and `second`, by name: metrics, parameters, digests of data and holdout.

    `surroundings`: what differs of code, packages and Python. `versus`: the two on the same
    holdout, positive where the first is better; None where `apart` says why they were not
    scored there.
    """

    first: Version
    second: Version
    metrics: dict[str, Pair]
    params: dict[str, Pair]
    data: dict[str, Pair]
    surroundings: tuple[Difference, ...]
    versus: dict[str, Any] | None
    apart: str


def compare(
    root: Path,
    first: tuple[str, str | None],
    second: tuple[str, str | None],
    *,
    uri: str | None = None,
    folder: Path | None = None,
    notice: Callable[[str], None] = lambda text: None,
) -> Comparison:
    """Two versions, each as (model, alias or number), of one model or of two."""
    registered = registry(root, uri)
    a, b = registered.show(*first), registered.show(*second)
    ours, theirs = (registered.lineage(v) for v in (a, b))
    versus, apart = None, ""
    try:
        versus = contest(registered, root, a, b, folder, notice).versus
    except Incomparable as error:
        apart = str(error)
    except SweeperError as error:
        apart = f"the holdout cannot be read: {error}"
    return Comparison(
        first=a,
        second=b,
        metrics=_paired(ours["metrics"], theirs["metrics"]),
        params=_paired(ours["trial"]["params"], theirs["trial"]["params"]),
        data=_paired(_digests(ours), _digests(theirs)),
        surroundings=tuple(
            Difference(*change)
            for change in changes.surroundings(ours["environment"], theirs["environment"])
        ),
        versus=versus,
        apart=apart,
    )


def _digests(lineage: Mapping[str, Any]) -> dict[str, Any]:
    data = lineage["data"] or {}
    return {
        "rows": data.get("rows"),
        "data": data.get("sha256"),
        "holdout": data.get("holdout_sha256"),
        "folds": lineage["splits"]["sha256"],
    }


def _paired(a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, Pair]:
    return {name: (a.get(name), b.get(name)) for name in dict.fromkeys((*a, *b))}
