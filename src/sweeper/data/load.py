"""From a `data:` section to training rows and holdout rows, apart.

Duplicates are rows equal in features, target, groups, time and weights; `drop` keeps the
first of them on its side of the holdout.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sweeper.core.records import DataDigest
from sweeper.core.specs import DataSpec, HoldoutKind
from sweeper.data import holdout
from sweeper.data.features import Features, choose_features
from sweeper.data.fingerprint import content_digest, fingerprint, row_hashes
from sweeper.data.hashing import remark
from sweeper.data.lazy import Subset
from sweeper.data.problems import invalid, listed
from sweeper.data.whole import Vectors, Whole, read_whole
from sweeper.ports import Dataset, Rows


def load(
    spec: DataSpec,
    task: str | None,
    directory: Path,
    split_by: str | None = None,
    raw: bool = False,
) -> Dataset:
    """Reads, types, checks and fingerprints the data, and sets the holdout aside.

    `task` is what the metric implies (classification, regression) or None. Relative paths
    and modules start at `directory`. `split_by` is the column `cv` splits by: it goes to
    `Rows.folds` and is no feature. The digest covers all rows, those of the holdout included;
    its `holdout` is the digest of those rows as a set. `raw`: no column is left out (see
    `features`). Raises InvalidSpec with what is wrong, all at once as far as one thing does
    not hide another.
    """
    whole = read_whole(spec, task, directory, split_by)
    content = whole.content()
    hashes = row_hashes(whole.repeatable())
    train, aside = _sides(spec, _held(spec, whole, content), hashes)
    features = choose_features(whole, train, raw)
    goal = whole.vectors.target
    digest = DataDigest(
        sha256=fingerprint(whole.typed.frame),
        rows=len(content),
        schema=tuple((name, whole.typed.kinds[name]) for name in whole.typed.frame),
        holdout=content_digest(content.iloc[aside]) if len(aside) else "",
        holdout_rows=len(aside),
        notes=(*whole.source.notes, *whole.typed.notes, *features.notes, *_copies(spec, hashes)),
        files=whole.source.files,
    )
    return Dataset(
        train=_rows(features.X, whole.vectors, train),
        holdout=_rows(features.X, whole.vectors, aside) if len(aside) else None,
        columns=features.columns,
        task=goal.task,
        classes=goal.classes,
        positive=goal.positive,
        digest=digest,
        warnings=(
            *filter(None, [remark(spec.hash)]),
            *_warnings(spec, whole, features, hashes, train, aside),
        ),
    )


def _held(spec: DataSpec, whole: Whole, content: pd.DataFrame) -> Any:
    """Boolean mask of the holdout rows."""
    vectors, fraction = whole.vectors, spec.holdout.fraction
    if spec.holdout.kind is HoldoutKind.NONE:
        return np.zeros(len(content), dtype=bool)
    if whole.outside is not None:
        return whole.outside
    if whole.roles.holdout is not None:
        return holdout.by_column(whole.source.frame[whole.roles.holdout], spec.holdout)
    if vectors.time is not None:
        return holdout.by_time(vectors.time, fraction)
    labels = vectors.ids if vectors.groups is None else vectors.groups
    units = content if labels is None else pd.Series(labels, dtype=labels.dtype).to_frame("unit")
    strata = vectors.target.codes
    strata = np.zeros(len(content), dtype="int64") if strata is None else strata
    return holdout.by_units(row_hashes(units), strata, fraction)


def _sides(spec: DataSpec, held: Any, hashes: Any) -> tuple[Any, Any]:
    """Row numbers of training and of holdout, each without its duplicates if so wished."""
    train, aside = np.flatnonzero(~held), np.flatnonzero(held)
    if spec.duplicates == "error" and (copies := len(hashes) - len(np.unique(hashes))):
        message = f"{copies} rows are copies of other rows; remove them, or say `drop`"
        raise invalid("data.duplicates", message)
    if spec.duplicates == "drop":
        train, aside = _first(train, hashes), _first(aside, hashes)
    if len(train) < 2:
        raise invalid("data.source", f"{len(train)} rows are left to train on; 2 are the least")
    return train, aside


def _first(rows: Any, hashes: Any) -> Any:
    return rows[np.sort(np.unique(hashes[rows], return_index=True)[1])]


def _copies(spec: DataSpec, hashes: Any) -> tuple[str, ...]:
    copies = len(hashes) - len(np.unique(hashes))
    done = "dropped" if spec.duplicates == "drop" else "kept"
    return (f"{copies} rows are copies of other rows: {done}",) if copies else ()


def _rows(X: Any, vectors: Vectors, chosen: Any) -> Rows:
    def take(values: Any) -> Any:
        return None if values is None else values[chosen]

    return Rows(
        X=_take(X, chosen),
        y=take(vectors.target.y),
        weights=take(vectors.weights),
        groups=take(vectors.groups),
        time=take(vectors.time),
        folds=take(vectors.folds),
    )


def _take(X: Any, chosen: Any) -> Any:
    if isinstance(X, pd.DataFrame):
        return X.iloc[chosen].reset_index(drop=True)
    return X[chosen] if isinstance(X, np.ndarray) else Subset(X, chosen)


def _warnings(
    spec: DataSpec, whole: Whole, features: Features, hashes: Any, train: Any, aside: Any
) -> tuple[str, ...]:
    warnings = list(features.warnings)
    straddling = int(np.isin(hashes[train], hashes[aside]).sum())
    if straddling:
        warnings.append(
            f"{straddling} training rows are copies of holdout rows: its scores flatter. Name "
            "data.id or data.groups to keep such rows together, or remove them"
        )
    wanted = spec.holdout.fraction * len(hashes)
    fraction = spec.holdout.kind is HoldoutKind.FRACTION
    if fraction and abs(len(aside) - wanted) > max(1, wanted / 2) and spec.duplicates != "drop":
        warnings.append(
            f"the holdout has {len(aside)} rows, not about {round(wanted)}: rows that belong "
            "together are many"
        )
    if fraction and whole.vectors.time is not None and whole.vectors.groups is not None:
        shared = len(np.intersect1d(whole.vectors.groups[train], whole.vectors.groups[aside]))
        warnings.append(
            f"the holdout is the last rows by data.time; {shared} groups have rows on both sides"
        )
    return (*warnings, *_absent(whole, train, "training rows"), *_absent(whole, aside, "holdout"))


def _absent(whole: Whole, rows: Any, where: str) -> list[str]:
    """Says which classes these rows lack."""
    classes, codes = whole.vectors.target.classes, whole.vectors.target.codes
    if not classes or len(rows) == 0:
        return []
    lacking = [classes[i] for i in set(range(len(classes))) - set(np.unique(codes[rows]).tolist())]
    return [f"no row of class {listed(lacking)} in the {where}"] if lacking else []
