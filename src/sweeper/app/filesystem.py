"""Where a directory lies, and whether it outlives this machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

NETWORK = frozenset(
    (
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "lustre", "gpfs", "beegfs"),
        *("glusterfs", "orangefs", "panfs", "virtiofs", "wekafs", "fuse.ceph", "fuse.gcsfuse"),
        *("fuse.glusterfs", "fuse.juicefs", "fuse.s3fs", "fuse.sshfs"),
    )
)
"""File systems that other machines see too."""

MEMORY = frozenset(("tmpfs", "ramfs"))

MOUNTS = Path("/proc/self/mountinfo")


@dataclass(frozen=True, slots=True)
class Filesystem:
    """`lasting`: whether it outlives this machine; None where only its owner knows."""

    words: str
    lasting: bool | None


@dataclass(frozen=True, slots=True)
class _Mount:
    point: Path
    kind: str
    source: str


def filesystem(directory: Path, mounts: str | None = None) -> Filesystem:
    """What `directory`, which need not exist yet, lies on. `mounts`: as in MOUNTS."""
    path = directory.resolve()
    if mounts is None:
        mounts = MOUNTS.read_text() if MOUNTS.exists() else ""
    found = [m for m in map(_mount, mounts.splitlines()) if path.is_relative_to(m.point)]
    if not found:
        return Filesystem(f"{path}: what it lies on is not known", None)
    mount = max(reversed(found), key=lambda m: len(m.point.parts))
    if mount.kind in NETWORK:
        return Filesystem(f"{path} lies on {mount.source} ({mount.kind}), which outlives it", True)
    if mount.kind in MEMORY:
        return Filesystem(f"{path} lies in its memory ({mount.kind}), and is lost with it", False)
    if mount.point == Path("/"):
        return Filesystem(f"{path} lies on its own disk ({mount.kind}), and is lost with it", False)
    return Filesystem(
        f"{path} lies on {mount.source} ({mount.kind}), mounted at {mount.point}: it outlives "
        "the machine if that volume does",
        None,
    )


def _mount(line: str) -> _Mount:
    """A line of mountinfo: fields, a dash, then type and source."""
    before, _, after = line.partition(" - ")
    point = before.split()[4].encode().decode("unicode_escape")
    kind, source = after.split()[:2]
    return _Mount(Path(point), kind, source)
