"""What belongs to a version, file by file, so that a changed byte is found and named."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

NAME = "manifest.json"
FORMAT = 1


def written(folder: Path) -> dict[str, str]:
    """Path in the folder → SHA-256, of every file there."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): _sha256(path) for path in files}


def text(files: Mapping[str, str]) -> bytes:
    """The manifest as it is stored: the same files give the same bytes."""
    document = {"format": FORMAT, "files": dict(sorted(files.items()))}
    return json.dumps(document, indent=1).encode() + b"\n"


def load(content: bytes) -> dict[str, str]:
    """Path → SHA-256, from a manifest whose own digest fits."""
    files: dict[str, str] = json.loads(content)["files"]
    return files


def wrong(found: Mapping[str, str], expected: Mapping[str, str]) -> Iterator[str]:
    """What differs between two manifests, a sentence for each file."""
    for path in sorted(found.keys() | expected.keys()):
        if path not in found:
            yield f"{path} is gone"
        elif path not in expected:
            yield f"{path} was not there when it was registered"
        elif found[path] != expected[path]:
            yield f"{path} has been changed: its SHA-256 was {expected[path]}"


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
