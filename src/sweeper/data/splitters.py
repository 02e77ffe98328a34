"""Folds from a splitter: a scikit-learn class by its bare name, or a class of the user's own."""

from __future__ import annotations

import inspect
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from sweeper.core.space import Value
from sweeper.core.specs import CvSpec
from sweeper.data.automatic import MOST_FOLDS, count
from sweeper.data.lazy import Subset
from sweeper.data.problems import invalid, listed, nearest
from sweeper.data.user_code import call_user, load_object
from sweeper.ports import Dataset, InvalidSpec, Problem, Rows

Fold = tuple[Any, Any]

MOST_INDICES = 200_000_000
"""Row numbers in all folds together: 1.6 GB."""


def folds(cv: CvSpec, dataset: Dataset, seed: int, directory: Path) -> list[Fold]:
    """All folds of all repeats, as indices into the training rows.

    Raises InvalidSpec on `cv.splitter`, `cv.repeats` or `cv.ARGUMENT`.
    """
    own = ":" in cv.splitter
    kind = load_object(cv.splitter, directory, "cv.splitter") if own else _by_name(cv.splitter)
    _check_arguments(kind, cv)
    if "Group" in cv.splitter and not own and dataset.train.groups is None:
        raise invalid(
            "cv.splitter", f"{cv.splitter} needs groups; name their column in data.groups"
        )
    arguments = dict(cv.arguments)
    seeded = _takes_seed(kind, arguments)
    if cv.repeats > 1 and not seeded:
        raise invalid("cv.repeats", f"{cv.splitter} makes the same folds every time; leave it out")
    rows = _in_time(dataset.train) if dataset.train.time is not None else dataset.train
    drawn: list[Fold] = []
    for r in range(cv.repeats):
        fill = {"random_state": (seed + r) % 2**32} if seeded else {}
        drawn += _draw(kind, {**arguments, **fill}, rows, cv.splitter, own)
    if dataset.train.time is None:
        return drawn
    order = _order(dataset.train.time)
    return [(order[train], order[valid]) for train, valid in drawn]


def names() -> list[str]:
    """Every splitter class of scikit-learn."""
    from sklearn import model_selection

    # asking for the experimental searches by name would raise; no splitter is among them
    public = {n: vars(model_selection).get(n) for n in model_selection.__all__}
    return sorted(n for n, kind in public.items() if _is_splitter(kind))


def _is_splitter(kind: Any) -> bool:
    return (
        inspect.isclass(kind)
        and hasattr(kind, "split")
        and hasattr(kind, "get_n_splits")
        and not inspect.isabstract(kind)
    )


def _by_name(name: str) -> Any:
    from sklearn import model_selection

    if name == "PredefinedSplit":
        raise invalid("cv.splitter", "for folds given by a column write {split_by: column}")
    if name not in names():
        raise invalid(
            "cv.splitter",
            f"scikit-learn has no splitter '{name}'; {nearest(name, names())}; one of your own "
            "is written module:Class",
        )
    return getattr(model_selection, name)


def _parameters(kind: Any) -> tuple[list[str], bool]:
    """Names the splitter takes; whether it takes any other as well."""
    found = inspect.signature(kind).parameters.values()
    named = [p.name for p in found if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    return named, any(p.kind is p.VAR_KEYWORD for p in found)


def _check_arguments(kind: Any, cv: CvSpec) -> None:
    named, anything = _parameters(kind)
    problems = [
        Problem(f"cv.{name}", f"{cv.splitter} has no argument '{name}'; {nearest(name, named)}")
        for name, _ in cv.arguments
        if name not in named and not anything
    ]
    if problems:
        raise InvalidSpec(problems)


def _takes_seed(kind: Any, arguments: dict[str, Value]) -> bool:
    """Where random_state is legal and not written: splitters that shuffle only if told, told."""
    named, _ = _parameters(kind)
    if "random_state" not in named or "random_state" in arguments:
        return False
    if "shuffle" not in named:
        return True
    return bool(arguments.get("shuffle", inspect.signature(kind).parameters["shuffle"].default))


def _order(time: Any) -> Any:
    return np.argsort(time, kind="stable")


def _in_time(rows: Rows) -> Rows:
    order = _order(rows.time)

    def take(values: Any) -> Any:
        return None if values is None else values[order]

    X = rows.X.iloc[order] if hasattr(rows.X, "iloc") else rows.X
    X = X[order] if isinstance(X, np.ndarray) else X
    X = Subset(X, order) if not hasattr(X, "shape") else X
    return Rows(X, take(rows.y), take(rows.weights), take(rows.groups), take(rows.time))


def _draw(kind: Any, arguments: dict[str, Value], rows: Rows, name: str, own: bool) -> list[Fold]:
    size = count(rows)
    X = rows.X if own else np.zeros(size)
    if own:
        return list(call_user(lambda: _split(kind(**arguments), X, rows), name, "cv.splitter"))
    with warnings.catch_warnings():
        # of classes with fewer rows than folds: `splits` says in its own words which lack them
        warnings.simplefilter("ignore", UserWarning)
        try:
            splitter = kind(**arguments)
            folds = splitter.get_n_splits(X, rows.y, rows.groups)
            if folds > MOST_FOLDS or folds * size > MOST_INDICES:
                raise invalid("cv.splitter", f"{name} would make {folds} folds of {size} rows")
            return _split(splitter, X, rows)
        except (ValueError, TypeError) as error:
            given = listed(f"{k}={v}" for k, v in arguments.items() if k != "random_state")
            raise invalid("cv.splitter", f"{name}({given}) cannot split: {error}") from error


def _split(splitter: Any, X: Any, rows: Rows) -> list[Fold]:
    return list(splitter.split(X, rows.y, rows.groups))
