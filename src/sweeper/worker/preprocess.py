"""Preprocessing by kind of column, or as the config says by columns.

What `auto` does: numbers: median for missing ones, an indicator where some were missing,
standard scale. Booleans: 0 and 1. Categories: one-hot, those seen fewer than MIN_SEEN times
together in one column; with more than MANY distinct values: target encoding. Dates: parts
(`transforms.DateParts`). Text: TF-IDF of the WORDS most frequent words, each column by itself.
Arrays are numeric columns.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any

from sweeper.core.space import Params
from sweeper.core.specs import ColumnSteps, Preprocess, PreprocessKind
from sweeper.ports import Column, Job
from sweeper.worker.tree import resolve

MANY = 30
MIN_SEEN = 5
WORDS = 300
HUGE = 2.5e8
"""Cells of a prepared table (2 GB) from which text makes it sparse instead of dense."""


def preprocessor(job: Job, preprocess: Preprocess, params: Params, seed: int) -> Any:
    """An unfitted transformer for the job's features, or None when there is nothing to do."""
    if preprocess.kind is PreprocessKind.NONE or getattr(job.rows.X, "ndim", 0) != 2:
        return None
    if preprocess.kind is PreprocessKind.COLUMNS:
        return _by_blocks(job, preprocess.blocks, params)
    return _automatic(job, seed)


def _by_blocks(job: Job, blocks: Iterable[ColumnSteps], params: Params) -> Any:
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import make_pipeline

    parts = []
    for number, block in enumerate(blocks):
        steps = [resolve(step, params, job.directory) for step in block.steps]
        columns: Any = [_selector(job, name) for name in block.columns]
        if len(columns) == 1 and hasattr(steps[0], "build_analyzer"):
            columns = columns[0]  # a text vectorizer wants one column, not a table of one
        parts.append((f"block{number}", make_pipeline(*steps), columns))
    return ColumnTransformer(parts, remainder="passthrough", sparse_threshold=0)


def _automatic(job: Job, seed: int) -> Any:
    from sklearn.compose import ColumnTransformer

    if not hasattr(job.rows.X, "columns") and all(c.kind == "numeric" for c in job.columns):
        return _steps("numeric", job, seed)  # finding columns would take longer than the work
    kinds: dict[str, list[Any]] = {}
    for column in job.columns:
        kinds.setdefault(_kind(column), []).append(_selector(job, column.name))
    texts = kinds.pop("text", [])
    parts = [(kind, _steps(kind, job, seed), columns) for kind, columns in kinds.items()]
    parts += [(f"text_{i}", _steps("text", job, seed), text) for i, text in enumerate(texts)]
    cells = len(job.rows.X) * (len(job.columns) + WORDS * len(texts))
    return ColumnTransformer(parts, sparse_threshold=1.0 if texts and cells > HUGE else 0)


def _kind(column: Column) -> str:
    return "many" if column.kind == "categorical" and column.distinct > MANY else column.kind


def _selector(job: Job, name: str) -> Any:
    """How a ColumnTransformer finds the column: by name in a table, by place in an array."""
    if hasattr(job.rows.X, "columns"):
        return name
    return [column.name for column in job.columns].index(name)


def _steps(kind: str, job: Job, seed: int) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

    from sweeper.worker import transforms

    match kind:
        case "boolean":
            return transforms.MedianFilled()
        case "categorical":
            hot = OneHotEncoder(
                handle_unknown="infrequent_if_exist", min_frequency=MIN_SEEN, sparse_output=False
            )
            return make_pipeline(FunctionTransformer(transforms.as_strings), hot)
        case "many":
            encoder = _target_encoder(job, seed)
            return make_pipeline(
                FunctionTransformer(transforms.as_strings), encoder, StandardScaler()
            )
        case "date":
            return make_pipeline(
                transforms.DateParts(), transforms.MedianFilled(), StandardScaler()
            )
        case "text":
            words = TfidfVectorizer(
                max_features=WORDS, sublinear_tf=True, token_pattern=r"(?u)\b\w+\b"
            )
            return make_pipeline(FunctionTransformer(transforms.as_text), words)
    return make_pipeline(transforms.MedianFilled(), StandardScaler())


def _target_encoder(job: Job, seed: int) -> Any:
    """Cross-fitted inside the training rows; seeded in the way this scikit-learn wants it."""
    from sklearn.model_selection import KFold, StratifiedKFold
    from sklearn.preprocessing import TargetEncoder

    seed %= 2**32
    if job.task == "regression":
        kind, splitter = "continuous", KFold
    else:
        kind, splitter = ("binary" if len(job.classes) == 2 else "multiclass"), StratifiedKFold
    if inspect.signature(TargetEncoder).parameters["random_state"].default is None:
        return TargetEncoder(target_type=kind, random_state=seed)
    return TargetEncoder(target_type=kind, cv=splitter(n_splits=5, shuffle=True, random_state=seed))
