"""All rows of a source, typed and checked, before they are told apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sweeper.core.specs import DataSpec, HoldoutKind
from sweeper.data import lazy, roles, sources, target, types
from sweeper.data.fingerprint import block_rows
from sweeper.data.hashing import hash_columns
from sweeper.data.problems import attempt, invalid
from sweeper.ports import InvalidSpec, Problem


@dataclass(frozen=True, slots=True)
class Vectors:
    """What goes with every row besides its features; None where there is no such role."""

    target: target.Target
    groups: Any
    time: Any
    weights: Any
    ids: Any
    folds: Any


@dataclass(frozen=True, slots=True)
class Whole:
    """`outside`: which rows came from a holdout file, None without one.

    `digests` is the column of `typed.frame` that stands for the rows of the source's block.
    """

    source: sources.Source
    typed: types.Typed
    roles: roles.Roles
    vectors: Vectors
    outside: Any
    digests: str | None

    def candidates(self) -> list[str]:
        """Columns that may be features; of a block, the column of its digests."""
        if self.digests is not None:
            return [self.digests]
        return [name for name in self.typed.frame if name not in self.roles.named()]

    def content(self) -> pd.DataFrame:
        """What rows say, without what only names them (unless they say nothing else)."""
        frame = self.typed.frame
        telling = [n for n in frame if n not in self.typed.identifiers or n == self.digests]
        return frame[telling] if set(telling) - {self.roles.target} else frame

    def repeatable(self) -> pd.DataFrame:
        """What is equal in two rows that are duplicates."""
        return self.typed.frame[self.roles.repeated(self.candidates())]


def read_whole(spec: DataSpec, task: str | None, directory: Path, split_by: str | None) -> Whole:
    """Raises InvalidSpec with everything that is wrong at the first stage that fails."""
    source, outside = _read(spec, directory)
    columns = list(source.frame.columns)
    who = roles.assign(spec, columns, source.place, source.target, split_by, task)
    source = replace(source, frame=hash_columns(source.frame, spec.hash))
    frame, digests = _with_digests(source)
    typed = types.convert(frame)
    vectors = _vectors(spec, task, who, source)
    return Whole(source, typed, who, vectors, outside, digests)


def _read(spec: DataSpec, directory: Path) -> tuple[sources.Source, Any]:
    """The source, with the rows of a holdout file after its own; which rows those are."""
    if spec.holdout.kind is not HoldoutKind.FILE:
        return sources.read(spec.source, directory), None
    problems: list[Problem] = []
    source = attempt(problems, sources.read, spec.source, directory)
    extra = attempt(problems, sources.read, spec.holdout.path, directory, "data.holdout")
    if source is None or extra is None:
        raise InvalidSpec(problems)
    joined = sources.Source(
        _join_frames(source, extra),
        _join_blocks(source, extra),
        source.place,
        source.target,
        source.notes,
        (*source.files, *extra.files),
    )
    return joined, np.arange(len(joined.frame)) >= len(source.frame)


def _join_frames(source: sources.Source, extra: sources.Source) -> pd.DataFrame:
    missing = [name for name in source.frame if name not in extra.frame]
    if missing:
        names = ", ".join(map(repr, missing))
        raise invalid("data.holdout", f"{extra.place} lacks columns of {source.place}: {names}")
    frame = extra.frame[list(source.frame)]
    numeric = pd.api.types.is_numeric_dtype
    for name in frame:
        if numeric(source.frame[name]) and not numeric(frame[name]) and frame[name].notna().any():
            message = f"column '{name}' is numbers in {source.place}, but not in {extra.place}"
            raise invalid("data.holdout", message)
    return pd.concat([source.frame, frame], ignore_index=True)


def _join_blocks(source: sources.Source, extra: sources.Source) -> Any:
    if source.block is None and extra.block is None:
        return None
    arrays = isinstance(source.block, np.ndarray) and isinstance(extra.block, np.ndarray)
    if not arrays or source.block.shape[1:] != extra.block.shape[1:]:
        message = f"{extra.place} does not hold rows of the same shape as {source.place}"
        raise invalid("data.holdout", message)
    return np.concatenate([source.block, extra.block])


def _with_digests(source: sources.Source) -> tuple[pd.DataFrame, str | None]:
    """The frame, in which a block's rows stand as their digests."""
    if source.block is None:
        return source.frame, None
    if isinstance(source.block, np.ndarray):
        name = f"X: {source.block.dtype}{list(source.block.shape[1:])}"
        digests = block_rows(source.block)
    else:
        name, digests = "X: items", lazy.item_digests(source.block)
    # a category, so that no rule takes digests for numbers or text
    column = pd.Series(pd.Categorical(digests), index=source.frame.index)
    return source.frame.assign(**{name: column}), name


def _vectors(spec: DataSpec, task: str | None, who: roles.Roles, source: sources.Source) -> Vectors:
    problems: list[Problem] = []

    def read(name: str | None, reader: Callable[..., Any], *more: Any) -> Any:
        return None if name is None else attempt(problems, reader, source.frame[name], *more)

    goal = read(who.target, target.read_target, task, spec.positive, source.place)
    found = Vectors(
        target=goal or target.NO_TARGET,
        groups=read(who.groups, roles.read_labels, "data.groups"),
        time=read(who.time, roles.read_time),
        weights=read(who.weights, roles.read_weights),
        ids=read(who.id, roles.read_labels, "data.id"),
        folds=read(who.folds, roles.read_folds),
    )
    if problems:
        raise InvalidSpec(problems)
    return found
