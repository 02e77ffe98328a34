"""Where checkpoints are: a directory, or whatever fsspec knows by URL.

A folder is written whole or not at all. In a directory it has another name until all of it is
on the disk. Elsewhere, where nothing can be renamed at once, its manifest is written last,
and what has no manifest is no checkpoint.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Protocol

MANIFEST = "manifest.json"

CHECKPOINTS = "trial-*/*/attempt-*"
"""Folders that have the checkpoints of one attempt each; other things may lie beside them."""

ATTEMPTS = 5
"""To make a folder whose empty parents somebody else removes at the same time."""


class Storage(Protocol):
    """`path` is a folder's, below the storage. Any rank may ask for a draft of it and file that."""

    def room(self) -> int | None:
        """Bytes that are free, None where that cannot be told."""
        ...

    def mark(self) -> str:
        """Leave a small file of a new name; its name."""
        ...

    def marked(self, mark: str) -> bool: ...
    def wipe(self, mark: str) -> None: ...
    def exists(self, path: str) -> bool: ...
    def clear(self, path: str) -> None:
        """Remove what an attempt to write this folder left."""
        ...

    def remove(self, path: str) -> None:
        """The folder is no more; nothing where it was not there."""
        ...

    def tidy(self, known: Collection[str]) -> int:
        """Remove all checkpoints but these, and what is left of unfinished ones; how many."""
        ...

    def empty(self) -> bool:
        """Whether nothing is there, not even a folder."""
        ...

    def erase(self) -> None:
        """All that is there, and the storage's own folder."""
        ...

    def draft(self, path: str) -> AbstractContextManager[Path]:
        """A local folder, to write files of the folder into."""
        ...

    def file(self, path: str, draft: Path, names: list[str]) -> None:
        """Make these files of a draft durable."""
        ...

    def finish(self, path: str, manifest: bytes) -> None:
        """From now on the folder is there, whole."""
        ...

    def reading(self, path: str) -> AbstractContextManager[Path]:
        """The folder, as a local one. FileNotFoundError when something is not there."""
        ...


def storage_at(place: str) -> Storage:
    """`place`: a directory, or an fsspec URL, which needs fsspec and its package for that URL."""
    if place.startswith("file://"):
        place = place.removeprefix("file://")
    return Elsewhere(place) if "://" in place else Directory(Path(place))


def sees(place: str, mark: str) -> str:
    """Why the storage at `place`, seen from this process, does not have this mark; else empty."""
    try:
        return "" if storage_at(place).marked(mark) else "it is another one there"
    except (OSError, ImportError, ValueError) as error:
        return f"{type(error).__name__}: {error}"


def _new_mark() -> str:
    return f".seen-{secrets.token_hex(8)}"


class Directory:
    """A directory of this machine, or one that all nodes see."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def room(self) -> int | None:
        return shutil.disk_usage(self._root).free

    def mark(self) -> str:
        _make(self._root)
        (self._root / (name := _new_mark())).touch()
        return name

    def marked(self, mark: str) -> bool:
        return (self._root / mark).exists()

    def wipe(self, mark: str) -> None:
        (self._root / mark).unlink(missing_ok=True)

    def exists(self, path: str) -> bool:
        return (self._root / path).exists()

    def clear(self, path: str) -> None:
        if self._unfinished(path).exists():
            shutil.rmtree(self._unfinished(path))

    def remove(self, path: str) -> None:
        """In two steps: half a folder must not look like a whole one. With it go the folders
        above that have nothing else."""
        self.clear(path)
        with suppress(FileNotFoundError):
            os.rename(self._root / path, self._unfinished(path))
            self.clear(path)
        with suppress(OSError):  # one has something else
            for above in PurePosixPath(path).parents[:-1]:
                (self._root / above).rmdir()

    def tidy(self, known: Collection[str]) -> int:
        unknown = 0
        for folder in self._root.glob(f"{CHECKPOINTS}/*"):
            path = str(folder.relative_to(self._root).with_name(folder.name.removeprefix(".")))
            if folder.name.startswith("."):
                self.clear(path)
            elif path not in known:
                self.remove(path)
                unknown += 1
        return unknown

    def empty(self) -> bool:
        return not self._root.exists()

    def erase(self) -> None:
        if self._root.exists():
            shutil.rmtree(self._root)

    @contextmanager
    def draft(self, path: str) -> Iterator[Path]:
        folder = self._unfinished(path)
        _make(folder)
        try:
            yield folder
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)  # the disk may be full of it
            raise

    def file(self, path: str, draft: Path, names: list[str]) -> None:
        for name in names:
            _flush(draft / name)

    def finish(self, path: str, manifest: bytes) -> None:
        folder, target = self._unfinished(path), self._root / path
        (folder / MANIFEST).write_bytes(manifest)
        _flush(folder / MANIFEST)
        _flush(folder)
        os.rename(folder, target)
        _flush(target.parent)

    @contextmanager
    def reading(self, path: str) -> Iterator[Path]:
        yield self._root / path

    def _unfinished(self, path: str) -> Path:
        target = self._root / path
        return target.with_name(f".{target.name}")


def _make(folder: Path) -> None:
    """The folder, and those above it that are not there, for the owner only. Others may remove
    empty ones at the same time."""
    for left in reversed(range(ATTEMPTS)):
        try:
            for each in reversed((folder, *folder.parents)):
                if not each.exists():
                    each.mkdir(mode=0o700, exist_ok=True)
            return
        except FileNotFoundError:
            if not left:
                raise


class Elsewhere:
    """What fsspec reaches: an object store, memory."""

    def __init__(self, url: str) -> None:
        import fsspec

        self._files, root = fsspec.core.url_to_fs(url)
        self._root = PurePosixPath(root)

    def room(self) -> int | None:
        return None

    def mark(self) -> str:
        self._files.pipe_file(self._at(name := _new_mark()), b"")
        return name

    def marked(self, mark: str) -> bool:
        return bool(self._files.exists(self._at(mark)))

    def wipe(self, mark: str) -> None:
        self._files.rm(self._at(mark))

    def exists(self, path: str) -> bool:
        return bool(self._files.exists(self._at(path, MANIFEST)))

    def clear(self, path: str) -> None:
        """Nothing: what is left there is written over, and no manifest names the rest."""

    def remove(self, path: str) -> None:
        if self.exists(path):
            self._files.rm(self._at(path, MANIFEST))
            self._files.rm(self._at(path), recursive=True)

    def tidy(self, known: Collection[str]) -> int:
        files = map(PurePosixPath, self._files.find(str(self._root)))
        folders = {str(file.parent.relative_to(self._root)) for file in files}
        unknown = {f for f in folders if PurePosixPath(f).match(f"{CHECKPOINTS}/*")} - set(known)
        for folder in unknown:
            self._files.rm(self._at(folder), recursive=True)
        return len(unknown)

    def empty(self) -> bool:
        return not self._files.exists(str(self._root))

    def erase(self) -> None:
        if not self.empty():
            self._files.rm(str(self._root), recursive=True)

    @contextmanager
    def draft(self, path: str) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="sweeper-") as folder:
            yield Path(folder)

    def file(self, path: str, draft: Path, names: list[str]) -> None:
        for name in names:
            self._files.put_file(str(draft / name), self._at(path, name))

    def finish(self, path: str, manifest: bytes) -> None:
        self._files.pipe_file(self._at(path, MANIFEST), manifest)

    @contextmanager
    def reading(self, path: str) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix="sweeper-") as folder:
            for name in self._files.ls(self._at(path), detail=False):
                self._files.get_file(name, str(Path(folder) / PurePosixPath(name).name))
            yield Path(folder)

    def _at(self, *parts: str) -> str:
        return str(self._root.joinpath(*parts))


def _flush(path: Path) -> None:
    """Onto the disk, and for the owner only."""
    os.chmod(path, 0o700 if path.is_dir() else 0o600)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
