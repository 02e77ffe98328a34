"""What a run keeps of itself on its way, and how the next attempt goes on from there.

A checkpoint is a folder: a file or two for each part, the run's own state (`run.json`: every
rank's generators and the learning curve), and a manifest with the digest of each. The
manifest's digest is in the journal.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sweeper.core.records import REFIT, Checkpoint, RunKey
from sweeper.core.seeds import derive
from sweeper.ports import Channel, Order
from sweeper.worker import parts, randomness
from sweeper.worker.curve import Curve, thinned
from sweeper.worker.gang import Gang
from sweeper.worker.seeds import seed_all
from sweeper.worker.storage import MANIFEST, Storage, storage_at

FORMAT = 1
RUN = "run.json"


class CheckpointDamaged(Exception):
    """A checkpoint is not what was written; the message names the file."""


class CheckpointUnsuited(Exception):
    """A checkpoint does not hold what is to go on from it."""


class Checkpoints:
    """The checkpoints of one run. Every rank calls `write` and `read`, in the same order."""

    def __init__(self, order: Order, gang: Gang, channel: Channel) -> None:
        self._order, self._gang, self._channel = order, gang, channel
        self._storage: Storage | None = storage_at(order.storage) if order.storage else None
        self._told = False

    def write(self, step: int, things: Mapping[str, Any], curve: Curve, sharded: bool) -> None:
        """Keep `things` as they are now; rank 0 alone, or, `sharded`, each rank its part."""
        storage = self._storage
        if storage is None:
            if not self._told:
                print("no checkpoints are kept: this run has no storage for them", flush=True)
            self._told = True
            return
        sharded = sharded and self._gang.world_size > 1
        kinds = {name: parts.kind_of(name, thing) for name, thing in things.items()}
        states = {name: parts.taken(kinds[name], things[name], sharded) for name in things}
        work = _Work(storage, step, self._folder(step), kinds, states, thinned(curve))
        mine, what = json.dumps(randomness.state()).encode(), f"trial.checkpoint({step})"
        if not sharded:
            self._gang.agree(what, mine, lambda all_: self._say(work.whole(all_), storage))
            return
        work = work.at(self._gang.agree(what, mine, work.begin).decode())
        files = json.dumps(work.part(self._gang.rank)).encode()
        self._gang.agree(
            f"{what}, its end", files, lambda all_: self._say(work.joined(all_), storage)
        )

    def read(self, things: Mapping[str, Any]) -> tuple[dict[str, Any], Curve] | None:
        """Bring `things` to where an earlier attempt kept them.

        Gives its plain values, among them `step`, and its learning curve; None when there is
        none to go on from. CheckpointDamaged unless every file is what was written.
        """
        kept = self._order.checkpoint
        if kept is None or self._storage is None:
            return None
        try:
            with self._storage.reading(kept.path) as folder:
                return self._read(folder, kept, things)
        except FileNotFoundError as error:
            raise CheckpointDamaged(
                f"the checkpoint {kept.path} is not whole in its storage "
                f"({error.filename or 'the folder'}): removed, or in a storage that this node does "
                "not see"
            ) from error

    def _read(
        self, folder: Path, kept: Checkpoint, things: Mapping[str, Any]
    ) -> tuple[dict[str, Any], Curve]:
        manifest = _verified(folder, kept, self._gang.rank)
        kinds, sharded = manifest["parts"], manifest["sharded"]
        if sharded and manifest["world_size"] != self._gang.world_size:
            raise CheckpointUnsuited(
                f"the checkpoint {kept.path} is of {manifest['world_size']} ranks, each with its "
                f"part; this run has {self._gang.world_size}. Keep it whole, without sharded=True"
            )
        values: dict[str, Any] = {}
        for name, kind in kinds.items():
            if name in things or kind in (parts.ARRAY, parts.VALUE):
                file = _file(name, kind, sharded, self._gang.rank)
                values[name] = parts.read(folder, file, kind, things.get(name), sharded)
        missing = [name for name in things if name not in kinds]
        if missing:
            raise CheckpointUnsuited(
                f"the checkpoint {kept.path} has no {', '.join(missing)}: it was made of "
                f"{', '.join(kinds) or 'nothing'}"
            )
        own = json.loads((folder / RUN).read_text(encoding="utf-8"))
        self._reseed(own["generators"], kept.step)
        plain = {n: v for n, v in values.items() if kinds[n] in (parts.ARRAY, parts.VALUE)}
        curve = tuple((step, metrics) for step, metrics in own["curve"])
        return {**plain, "step": kept.step}, curve

    def _reseed(self, generators: Sequence[Mapping[str, Any]], step: int) -> None:
        """Each rank goes on with its own generators; one that was not there gets new ones."""
        if self._gang.rank < len(generators):
            randomness.restore(dict(generators[self._gang.rank]))
        else:
            seed_all(derive(self._order.seed, "rank", self._gang.rank, step))

    def _say(self, checkpoint: Checkpoint, storage: Storage) -> bytes:
        self._channel.checkpointed(checkpoint, storage.room())
        return b""

    def _folder(self, step: int) -> str:
        key: RunKey = self._order.key
        fold = "refit" if key.fold == REFIT else f"fold-{key.fold}"
        return f"trial-{key.trial:05d}/{fold}/attempt-{key.attempt}/step-{step:06d}"


class _Work:
    """One checkpoint in the making."""

    def __init__(
        self,
        storage: Storage,
        step: int,
        path: str,
        kinds: Mapping[str, str],
        states: Mapping[str, Any],
        curve: Curve,
    ) -> None:
        self._storage, self._step, self._path = storage, step, path
        self._kinds, self._states, self._curve = kinds, states, curve
        self._generators: list[Any] = []

    def whole(self, generators: Sequence[bytes]) -> Checkpoint:
        """All of it by this process."""
        self.begin(generators)
        files = self._file(self._states, sharded=False, rank=0)
        return self._finish(files, sharded=False)

    def begin(self, generators: Sequence[bytes]) -> bytes:
        """Settle where it goes; `generators` are those of all ranks."""
        self._generators = [json.loads(each) for each in generators]
        count, path = 1, self._path
        while self._storage.exists(path):
            count, path = count + 1, f"{self._path}-{count + 1}"
        self._path = path
        self._storage.clear(path)
        return path.encode()

    def at(self, path: str) -> _Work:
        self._path = path
        return self

    def part(self, rank: int) -> dict[str, Any]:
        """This rank's files: of what every rank has alike, only rank 0's."""
        apart = (parts.MODULE, parts.STATE)
        states = {n: s for n, s in self._states.items() if rank == 0 or self._kinds[n] in apart}
        return self._file(states, sharded=True, rank=rank)

    def joined(self, files: Sequence[bytes]) -> Checkpoint:
        together: dict[str, Any] = {}
        for each in files:
            together |= json.loads(each)
        return self._finish(together, sharded=True)

    def _file(self, states: Mapping[str, Any], sharded: bool, rank: int) -> dict[str, Any]:
        """Write these parts, and with rank 0's the run's own state; digests by name."""
        names: list[str] = []
        with self._storage.draft(self._path) as draft:
            for name, state in states.items():
                kind = self._kinds[name]
                names += parts.write(draft, _file(name, kind, sharded, rank), kind, state)
            if rank == 0:
                own = {"generators": self._generators, "curve": self._curve}
                (draft / RUN).write_text(json.dumps(own), encoding="utf-8")
                names.append(RUN)
            digests = {name: _digest(draft / name) for name in names}
            self._storage.file(self._path, draft, names)
        return digests

    def _finish(self, files: Mapping[str, Any], sharded: bool) -> Checkpoint:
        manifest = {
            "format": FORMAT,
            "step": self._step,
            "world_size": len(self._generators),
            "sharded": sharded,
            "parts": dict(self._kinds),
            "files": dict(files),
        }
        content = json.dumps(manifest, indent=1).encode()
        self._storage.finish(self._path, content)
        size = len(content) + sum(file["size"] for file in files.values())
        return Checkpoint(self._step, self._path, hashlib.sha256(content).hexdigest(), size)


def _file(name: str, kind: str, sharded: bool, rank: int) -> str:
    """The name of a part's files, without what says their format."""
    return f"{name}.rank-{rank}" if sharded and kind in (parts.MODULE, parts.STATE) else name


def _digest(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return {
            "sha256": hashlib.file_digest(file, "sha256").hexdigest(),
            "size": path.stat().st_size,
        }


def _verified(folder: Path, kept: Checkpoint, rank: int) -> dict[str, Any]:
    """The manifest, when it and all files that this rank needs are what was written."""
    content = (folder / MANIFEST).read_bytes()
    if hashlib.sha256(content).hexdigest() != kept.sha256:
        raise _damaged(kept, MANIFEST)
    manifest: dict[str, Any] = json.loads(content)
    for name in _needed(manifest["files"], rank):
        if _digest(folder / name) != manifest["files"][name]:
            raise _damaged(kept, name)
    return manifest


def _needed(files: Iterable[str], rank: int) -> list[str]:
    return [name for name in files if ".rank-" not in name or f".rank-{rank}." in name]


def _damaged(kept: Checkpoint, name: str) -> CheckpointDamaged:
    return CheckpointDamaged(
        f"the checkpoint {kept.path} is damaged: its file {name} is not what was written. "
        "Nothing is gone on from it; restore the file, or begin the trial anew"
    )
