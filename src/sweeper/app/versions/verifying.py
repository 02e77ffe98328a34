"""`models verify`: whether a version, and all that it came from, is what was registered."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sweeper.app.checking.check import Check, listed
from sweeper.app.queries import read, registry
from sweeper.core.records import State
from sweeper.journal import places
from sweeper.ports import SweeperError

if TYPE_CHECKING:
    from sweeper.registry.versions import Version, Versions

RESTORE = "restore it from a backup; until then nothing that it says can be relied on"

_SEQ = re.compile(rb'"seq":(\d+)')

Lineage = dict[str, Any]


def verify(root: Path, model: str, ref: str | None = None, uri: str | None = None) -> list[Check]:
    """Its files, its tags and aliases' record, the journal that it came from, and the data.

    A check whose `ok` is None could not be made: what it is of is not within reach.
    """
    registered = registry(root, uri)
    version = registered.show(model, ref)
    changed = registered.changed(version)
    files = Check(
        "files",
        not changed,
        listed(changed) or "each has the SHA-256 of its manifest, and none is more or less",
        RESTORE,
    )
    try:
        lineage = registered.lineage(version)
    except SweeperError as error:
        return [files, Check("lineage", False, str(error), RESTORE)]
    return [files, _tags(registered, version, lineage), *_origin(root, version, lineage)]


def _tags(registered: Versions, version: Version, lineage: Lineage) -> Check:
    wrong = list(registered.contradictions(version, lineage))
    said = listed(wrong) or "the version's tags say what its lineage says"
    return Check("tags", not wrong, said, RESTORE)


def _origin(root: Path, version: Version, lineage: Lineage) -> Iterator[Check]:
    """The journal and the data."""
    told, directory = lineage["sweep"], root / lineage["sweep"]["name"]
    try:
        state = read(directory) if places.exists(directory) else None
    except SweeperError as error:
        yield Check("journal", False, str(error), f"`sweeper doctor {told['name']}` says more")
        return
    if state is None or state.sweep_id != told["id"]:
        yield Check("journal", None, f"the sweep {told['name']} that made it is not in {root}")
    else:
        yield _journal(directory, state, version, lineage)
    yield _data(root, lineage)


def _journal(directory: Path, state: State, version: Version, lineage: Lineage) -> Check:
    length, expected = int(lineage["journal"]["events"]), lineage["journal"]["sha256"]
    if _digest(directory, length) != expected:
        found = f"its first {length:,} events are not those that the model came from"
        return Check("journal", False, found, RESTORE)
    mine = state.registered
    if mine is not None and mine.version == version.version and mine.digest != version.digest:
        found = f"it tells of another lineage for {version.title}: {mine.digest[:12]}"
        return Check("journal", False, found, RESTORE)
    return Check("journal", True, f"its first {length:,} events are those the model came from")


def _digest(directory: Path, events: int) -> str:
    """SHA-256 of the journal's lines up to this number of events."""
    sha = hashlib.sha256()
    for line in places.at(directory).lines():
        seq = _SEQ.search(line)
        if seq is None or int(seq.group(1)) > events:
            break
        sha.update(line)
    return sha.hexdigest()


def _data(root: Path, lineage: Lineage) -> Check:
    """The data as it is found today, where the config says."""
    from sweeper.app.versions.again import Again

    if lineage["data"] is None:
        return Check("data", None, "the training function brought its own")
    try:
        with Again.of(lineage, root) as again:
            differences = list(again.other_data(again.prepare(None)))
    except SweeperError as error:
        return Check("data", None, f"it cannot be read: {error}")
    for each in differences:
        said = f"{each.what} was {each.before} and is {each.now}"
        return Check("data", False, said, "put the data back that the model was trained on")
    rows = lineage["data"]["rows"]
    return Check("data", True, f"{rows:,} rows, as they were when the model was trained")
