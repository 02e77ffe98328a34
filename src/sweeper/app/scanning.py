"""After an erasure: is there anything left of it, in the root, the registry, the storage?"""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Sequence
from pathlib import Path

from sweeper.app import tombstone
from sweeper.app.checking.check import Check, listed
from sweeper.app.queries import store
from sweeper.app.tombstone import Tombstone
from sweeper.journal import places

AGAIN = "ask for the erasure again; what a backup has is not seen from here"


def scan(root: Path, stones: Sequence[Tombstone], uri: str | None = None) -> Iterator[Check]:
    """Looks for the sweeps' ids, the ids of their runs and the SHA-256 of their models.

    In every file below the root by name, content and digest; in the registry; and at the
    checkpoints' storages. Tombstones, and journals of sweeps that learned from an erased one,
    may name its id; the latter are told.
    """
    yield _directories(root, stones)
    yield _checkpoints(stones)
    yield from _registered(stones, store(root, uri).uri)
    yield from _files(root, stones)


def _directories(root: Path, stones: Sequence[Tombstone]) -> Check:
    folders = (root / stone.sweep for stone in stones if stone.sweep)
    left = [
        str(path)
        for folder in folders
        if (folder / tombstone.NAME).is_file()
        for path in folder.iterdir()
        if path.name != tombstone.NAME
    ]
    return Check("directories", not left, listed(left) or "only tombstones", AGAIN)


def _checkpoints(stones: Sequence[Tombstone]) -> Check:
    from sweeper.worker.storage import storage_at

    named = [stone.storage for stone in stones if stone.storage]
    left = [storage for storage in named if not storage_at(storage).empty()]
    found = listed(left) or f"nothing in {listed(named)}" if named else "none were kept elsewhere"
    return Check("checkpoints", not left, found, AGAIN)


def _registered(stones: Sequence[Tombstone], uri: str) -> Iterator[Check]:
    from sweeper.registry.erasing import entries, runs

    ids = {stone.sweep_id for stone in stones}
    versions = [entry.title for entry in entries(uri) if entry.sweep_id in ids]
    yield Check("versions", not versions, listed(versions) or "none is registered", AGAIN)
    left = [run for sweep_id in sorted(ids) for run in runs(uri, sweep_id)]
    yield Check(
        "runs",
        not left,
        listed(left) or "MLflow has none",
        "a tracking server keeps the rows of deleted runs: `mlflow gc` there removes them",
    )


def _files(root: Path, stones: Sequence[Tombstone]) -> Iterator[Check]:
    from sweeper.data.fingerprint import file_digest

    ids = {stone.sweep_id.encode() for stone in stones}
    others = {name.encode() for stone in stones for name in (*stone.runs[:1], *stone.models)}
    digests = {sha256 for stone in stones for sha256 in stone.models}
    left: list[str] = []
    learned: list[str] = []
    count = 0
    for path in sorted(root.rglob("*")):
        if not path.is_file() or path.name == tombstone.NAME:
            continue
        count += 1
        if _names(path, others) or file_digest(path) in digests:
            left.append(str(path))
        elif _names(path, ids):
            (learned if path.name == places.FILE else left).append(str(path))
    found = listed(left) or f"{count:,} files looked through, none has anything of it"
    yield Check("files", not left, found, AGAIN)
    if learned:
        said = f"learned parameters and scores from it, no data, and name it: {listed(learned)}"
        yield Check("journals", True, said)


def _names(path: Path, needles: set[bytes]) -> bool:
    """Whether a file has one of these in its path or its content."""
    if any(needle in bytes(path) for needle in needles):
        return True
    with path.open("rb") as stream:
        if path.stat().st_size == 0:
            return False
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return any(content.find(needle) >= 0 for needle in needles)
