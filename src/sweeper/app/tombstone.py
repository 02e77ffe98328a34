"""What stays of an erased sweep: that it was there, and is not any more."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from sweeper.app.directory import write
from sweeper.ports import ConfigError, JournalDamaged

NAME = "erased.json"


@dataclass(frozen=True, slots=True)
class Tombstone:
    """Names, digests and times; no data. `state`: erasing, as long as something may be left,
    then erased. `digests`: of the data and its files. `models`: SHA-256 of model files."""

    state: str
    sweep: str
    sweep_id: str
    at: float  # seconds since the epoch
    by: str
    why: str
    digests: tuple[str, ...]
    storage: str  # of checkpoints outside of the sweep's directory; empty: there were none
    versions: tuple[tuple[str, int], ...]
    aliases: tuple[str, ...]
    runs: tuple[str, ...]
    models: tuple[str, ...]

    @property
    def day(self) -> str:
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(self.at))


def read(directory: Path) -> Tombstone | None:
    """None when nothing was erased here. JournalDamaged when it cannot be read."""
    path = directory / NAME
    if not path.is_file():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        versions = tuple((str(model), int(number)) for model, number in found.pop("versions"))
        lists = {key: tuple(v) for key, v in found.items() if isinstance(v, list)}
        return Tombstone(**(found | lists), versions=versions)
    except (ValueError, TypeError, KeyError) as error:
        raise JournalDamaged(
            f"{path} does not tell what was erased: it was changed. Remove it if the name "
            f"{directory.name} may be used again"
        ) from error


def put(directory: Path, tombstone: Tombstone) -> None:
    write(directory / NAME, json.dumps(asdict(tombstone), indent=1).encode())


def refuse(directory: Path) -> None:
    """ConfigError when a sweep of this name was erased: the name is not used again silently."""
    found = read(directory)
    if found is not None:
        raise ConfigError(
            f"a sweep called {found.sweep} was erased on {found.day} by {found.by}: {found.why}. "
            f"Launch under another name with `--as NAME`, or remove {directory / NAME} to use "
            "this one again"
        )
