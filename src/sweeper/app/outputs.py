"""What is written where the user says: whole, or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sweeper.ports import SweeperError


def write_file(path: Path, content: bytes) -> None:
    """Put a file in place. SweeperError when it cannot be written."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with _written(path):
        try:
            beside.write_bytes(content)
            os.replace(beside, path)
        finally:
            beside.unlink(missing_ok=True)


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A folder to fill, which becomes `path` when the context ends well and else is gone.

    SweeperError when `path` is there already with something in it, or cannot be written.
    """
    with _written(path):
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise SweeperError(f"{path} is there already: name a folder that is new or empty")
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
    try:
        yield scratch
        with _written(path):
            scratch.chmod(0o755)
            os.replace(scratch, path)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@contextlib.contextmanager
def _written(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SweeperError(
            f"{path} cannot be written: {error.strerror}. Nothing of it is there; make room or "
            "give the right to write, or name another place"
        ) from error
