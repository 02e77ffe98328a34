"""`models predict`: a file's rows, scored by a registered version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sweeper.app.outputs import write_file
from sweeper.app.queries import registry
from sweeper.app.versions.guarded import guarded
from sweeper.ports import SweeperError


class Unfit(SweeperError):
    """A file that is not one of rows which the model can score; the message says why."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Scored:
    """`answers`: a DataFrame with a row for each of the file's, in its order: `prediction`, and
    `probability_CLASS` for each class where the model has them."""

    title: str
    answers: Any

    def csv(self) -> str:
        text: str = self.answers.to_csv(index=False)
        return text


def predict(
    root: Path,
    model: str,
    ref: str | None,
    data: Path,
    *,
    out: Path | None = None,
    ignore_extra: bool = False,
    uri: str | None = None,
) -> Scored:
    """Score the rows of a CSV; with `out` the answers are written there, whole or not at all.

    Unfit names every column that is missing, too many, or holds what it should not.
    SweeperError when the version is not what was registered, or its model fails on the rows.
    """
    from sweeper.data import scorable
    from sweeper.registry.expected import expected
    from sweeper.worker import models

    registered = registry(root, uri)
    version = registered.show(model, ref)
    lineage = registered.lineage(version)
    with registered.fetch(version) as folder:
        wanted = expected(folder, lineage, version.title)
        try:
            cells = _hashed(scorable.read(data), lineage["data"]["hashed"])
            X = scorable.typed(cells, wanted.columns, wanted.known, ignore_extra)
        except scorable.Unscorable as error:
            raise Unfit(_told(data, version.title, str(error))) from error
        with guarded(f"{version.title} fails on {data}"):
            loaded = models.load((folder / version.file).read_bytes(), str(folder / "code"))
            answers = scorable.scored(loaded, X.to_numpy() if wanted.array else X)
    found = Scored(version.title, answers)
    if out is not None:
        write_file(out, found.csv().encode())
    return found


def _hashed(cells: Any, columns: Sequence[str]) -> Any:
    """What training saw of these columns; those that are missing are told of later."""
    from sweeper.data.hashing import hash_columns

    there = [name for name in columns if name in cells]
    return cells.assign(
        **{n: c.astype(object) for n, c in hash_columns(cells, there)[there].items()}
    )


def _told(data: Path, title: str, problems: str) -> str:
    lines = problems.splitlines()
    return f"{data} cannot be scored by {title}:\n" + "\n".join(f"  {line}" for line in lines)
