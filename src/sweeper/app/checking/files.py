"""Checks of a sweep's directory: artefacts, permissions, requests, and what a crash left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sweeper.app.checking.check import Check, listed
from sweeper.app.directory import Directory
from sweeper.core.records import State
from sweeper.ports import SweeperError

FOREIGN = 0o077
"""Rights of anybody but the owner."""


def artifacts(directory: Path, state: State) -> Iterator[Check]:
    """Every file that the journal names, by its SHA-256."""
    wrong = []
    for artifact in {a.path: a for a in state.artifacts.values()}.values():
        try:
            Directory(directory).read(artifact)
        except (SweeperError, OSError) as error:
            wrong.append(str(error))
    if state.artifacts:
        found = listed(wrong) or f"{len(state.artifacts)} there, each as it was written"
        mend = "put them back from a copy; a registered model is in the registry too"
        yield Check("files", not wrong, found, mend)


def permissions(directory: Path) -> Iterator[Check]:
    """All that is in the directory is for its owner only; what a crash left in it is in
    folders that are."""
    open_to_others = [
        path
        for path in (directory, *directory.rglob("*"))
        if not _hidden(directory, path.parent) and _mode(path) & FOREIGN
    ]
    shown = listed([str(path) for path in open_to_others])
    found = f"others may use {shown}" if shown else "for the owner only"
    yield Check("permissions", not open_to_others, found, f"chmod -R go-rwx {directory}")


def _hidden(directory: Path, path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts[len(directory.parts) :])


def _mode(path: Path) -> int:
    try:
        return path.lstat().st_mode & 0o777 if not path.is_symlink() else 0
    except FileNotFoundError:  # taken away meanwhile, by the controller at work
        return 0


def requests(directory: Path, state: State, held: bool) -> Check:
    """What other commands asked for, and nobody has taken."""
    folder = directory / "inbox"
    unreadable = sorted(folder.glob("*.unreadable"))
    if unreadable:
        listing = listed([str(path) for path in unreadable])
        return Check(
            "requests", False, f"could not be read: {listing}", "look at them; remove them"
        )
    waiting = [path for path in folder.glob("*.json") if path.stem not in state.requests]
    if waiting and not held:
        count = len(waiting)
        return Check(
            "requests",
            False,
            f"{count} in {folder}, and no controller to take {'it' if count == 1 else 'them'}",
            "launch the sweep's config again, or remove them",
        )
    return Check("requests", True, f"{len(waiting)} on the way" if waiting else "none left")


def leftovers(directory: Path, held: bool) -> Iterator[Check]:
    """Half-written files of a process that was killed: harmless, and told only when there are."""
    found = (
        []
        if held
        else sorted(
            str(path) for path in directory.rglob(".*") if not _hidden(directory, path.parent)
        )
    )
    if found:
        text = f"harmless, of writes that a crash cut short, and may be removed: {listed(found)}"
        yield Check("leftovers", True, text)
