"""`cv:` in all its forms."""

from __future__ import annotations

import inspect
from typing import Any

from sweeper.config.cursor import Cursor
from sweeper.config.imports import NotFound, find
from sweeper.config.problems import did_you_mean, short
from sweeper.config.tree import Scalar, Table
from sweeper.core.specs import CvKind, CvSpec

_SKLEARN = "sklearn.model_selection"
_EXPECTED = (
    "a number of folds, {splitter: …}, {n_splits: …, repeats: …}, {split_by: column}, "
    "module:Class or none"
)
_MOST_FOLDS = 10_000


def read_cv(at: Cursor) -> CvSpec:
    """How rows are split into folds; docs/config.md shows the forms."""
    if at.is_word("none"):
        return CvSpec(CvKind.NONE, n_splits=1)
    if isinstance(at.tree, Scalar) and isinstance(at.tree.value, str):
        return _splitter(at, {}, 1)
    if isinstance(at.tree, Scalar) and isinstance(at.tree.value, int):
        return CvSpec(n_splits=at.integer(5, 2, _MOST_FOLDS))
    if not isinstance(at.tree, Table):
        at.wrong(_EXPECTED)
        return CvSpec()
    children = dict(at.children())
    if "split_by" in children:
        keys = at.fields(("split_by",))
        column = keys["split_by"].column() if "split_by" in keys else ""
        return CvSpec(CvKind.COLUMN, column=column)
    if "splitter" in children:
        return _mapping(at, children)
    keys = at.fields(("n_splits", "repeats", "splitter", "split_by"))
    if not children:
        at.wrong(_EXPECTED)
    return CvSpec(n_splits=_folds(keys), repeats=_repeats(keys))


def _folds(keys: dict[str, Cursor]) -> int:
    return keys["n_splits"].integer(5, 2, _MOST_FOLDS) if "n_splits" in keys else 5


def _repeats(keys: dict[str, Cursor]) -> int:
    return keys["repeats"].integer(1, 1, 1000) if "repeats" in keys else 1


def _mapping(at: Cursor, children: dict[str, Cursor]) -> CvSpec:
    arguments = {n: c for n, c in children.items() if n not in ("splitter", "repeats")}
    for child in children.values():
        if child.empty:
            child.problem("nothing stands here; expected a value, or leave the key out")
            return CvSpec()
    return _splitter(children["splitter"], arguments, _repeats(children))


def _splitter(at: Cursor, arguments: dict[str, Cursor], repeats: int) -> CvSpec:
    written = at.text("a splitter's name, as StratifiedKFold, or module:Class")
    if not written:
        return CvSpec()
    try:
        name, target = _find(written)
    except NotFound as error:
        at.problem(f"{error}; expected {_EXPECTED}")
        return CvSpec()
    if not hasattr(target, "split"):
        hint = did_you_mean(written, splitter_names())
        at.problem(f"`{short(written)}` splits nothing; expected a class with `split`{hint}")
        return CvSpec()
    values = {n: c.value for n, c in arguments.items()}
    folds = _check_arguments(at, target, arguments, values, repeats)
    return CvSpec(CvKind.SPLITTER, folds, name, tuple(values.items()), repeats=repeats)


def _find(written: str) -> tuple[str, Any]:
    """The splitter's canonical name and its class."""
    bare = written.removeprefix(f"{_SKLEARN}.")
    if "." in bare or ":" in bare:
        name = written if ":" in written else ":".join(written.rsplit(".", 1))
        return name, find(name)
    if bare not in splitter_names():
        hint = did_you_mean(bare, splitter_names())
        raise NotFound(f"`{short(bare)}` is no splitter of scikit-learn{hint}")
    return bare, find(f"{_SKLEARN}.{bare}")


def splitter_names() -> list[str]:
    """scikit-learn's splitters by class name."""
    import sklearn.model_selection as module

    found = {n: vars(module).get(n) for n in module.__all__}
    return [
        n
        for n, c in found.items()
        if isinstance(c, type) and hasattr(c, "split") and not n.startswith("Base")
    ]


def _check_arguments(
    at: Cursor, target: Any, cursors: dict[str, Cursor], values: dict[str, Any], repeats: int
) -> int:
    """Notes arguments that the splitter does not take; returns its number of folds if known."""
    known, opened = _signature(target)
    wrong = [] if opened else [n for n in cursors if n not in known]
    for name in wrong:
        cursors[name].unknown_key([*known, "repeats"])
    if repeats > 1 and "random_state" not in known:
        at.problem(f"{short(at.value)} draws nothing at random: repeats would all be the same")
    if wrong:
        return 5
    return _made(at, target, values)


def _signature(target: Any) -> tuple[list[str], bool]:
    """The names of the constructor's arguments, and whether it takes any other."""
    try:
        found = inspect.signature(target).parameters
    except (TypeError, ValueError):  # written in C, without a signature
        return [], True
    return list(found), any(p.kind is inspect.Parameter.VAR_KEYWORD for p in found.values())


def _made(at: Cursor, target: Any, values: dict[str, Any]) -> int:
    """Makes the splitter once, to hear what it says of its arguments."""
    try:
        splitter = target(**values)
    except Exception as error:
        if getattr(target, "__name__", "") == "PredefinedSplit":
            at.problem("PredefinedSplit takes rows; expected `cv: {split_by: column}`")
        else:
            at.problem(f"{short(at.value)} refuses these arguments: {short(error)}")
        return 5
    folds = getattr(splitter, "n_splits", values.get("n_splits", 5))
    if isinstance(folds, int) and folds > _MOST_FOLDS:
        at.problem(f"{folds:,} folds are too many; expected at most {_MOST_FOLDS:,}")
    return folds if isinstance(folds, int) else 5
