"""`models card`: a version's card made anew, with results by group where they are asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sweeper.app.outputs import write_file
from sweeper.app.queries import registry
from sweeper.app.versions.again import Again, Lineage, holdout_seed
from sweeper.app.versions.guarded import guarded
from sweeper.ports import SweeperError

if TYPE_CHECKING:
    from sweeper.registry.versions import Version


def card(
    root: Path,
    model: str,
    ref: str | None,
    out: Path,
    *,
    by: str | None = None,
    uri: str | None = None,
    folder: Path | None = None,
    notice: Callable[[str], None] = lambda text: None,
) -> list[Path]:
    """Write card.md, its pictures and card.html into `out`, and keep them with the version.

    `by`: a feature by whose values the holdout is scored again; its data has to be where the
    config says, or in `folder`, as it was. SweeperError when the version is not what was
    registered, or the data is not there.
    """
    from sweeper.registry.reading import BESIDE

    registered = registry(root, uri)
    version = registered.show(model, ref)
    lineage = registered.lineage(version)
    with registered.fetch(version) as copy:
        pictures = {path.name: path.read_bytes() for path in (copy / BESIDE).glob("*.png")}
        found = _by_group(root, version, lineage, copy, by, folder) if by else None
    if by:
        notice(f"the holdout was looked at once more, by {by}")
    files = registered.card(version, lineage, pictures, found)
    out.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        write_file(out / name, content)
    return [out / name for name in files]


def _by_group(
    root: Path, version: Version, lineage: Lineage, copy: Path, by: str, folder: Path | None
) -> dict[str, Any]:
    from sweeper.worker.groups import by_group

    why = f"{version.title} has no results by group"
    with Again.of(lineage, root) as again:
        prepared = again.as_registered(folder, why)
    dataset = prepared.dataset
    if dataset is None or dataset.holdout is None or dataset.holdout.y is None:
        raise SweeperError(f"{why}: no row was held out for it")
    seed = holdout_seed(prepared, lineage)
    content = (copy / version.file).read_bytes()
    with guarded(f"{version.title} cannot be scored by {by}"):
        return by_group(prepared.job, dataset.holdout, seed, content, by, str(copy / "code"))
