"""The document that says where a model came from, its canonical text and its digest.

Facts only, no rows of data. The same facts give the same bytes: keys are sorted, there is
no white space, and what JSON cannot hold is written as text.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sweeper.core.codec import plain
from sweeper.core.records import Artifact, DataDigest, SplitDigest, Trial
from sweeper.core.space import Value
from sweeper.core.specs import Metric

FORMAT = 1

Document = dict[str, Value]


def document(
    *,
    sweep: str,
    sweep_id: str,
    trial: Trial,
    model: Artifact,
    metric: Metric,
    metrics: Mapping[str, float],
    seeds: Mapping[str, int],
    config: str,
    sets: Sequence[str],
    directory: str,
    data: DataDigest | None,
    hashed: Sequence[str],
    splits: SplitDigest,
    holdout: Mapping[str, Value] | None,
    environment: Mapping[str, Value],
    cluster: Mapping[str, Value],
    journal: Mapping[str, Value],
    parents: Sequence[Mapping[str, Value]] = (),
    times: Mapping[str, Value],
    cost: Mapping[str, Value],
) -> Document:
    """The lineage of the model that `trial`'s parameters gave.

    `config`: its text, secrets masked; `sets`: the edits in force, as `--set` has them;
    `directory`: the folder that the config's paths are relative to. `hashed`: the columns that
    `data.hash` names. `environment`: what `environment()` found on the controller. `cluster`:
    Ray's version and the nodes. `journal`: its length and digest.
    `parents`: earlier versions that this one was compared with, as {model, version, alias}.
    `times`: seconds since the epoch by name. `cost`: of the sweep up to here.
    """
    found = {
        "format": FORMAT,
        "sweep": {"name": sweep, "id": sweep_id},
        "trial": {
            "number": trial.number,
            "params": plain(trial.params),
            "origin": trial.origin,
            "value": trial.value,
            "folds": {str(fold): trial.scores[fold] for fold in sorted(trial.scores)},
            "note": "the best of all trials: its cross-validation score is optimistic",
        },
        "model": {"sha256": model.sha256, "bytes": model.size},
        "metric": {"name": metric.name, "goal": metric.goal.value, "scorer": metric.scorer},
        "metrics": metrics,
        "seeds": seeds,
        "config": {
            "text": config,
            "sha256": hashlib.sha256(config.encode()).hexdigest(),
            "sets": sets,
            "directory": directory,
        },
        "data": _data(data, hashed),
        "splits": {"folds": splits.folds, "sizes": splits.sizes, "sha256": splits.sha256},
        "holdout": holdout,
        "environment": environment,
        "cluster": cluster,
        "journal": journal,
        "parents": parents,
        "times": times,
        "cost": cost,
    }
    document: Document = _plain(found)
    return document


def canonical(document: Mapping[str, Value]) -> bytes:
    """The document as the bytes that are stored and whose digest is its name."""
    text = json.dumps(
        _plain(document),
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        allow_nan=False,
    )
    return text.encode()


def digest(document: Mapping[str, Value]) -> str:
    """SHA-256 of the canonical text."""
    return hashlib.sha256(canonical(document)).hexdigest()


@dataclass(frozen=True, slots=True)
class Facts:
    """What the alias's rule needs to know of a version. Empty strings: not known."""

    data: str
    holdout: str
    metric: str
    trial: str


def facts(document: Mapping[str, Value]) -> Facts:
    """The facts that versions are compared by, from a lineage document."""
    data = document.get("data") or {}
    return Facts(
        data=data.get("sha256", ""),
        holdout=data.get("holdout_sha256", ""),
        metric=document.get("metric", {}).get("name", ""),
        trial=str(document.get("trial", {}).get("number", "")),
    )


def _data(data: DataDigest | None, hashed: Sequence[str]) -> Document | None:
    if data is None:
        return None
    return {
        "sha256": data.sha256,
        "rows": data.rows,
        "schema": [list(column) for column in data.schema],
        "holdout_sha256": data.holdout,
        "holdout_rows": data.holdout_rows,
        "notes": list(data.notes),
        "files": dict(data.files),
        "hashed": list(hashed),
    }


def _plain(value: Any) -> Any:
    """`value` in what JSON has: other keys and values than its own become text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return repr(value)
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
