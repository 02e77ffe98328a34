"""A sweep's directory: where everything of it lies, and how files get there.

    sweeps/NAME/  journal.jsonl  lock  config.yaml  logs/  checkpoints/  report/

Files appear whole (written beside, flushed, renamed) and are for their owner only.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sweeper.core.endings import MODEL, fold_model
from sweeper.core.records import HOLDOUT, REFIT, Artifact, RunKey
from sweeper.core.stimuli import RunEnded
from sweeper.journal import places
from sweeper.ports import FileUnwritable, RunResult, SweeperError
from sweeper.worker.failures import private

DEFAULT_ROOT = "sweeps"

FOLD_NAMES = {REFIT: "refit", HOLDOUT: "holdout"}
"""What people call the runs that are no folds."""

_OF_RANK = "-rank-"


def root(explicit: Path | None = None) -> Path:
    """The folder of all sweeps: as given, else SWEEPER_DIR, else `sweeps` here."""
    return explicit or Path(os.environ.get("SWEEPER_DIR") or DEFAULT_ROOT)


def sweeps(folder: Path) -> list[Path]:
    """The directories of the sweeps in a root, by name."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if places.exists(path))


def looks(folder: Path, digest: str, but: Path | None, notice: Callable[[str], None]) -> int:
    """How often the sweeps of a root, but for one, looked at the holdout with this digest.

    A journal that cannot be read must not keep this sweep from starting; `notice` is told.
    """
    if not digest:
        return 0
    marks = (b'"type":"HoldoutLooked"', f'"digest":"{digest}"'.encode())
    found = 0
    for path in sweeps(folder):
        if but is not None and path.name == but.name:
            continue
        try:
            found += sum(1 for _ in places.at(path).lines(*marks))
        except SweeperError as error:
            notice(f"warning: sweep {path.name}'s looks at this holdout are not counted: {error}")
    return found


def log_path(directory: Path, run: RunKey, rank: int = 0) -> Path:
    """Where the output of one fold run is kept, of a gang's rank; no file when it wrote nothing."""
    return _logs(directory, run.trial) / _log_name(run.fold, run.attempt, rank)


def log_paths(
    directory: Path, trial: int, fold: int | None, attempt: int | None, rank: int
) -> list[Path]:
    """Those there are, of one fold and attempt or of any, the oldest first."""
    found = _logs(directory, trial).glob(_log_name(fold, attempt, rank))
    of_rank = (path for path in found if rank or _OF_RANK not in path.name)
    return sorted(of_rank, key=lambda path: path.stat().st_mtime)


def _logs(directory: Path, trial: int) -> Path:
    return directory / "logs" / f"trial-{trial:05d}"


def _log_name(fold: int | None, attempt: int | None, rank: int) -> str:
    """A file's name, or a pattern of names where something is None."""
    name = "*" if fold is None else FOLD_NAMES.get(fold, f"fold-{fold}")
    of_rank = f"{_OF_RANK}{rank}" if rank else ""
    return f"{name}-attempt-{'*' if attempt is None else attempt}{of_rank}.log"


def controller_log(directory: Path) -> Path:
    """Where the output of a submitted sweep's controllers is kept."""
    return directory / "controller.log"


@dataclass(frozen=True, slots=True)
class Directory:
    """One sweep's own."""

    path: Path

    @property
    def config(self) -> Path:
        return self.path / "config.yaml"

    def make(self) -> None:
        with _writing(self.path):
            _folder(self.path)

    def keep(self, key: RunKey, result: RunResult) -> RunEnded:
        """Store what a run left, and say so. Files first: the journal names only what is there."""
        for rank, log in enumerate((result.log, *result.logs)):
            if log:
                write(log_path(self.path, key, rank), log.encode())
        artifacts = {
            role_of(key, role): self._store(key, name, content)
            for role, (name, content) in result.files.items()
        }
        return RunEnded(0, key, result.outcome, artifacts)

    def show(self, key: RunKey, text: str) -> None:
        """Store what a run has printed so far; its whole log comes with `keep`, if at all."""
        path = log_path(self.path, key)
        write(path, private(text).encode(), durable=False)

    def read(self, artifact: Artifact) -> bytes:
        """An artefact's content. SweeperError when it is no longer what was written."""
        path = self.path / artifact.path
        content = path.read_bytes() if path.exists() else b""
        if hashlib.sha256(content).hexdigest() != artifact.sha256:
            raise SweeperError(
                f"{path} is gone or is not the file that this sweep wrote: its SHA-256 was "
                f"{artifact.sha256}. Put it back from a copy and launch again"
            )
        return content

    def _store(self, key: RunKey, name: str, content: bytes) -> Artifact:
        place = "report" if key.fold == HOLDOUT else f"checkpoints/{_run_name(key)}"
        relative = f"{place}/{name}"
        write(self.path / relative, content)
        return Artifact(relative, hashlib.sha256(content).hexdigest(), len(content))


def role_of(key: RunKey, role: str) -> str:
    """The role of a run's file in the whole sweep."""
    if role == MODEL and key.fold >= 0:
        return fold_model(key.trial, key.fold)
    return role


def _run_name(key: RunKey) -> str:
    name = FOLD_NAMES.get(key.fold, f"fold-{key.fold}")
    return f"trial-{key.trial:05d}-{name}-{key.attempt}"


def write(path: Path, content: bytes, durable: bool = True) -> None:
    """Put a whole file in place, readable by its owner only; else FileUnwritable.

    A durable one survives the machine's crash.
    """
    with _writing(path):
        _folder(path.parent)
        handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
                stream.flush()
                if durable:
                    os.fsync(stream.fileno())
            os.replace(beside, path)
        except BaseException:
            with contextlib.suppress(OSError):  # a disk that refuses the one refuses the other
                os.unlink(beside)
            raise


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FileUnwritable(
            f"{path} cannot be written: {error.strerror}. Everything acknowledged so far is safe; "
            f"make room or give the right to write, and launch again to go on"
        ) from error


def _folder(path: Path) -> None:
    """Make a folder and those above it that are missing, all for their owner only."""
    if not path.exists():
        _folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)
