"""What an erasure would take away: everything that came of some data, or is past its retention."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sweeper.app import tombstone
from sweeper.app.control import author
from sweeper.app.directory import Directory, sweeps
from sweeper.app.kept import checkpoint_storage
from sweeper.app.queries import store
from sweeper.app.tombstone import Tombstone
from sweeper.app.versions.tracing import SHORTEST, digest_of, impact
from sweeper.core.events import DataChanged, SweepCreated
from sweeper.core.evolve import evolve
from sweeper.core.records import DataDigest, State
from sweeper.core.transitions import InvalidTransition
from sweeper.journal import places
from sweeper.mlflow_store import masked
from sweeper.ports import ConfigError, SweeperError

if TYPE_CHECKING:
    from sweeper.registry.erasing import Entry

ERASING, ERASED = "erasing", "erased"


@dataclass(frozen=True, slots=True)
class Target:
    """One sweep with what came of it. `directory` None: only the registry has something of it."""

    stone: Tombstone
    directory: Path | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What would go, and what is `kept` though it was touched: (version, why). `left`: sweeps
    and versions that are not dealt with, with the reason. `gone`: what was erased for it before."""

    targets: tuple[Target, ...]
    kept: tuple[tuple[str, str], ...] = ()
    left: tuple[tuple[str, str], ...] = ()
    gone: tuple[Tombstone, ...] = ()


@dataclass(slots=True)
class _Told:
    """What a sweep's journal tells, as far as it can be read."""

    directory: Path
    state: State | None = None
    digests: tuple[str, ...] = ()
    damage: str = ""


def of_data(root: Path, data: str, uri: str | None = None) -> Plan:
    """Everything that this data touched: sweeps that were given it, and their versions.

    `data`: a file, or the first characters of a digest: of a file, of all rows, or of the
    holdout's. ConfigError when it is too short. A version that only came after one of them is
    kept.
    """
    digest = digest_of(data)
    if len(digest) < SHORTEST:
        raise ConfigError(
            f"{digest!r} is neither a file here nor the first {SHORTEST} characters of a digest"
        )
    broken: list[tuple[str, str]] = []
    touched = impact(
        root, data=digest, uri=uri, broken=lambda v, error: broken.append((v.title, str(error)))
    )
    own = {t.version.title: t.why[0] for t in touched if not t.inherited}
    told = [_tell(directory) for directory in sweeps(root)]
    chosen = [each for each in told if any(d.startswith(digest) for d in each.digests)]
    why = f"its data has the digest {digest}"
    plan = _plan(root, chosen, own, why, uri)
    gone = [stone for stone in _stones(root) if any(d.startswith(digest) for d in stone.digests)]
    going = {f"{m}/{n}" for target in plan.targets for m, n in target.stone.versions}
    return replace(
        plan,
        kept=tuple((t.version.title, t.why[0]) for t in touched if t.version.title not in going),
        left=(*plan.left, *_unread(told), *(each for each in broken if each[0] not in going)),
        gone=tuple(stone for stone in gone if stone.state == ERASED),
    )


def of_age(root: Path, uri: str | None = None, now: float | None = None) -> Plan:
    """Every sweep whose last event is longer ago than its config's `retention`.

    `now`: seconds since the epoch. A sweep that a controller holds is never among them.
    """
    now = time.time() if now is None else now
    told = [_tell(directory) for directory in sweeps(root)]
    chosen = [
        each
        for each in told
        if each.state is not None
        and _expired(each.state, now)
        and places.at(each.directory).holder() is None
    ]
    plan = _plan(root, chosen, {}, "its retention is over", uri)
    return replace(plan, left=(*plan.left, *_unread(told)))


def _plan(root: Path, chosen: list[_Told], own: dict[str, str], why: str, uri: str | None) -> Plan:
    """`own`: versions that go whether or not their sweep is here, each with the reason."""
    from sweeper.registry.erasing import entries

    at = store(root, uri).uri
    made: dict[str, list[Entry]] = {}
    for entry in entries(at):
        made.setdefault(entry.sweep_id, []).append(entry)
    targets = [Target(stone, root / stone.sweep) for stone in _stones(root, ERASING)]
    known = {target.stone.sweep_id for target in targets}
    apart = []
    for told in chosen:
        if told.state is None or told.state.sweep_id in known:
            continue
        known.add(told.state.sweep_id)
        elsewhere = _elsewhere(told.state, root, at)
        if elsewhere:
            apart.append((told.directory.name, elsewhere))
        else:
            targets.append(_of_sweep(told, told.state, made, why, at))
    for sweep_id, found in made.items():
        reasons = [own[entry.title] for entry in found if entry.title in own]
        if reasons and sweep_id not in known:
            targets.append(Target(_stone(sweep_id, "", (), "", found, why, at), None))
    return Plan(tuple(targets), left=tuple(apart))


def _elsewhere(state: State, root: Path, at: str) -> str:
    """What to do when the sweep has its runs and versions in another store than `at`."""
    own = state.spec.tracking.uri
    if masked(store(root, own).uri) == masked(at):
        return ""
    if own is None:
        return "it has its runs and versions beside the sweeps: ask again without --uri"
    return f"it has its runs and versions at {own}: ask again with that --uri, password included"


def _of_sweep(told: _Told, state: State, made: dict[str, list[Entry]], why: str, at: str) -> Target:
    directory = Directory(told.directory)
    outside = state.spec.checkpoints.storage is not None
    storage = checkpoint_storage(state.spec, state.sweep_id, directory) if outside else ""
    found = made.get(state.sweep_id, [])
    stone = _stone(state.sweep_id, told.directory.name, told.digests, storage, found, why, at)
    models = {each.sha256 for role, each in state.artifacts.items() if "model" in role}
    return Target(replace(stone, models=tuple({*stone.models, *models})), told.directory)


def _stone(
    sweep_id: str,
    sweep: str,
    digests: tuple[str, ...],
    storage: str,
    found: list[Entry],
    why: str,
    at: str,
) -> Tombstone:
    from sweeper.registry.erasing import runs

    return Tombstone(
        state=ERASING,
        sweep=sweep,
        sweep_id=sweep_id,
        at=time.time(),
        by=author(),
        why=why,
        digests=digests,
        storage=storage,
        versions=tuple((each.model, each.version) for each in found),
        aliases=tuple(f"{each.model}@{alias}" for each in found for alias in each.aliases),
        runs=tuple(runs(at, sweep_id)),
        models=tuple(each.sha256 for each in found if each.sha256),
    )


def _unread(told: list[_Told]) -> Iterator[tuple[str, str]]:
    for each in told:
        if each.damage:
            yield each.directory.name, f"its journal cannot be read whole: {each.damage}"


def _tell(directory: Path) -> _Told:
    told = _Told(directory)
    try:
        for event in places.at(directory).read():
            told.state = evolve(told.state, event)
            if isinstance(event, SweepCreated | DataChanged) and event.data is not None:
                told.digests += _digests(event.data)
    except (SweeperError, InvalidTransition) as error:
        told.damage = str(error)
    return told


def _digests(data: DataDigest) -> tuple[str, ...]:
    found = (data.sha256, data.holdout, *(sha256 for _, sha256 in data.files))
    return tuple(each for each in found if each)


def _expired(state: State, now: float) -> bool:
    wall, since = state.anchor
    last = wall + state.now - since
    return state.spec.retention is not None and now - last > state.spec.retention


def _stones(root: Path, state: str | None = None) -> Iterator[Tombstone]:
    """Those in the root, of one state or of any."""
    for path in sorted(root.glob(f"*/{tombstone.NAME}")):
        found = tombstone.read(path.parent)
        if found is not None and state in (None, found.state):
            yield found
