"""`preprocess:`: auto, none, or steps by columns."""

from __future__ import annotations

from collections import Counter

from sweeper.config.cursor import Cursor
from sweeper.config.estimators import Role, factory
from sweeper.config.parameters import Place, read_arguments, read_choice, read_object
from sweeper.config.problems import short
from sweeper.config.tree import Listing, Scalar, Table
from sweeper.core.space import Fixed, Node, Object
from sweeper.core.specs import ColumnSteps, Preprocess, PreprocessKind

PASS = "passthrough"
"""A branch of `choose:` that leaves the columns as they are."""

_EXPECTED = "auto, none, or a list of {columns: […], steps: […]}"


def read_preprocess(at: Cursor, place: Place) -> Preprocess:
    """Searched parameters are named `preprocess.CLASS.PARAMETER`, numbered where needed."""
    if at.is_word("auto"):
        return Preprocess()
    if at.is_word("none"):
        return Preprocess(PreprocessKind.NONE)
    if not isinstance(at.tree, Listing) or not at.tree.items:
        at.wrong(_EXPECTED)
        return Preprocess()
    seen: Counter[str] = Counter()
    blocks = tuple(_block(item, place, seen) for item in at.items("blocks"))
    _check_columns(at, blocks)
    return Preprocess(PreprocessKind.COLUMNS, blocks)


def _block(at: Cursor, place: Place, seen: Counter[str]) -> ColumnSteps:
    keys = at.fields(("columns", "steps"), required=("columns", "steps"))
    columns = keys["columns"].columns() if "columns" in keys else ()
    what = "steps, as sklearn.preprocessing.StandardScaler"
    steps = keys["steps"].items(what) if "steps" in keys else []
    nodes = tuple(_step(step, place, seen) for step in steps)
    return ColumnSteps(columns, nodes)


def _check_columns(at: Cursor, blocks: tuple[ColumnSteps, ...]) -> None:
    seen: set[str] = set()
    for item, block in zip(at.items("blocks"), blocks, strict=True):
        twice = [c for c in block.columns if c in seen]
        if twice:
            item.problem(
                f"the column `{short(twice[0])}` is in an earlier block too; "
                "expected every column in one block: put its steps there"
            )
        seen.update(block.columns)


def _step(at: Cursor, place: Place, seen: Counter[str]) -> Node:
    if isinstance(at.tree, Scalar):
        made = factory(at, Role.STEP)
        read_arguments(at, None, place, made)
        return Object(str(at.value))
    if isinstance(at.tree, Table) and at.tree.get("choose"):
        below = _numbered(place, "step", seen)
        return read_choice(at, below, lambda branch, under: _branch(branch, under, seen))
    return read_object(at, _numbered(place, _class_name(at), seen), Role.STEP)[0]


def _branch(at: Cursor, place: Place, seen: Counter[str]) -> Node:
    """A branch is a step, named by the branch and not by its class; or `passthrough`."""
    if at.is_word(PASS):
        return Fixed(PASS)
    if isinstance(at.tree, Scalar):
        return _step(at, place, seen)
    return read_object(at, place, Role.STEP)[0]


def _class_name(at: Cursor) -> str:
    """The lower-case class name of `{estimator: X}`."""
    entry = at.tree.get("estimator") if isinstance(at.tree, Table) else None
    path = entry.value.text if entry and isinstance(entry.value, Scalar) else "step"
    return path.replace(":", ".").rpartition(".")[2].lower()


def _numbered(place: Place, name: str, seen: Counter[str]) -> Place:
    """`preprocess.NAME`, and as the longer name `preprocess.NAME2` for the second."""
    seen[name] += 1
    return place.below(f"{name}{seen[name]}", short=(name,))
