"""Lineage both ways: all that a version came from, and all versions that something touched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sweeper.app.queries import registry
from sweeper.ports import ConfigError, SweeperError

if TYPE_CHECKING:
    from sweeper.registry.versions import Version, Versions

SHORTEST = 8
"""Characters of a digest or a commit that name it."""


@dataclass(frozen=True, slots=True)
class Link:
    """A version of the chain with its lineage; `lineage` is None, and `missing` says why, where
    it cannot be had."""

    title: str
    version: Version | None
    lineage: dict[str, Any] | None
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Touched:
    """A version, and by what of what was asked for it was touched, in words.

    `inherited`: not itself, but a version before it."""

    version: Version
    why: tuple[str, ...]
    inherited: bool = False


def chain(root: Path, model: str, ref: str | None = None, uri: str | None = None) -> list[Link]:
    """The version and those before it, as far back as they tell of one another: its parents are
    what held its alias when it was registered."""
    registered = registry(root, uri)
    found: list[Link] = []
    version = registered.show(model, ref)
    waiting = [(version.name, version.version)]
    seen = set(waiting)
    while waiting:
        name, number = waiting.pop(0)
        link = _link(registered, name, number)
        found.append(link)
        for parent in (link.lineage or {}).get("parents") or []:
            key = (str(parent["model"]), int(parent["version"]))
            if key not in seen:
                seen.add(key)
                waiting.append(key)
    return found


def _link(registered: Versions, name: str, number: int) -> Link:
    title = f"{name}/{number}"
    try:
        version = registered.show(name, str(number))
        return Link(title, version, registered.lineage(version))
    except SweeperError as error:
        return Link(title, None, None, str(error))


def impact(
    root: Path,
    data: str | None = None,
    commit: str | None = None,
    sweep: str | None = None,
    uri: str | None = None,
    broken: Callable[[Version, SweeperError], None] | None = None,
) -> list[Touched]:
    """Every version that this data, commit or sweep touched, its own or that of a version
    before it.

    `data`: a file, or the first characters of a digest: of a file, of all rows, or of the
    holdout's. `sweep`: a name or an id. ConfigError when a digest or a commit is too short.
    `broken` is told of versions whose lineage cannot be read; without it that is raised.
    """
    digest = None if data is None else digest_of(data)
    for what in (digest, commit):
        if what is not None and len(what) < SHORTEST:
            raise ConfigError(
                f"{what!r} is neither a file here nor the first {SHORTEST} characters of a digest"
            )
    registered = registry(root, uri)
    own: dict[str, tuple[str, ...]] = {}
    parents: dict[str, list[str]] = {}
    versions = registered.versions()
    for version in versions:
        if not version.digest:
            continue
        try:
            lineage = registered.lineage(version)
        except SweeperError as error:
            if broken is None:
                raise
            broken(version, error)
            continue
        own[version.title] = tuple(_touches(lineage, digest, commit, sweep))
        came = lineage["parents"] or []
        parents[version.title] = [f"{each['model']}/{each['version']}" for each in came]
    found = ((v, _with_parents(v.title, own, parents)) for v in versions)
    return [Touched(v, why, inherited=not own.get(v.title)) for v, why in found if why]


def _with_parents(
    title: str, own: dict[str, tuple[str, ...]], parents: dict[str, list[str]]
) -> tuple[str, ...]:
    """Its own reasons, else the nearest earlier version's."""
    waiting, seen = [title], {title}
    while waiting:
        each = waiting.pop(0)
        if own.get(each):
            return own[each] if each == title else (f"it came after {each}",)
        waiting += [name for name in parents.get(each, ()) if name not in seen]
        seen.update(waiting)
    return ()


def digest_of(data: str) -> str:
    """The SHA-256 of a file, or what was given as a digest."""
    from sweeper.data.fingerprint import file_digest

    path = Path(data).expanduser()
    return file_digest(path) if path.is_file() else data.lower()


def _touches(
    lineage: dict[str, Any], digest: str | None, commit: str | None, sweep: str | None
) -> Iterator[str]:
    told = lineage["data"]
    if digest is not None and told is not None:
        for name, sha256 in told["files"].items():
            if sha256.startswith(digest):
                yield f"it was made with the file {name}"
        if told["sha256"].startswith(digest):
            yield "it was made with this data"
        if told["holdout_sha256"].startswith(digest):
            yield "it was scored on this holdout"
    git = lineage["environment"].get("git") or {}
    if commit is not None and str(git.get("commit") or "").startswith(commit.lower()):
        changed = " with changes" if git.get("dirty") else ""
        yield f"its code was at this commit{changed}"
    if sweep is not None and sweep in lineage["sweep"].values():
        yield f"the sweep {lineage['sweep']['name']} made it"
