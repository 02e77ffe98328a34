"""Aliases moved by people: `models promote`, through a gate, and `models rollback`."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sweeper.app.control import author
from sweeper.app.queries import registry
from sweeper.app.versions.contest import contest
from sweeper.ports import SweeperError

if TYPE_CHECKING:
    from sweeper.registry.versions import Version, Versions


@dataclass(frozen=True, slots=True)
class Promotion:
    """Whether an alias moved to `version`, and why. `previous`: who held it. `versus`: what the
    two are to one another on the holdout; None: they were not compared."""

    model: str
    alias: str
    version: int
    previous: int | None
    moved: bool
    verdict: str
    versus: dict[str, Any] | None = None
    holdout: str = ""
    look: int = 0


def promote(
    root: Path,
    model: str,
    ref: str | None = None,
    *,
    alias: str = "champion",
    limits: Mapping[str, float] | None = None,
    force: bool = False,
    why: str = "",
    uri: str | None = None,
    folder: Path | None = None,
    notice: Callable[[str], None] = lambda text: None,
) -> Promotion:
    """Give an alias to a version that passes the gate against who holds it now.

    The gate is that of the version's config; `limits` overrule it by name. `force` moves the
    alias without a comparison. SweeperError when the versions cannot be compared fairly, or
    when somebody else moves the alias meanwhile; nothing is changed then.
    """
    registered = registry(root, uri)
    version, holder = registered.show(model, ref), registered.holder(model, alias)
    previous = None if holder is None else holder.version
    if previous == version.version:
        verdict = f"{alias} already names {version.title}"
        return Promotion(model, alias, version.version, previous, False, verdict)
    if holder is None or force:  # else the contest verifies it
        registered.insist(version)
    if holder is None:
        why = why or f"{alias} set: nobody held it"
        found = Promotion(model, alias, version.version, None, True, why)
    elif force:
        why = why or "moved by hand, without a comparison"
        found = Promotion(model, alias, version.version, previous, True, why)
    else:
        found = _judged(registered, root, version, holder, alias, limits or {}, folder, notice)
    _settle(registered, found)
    return found


def _judged(
    registered: Versions,
    root: Path,
    version: Version,
    holder: Version,
    alias: str,
    limits: Mapping[str, float],
    folder: Path | None,
    notice: Callable[[str], None],
) -> Promotion:
    from sweeper.registry.verdict import difference, failures

    met = contest(registered, root, version, holder, folder, notice)
    against = list(failures(met.versus, dataclasses.replace(met.gate, **limits)))
    verdict = "; ".join(against) or difference(met.versus)
    return Promotion(
        version.name,
        alias,
        version.version,
        holder.version,
        not against,
        f"{verdict} (look {met.look} at this holdout)",
        met.versus,
        met.holdout,
        met.look,
    )


def _settle(registered: Versions, found: Promotion) -> None:
    """Keep the verdict, and move the alias if it says so."""
    from sweeper.registry.moves import PROMOTED, REFUSED, Move

    how = PROMOTED if found.moved else REFUSED
    move = Move(
        found.version,
        found.previous,
        how,
        author(),
        found.verdict,
        time.time(),
        found.holdout,
        found.look,
    )
    registered.move(found.model, found.alias, move)


def rollback(
    root: Path, model: str, *, alias: str = "champion", why: str = "", uri: str | None = None
) -> Promotion:
    """Give an alias back to the version that held it before. SweeperError when there is none,
    or when that version is no longer what was registered."""
    from sweeper.registry.moves import ROLLED_BACK, Move, back

    registered = registry(root, uri)
    holder = registered.holder(model, alias)
    if holder is None:
        raise SweeperError(f"{model} has no alias {alias}: there is nothing to roll back")
    to = back(registered.history(model, alias))
    if to is None:
        raise SweeperError(
            f"{model}@{alias} has named no other version before {holder.version}: there is "
            "nothing to go back to"
        )
    registered.insist(registered.show(model, str(to)))
    why = why or "no reason was given"
    move = Move(to, holder.version, ROLLED_BACK, author(), why, time.time())
    registered.move(model, alias, move)
    return Promotion(model, alias, to, holder.version, True, why)
