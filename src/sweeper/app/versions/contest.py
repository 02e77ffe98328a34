"""Two versions on the holdout that neither was trained on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sweeper.app.directory import looks
from sweeper.app.versions.again import Again, Lineage, holdout_seed
from sweeper.app.versions.guarded import guarded
from sweeper.core.specs import Gate
from sweeper.ports import SweeperError

if TYPE_CHECKING:
    from sweeper.app.prepare import Prepared
    from sweeper.registry.versions import Version, Versions


class Incomparable(SweeperError):
    """Two versions that no fair comparison can be made of; the message says why."""


@dataclass(frozen=True, slots=True)
class Contest:
    """`versus`: as `sweeper.worker.rivals.beside` has it, positive for the new one. `gate`: what
    the new version's config asks for. `look`: how often the holdout has been looked at now."""

    versus: dict[str, Any]
    gate: Gate
    holdout: str
    look: int


def contest(
    registered: Versions,
    root: Path,
    new: Version,
    old: Version,
    folder: Path | None,
    notice: Callable[[str], None],
) -> Contest:
    """Scores both on the holdout's rows, which are read where the new one's config says, or in
    `folder`. Incomparable where they have no holdout in common or it is not there."""
    ours, theirs = (registered.lineage(v) for v in (new, old))
    digest = _common(new, old, ours, theirs)
    with Again.of(ours, root, notice) as again:
        prepared = again.prepare(folder)
        versus = _versus(registered, prepared, ours, new, old, digest)
    spec = prepared.spec.register
    looked = looks(root, digest, None, notice) + registered.looks(new.name, digest) + 1
    return Contest(versus, spec.gate if spec else Gate(), digest, looked)


def _common(new: Version, old: Version, ours: Lineage, theirs: Lineage) -> str:
    """The digest of the holdout that both have kept out of their training."""
    mine, other = (str((each["data"] or {}).get("holdout_sha256", "")) for each in (ours, theirs))
    for version, digest in ((new, mine), (old, other)):
        if not digest:
            raise Incomparable(
                f"{version.title} was trained without a holdout: there are no rows that neither "
                "version has seen"
            )
    if mine != other:
        raise Incomparable(
            f"{new.title} and {old.title} have different holdouts ({mine[:12]}, {other[:12]}): "
            "each may have been trained on rows of the other's. Launch a sweep over the same data"
        )
    if ours["metric"]["name"] != theirs["metric"]["name"]:
        raise Incomparable(
            f"{new.title} was chosen by {ours['metric']['name']}, "
            f"{old.title} by {theirs['metric']['name']}"
        )
    return mine


def _versus(
    registered: Versions,
    prepared: Prepared,
    lineage: Lineage,
    new: Version,
    old: Version,
    digest: str,
) -> dict[str, Any]:
    from sweeper.worker.rivals import compared

    dataset = prepared.dataset
    if dataset is None or dataset.holdout is None or dataset.digest.holdout != digest:
        now = dataset.digest.holdout[:12] if dataset else "none"
        raise Incomparable(
            f"the holdout that {new.title} was kept from ({digest[:12]}) is not what its data "
            f"gives today ({now}): put the data back, or name its folder with --folder DIR"
        )
    seed = holdout_seed(prepared, lineage)
    contents = (registered.content(version) for version in (new, old))
    with guarded(f"{new.title} and {old.title} cannot both be scored here", Incomparable):
        versus = compared(prepared.job, dataset.holdout, seed, *contents)
    if "error" in versus:
        raise Incomparable(f"{new.title} and {old.title}: {versus['error']}")
    return versus
