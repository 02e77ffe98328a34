"""`data:`: where rows come from and what role each column has.

Only the form is checked here; whether files and columns are there, the data adapter says.
"""

from __future__ import annotations

from sweeper.config.cursor import Cursor
from sweeper.config.tree import Table
from sweeper.core.specs import DataSpec, HoldoutKind, HoldoutSpec

_KEYS = (
    "source", "target", "positive", "drop", "hash", "groups", "time", "weights", "id",
    "duplicates", "holdout",
)  # fmt: skip
_ROLES = ("target", "groups", "time", "weights", "id")
_TABLES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet")
_FILES = (*_TABLES, ".npz")
_SOURCE = f"a file ({', '.join(_FILES)}), sklearn:NAME or module:function"


def read_data(at: Cursor, supervised: bool) -> DataSpec:
    """`supervised`: a model needs a target, a training function may do without."""
    keys = at.fields(_KEYS, required=("source",))
    source = keys["source"].text(_SOURCE) if "source" in keys else ""
    if supervised and source.lower().endswith(_TABLES) and "target" not in keys:
        at.problem("the key `target` is missing; expected the name of the column to predict")
    roles = {role: keys[role].column() for role in _ROLES if role in keys}
    drop, hashed = (keys[k].columns() if k in keys else () for k in ("drop", "hash"))
    return DataSpec(
        source=source,
        target=roles.get("target"),
        positive=_positive(keys["positive"]) if "positive" in keys else None,
        drop=drop,
        groups=roles.get("groups"),
        time=roles.get("time"),
        weights=roles.get("weights"),
        id=roles.get("id"),
        duplicates=_duplicates(keys["duplicates"]) if "duplicates" in keys else "keep",
        holdout=_holdout(keys["holdout"]) if "holdout" in keys else HoldoutSpec(),
        hash=hashed,
    )


def _duplicates(at: Cursor) -> str:
    return at.one_of(("keep", "drop", "error"), "keep")


def _positive(at: Cursor) -> str | int | float | bool | None:
    value = at.value
    if isinstance(value, str | int | float | bool):
        return value
    at.wrong('the label of the positive class, as ">50K" or 1')
    return None


def _holdout(at: Cursor) -> HoldoutSpec:
    """A share of the rows, a file of its own, the rows where a column has a value, or none."""
    if at.is_word("none"):
        return HoldoutSpec(HoldoutKind.NONE)
    if isinstance(at.tree, Table):
        keys = at.fields(("column", "value"), required=("column", "value"))
        column = keys["column"].column() if "column" in keys else ""
        value = keys["value"].value if "value" in keys else None
        if isinstance(value, list | dict):
            keys["value"].wrong("one value of that column")
        return HoldoutSpec(HoldoutKind.COLUMN, column=column, value=value)
    if isinstance(at.value, str):
        if at.value.lower().endswith(_FILES):
            return HoldoutSpec(HoldoutKind.FILE, path=at.value)
        at.wrong("a share as 0.2, a file (.csv, .parquet, …), {column: …, value: …} or none")
        return HoldoutSpec()
    return HoldoutSpec(fraction=at.share(0.2))
