"""Where MLflow keeps a sweep's runs and models, and how to reach it.

Beneath `tracking` and `registry`, which never import one another: both must open the same
store, and find or make the same parent run, without getting in each other's way.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from sweeper.core.specs import TrackingSpec
from sweeper.ports import FileUnwritable, SweeperError
from sweeper.secrets import MASKED, mask

SWEEP_ID = "sweeper.sweep_id"
"""The tag that names the sweep, on its parent run and on every version it registers."""

CURSOR = "sweeper.cursor"
"""The tag of a parent run that says how much of the journal `tracking` has written."""

_LOCK_SECONDS = 60.0
_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EACCES, errno.EPERM)
_SQLITE_ON_ITS_DISK = (
    "database or disk is full",
    "disk I/O error",
    "attempt to write a readonly database",
    "unable to open database file",
)
_SERVERS = ("http://", "https://", "databricks", "postgresql", "mysql", "mssql")
_ENVIRONMENT = {
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
}

_opened: dict[str, tuple[int, int] | None] = {}
"""Which file each store was when this process first connected to it."""


class Store(NamedTuple):
    """`artifacts` None: the tracking server says where files go."""

    uri: str
    artifacts: str | None


def where(tracking: TrackingSpec, directory: Path) -> Store:
    """The config's `tracking.uri`, else MLFLOW_TRACKING_URI, else SQLite in `directory`.

    `directory` is the folder that holds the sweeps. SweeperError for a store that MLflow
    no longer supports.
    """
    home = directory.resolve()
    uri = tracking.uri or os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{home}/mlflow.db"
    if not uri.startswith(("sqlite:///", *_SERVERS)):
        raise SweeperError(
            f"tracking.uri (or MLFLOW_TRACKING_URI) is {masked(uri)!r}: expected a database as "
            "sqlite:///path/to/mlflow.db or a server as http://host:5000. MLflow's file store "
            "is no longer supported; leave the key out to use SQLite beside the sweeps"
        )
    return Store(uri, (home / "artifacts").as_uri() if _is_database(uri) else None)


def _is_database(uri: str) -> bool:
    """False for a tracking server."""
    return not uri.startswith(("http://", "https://", "databricks"))


def masked(text: str) -> str:
    """`text` with user names, passwords and tokens in URLs replaced by ***."""
    return re.sub(r"://[^/\s]*@", f"://{MASKED}@", mask(text))


def exists(uri: str) -> bool:
    """False when the store is a SQLite file that nobody has made yet."""
    path = sqlite_file(uri)
    return path is None or path.exists()


class StoreReplaced(SweeperError):
    """The SQLite file that this process has open was deleted, or is another one by now.

    MLflow keeps its connections as long as the process lives: only a new process can help.
    """


def check_in_place(uri: str) -> None:
    """StoreReplaced when what this process would write goes to a file that nobody will read."""
    if uri in _opened and _identity(uri) != _opened[uri]:
        raise StoreReplaced(
            f"{masked(uri)} was deleted or replaced while it was in use: launch again to go on"
        )


def _identity(uri: str) -> tuple[int, int] | None:
    path = sqlite_file(uri)
    if path is None or not path.exists():
        return None
    found = path.stat()
    return found.st_dev, found.st_ino


def load(uri: str) -> None:
    """Import what `connect` takes: seconds, for which nobody should wait at its lock."""
    _quieten()
    if _is_database(uri):
        import mlflow.store.model_registry.sqlalchemy_store
        import mlflow.store.tracking.sqlalchemy_store  # noqa: F401


def connect(uri: str) -> Any:
    """An MlflowClient on a store that exists and has its tables.

    Only one process at a time may touch a new SQLite database, so the first call on it is
    made here, under a lock. The file is for its owner only.
    """
    load(uri)
    from mlflow.tracking import MlflowClient

    path = sqlite_file(uri)
    with alone(uri):
        check_in_place(uri)
        if path is not None:
            _make_sure_of(path)
        client = MlflowClient(tracking_uri=uri)
        client.search_experiments(max_results=1)
        _opened[uri] = _identity(uri)
    return client


def _make_sure_of(path: Path) -> None:
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def there(ask: Callable[..., Any], *names: str) -> Any | None:
    """What MLflow answers; None where it says that there is no such model, version or alias."""
    from mlflow.exceptions import MlflowException

    try:
        return ask(*names)
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            return None  # the second for an alias
        raise


@contextmanager
def refused(uri: str) -> Iterator[None]:
    """MLflow's own errors as SweeperError, without secrets; FileUnwritable for the disk's."""
    _quieten()
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        text = masked(str(error))
        if any(words in text for words in _SQLITE_ON_ITS_DISK):
            raise _unwritable(uri, text) from error
        raise SweeperError(f"MLflow at {masked(uri)}: {text}") from error
    except OSError as error:
        if error.errno not in _DISK:
            raise
        raise _unwritable(uri, error.strerror or str(error)) from error


def _unwritable(uri: str, why: str) -> FileUnwritable:
    return FileUnwritable(
        f"MLflow's files for {masked(uri)} cannot be written: {why}. Everything acknowledged so "
        f"far is safe; make room or give the right to write, and launch again to go on"
    )


def experiment_id(client: Any, name: str, artifacts: str | None) -> str:
    """The experiment's id; made, with its files under `artifacts`, when it is not there."""
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            return str(client.create_experiment(name, artifact_location=artifacts))
        except MlflowException:
            found = client.get_experiment_by_name(name)  # another process was faster
            if found is None:
                raise
    if found.lifecycle_stage == "deleted":
        raise SweeperError(
            f"the MLflow experiment {name!r} has been deleted: restore it with "
            f"`mlflow experiments restore --experiment-id {found.experiment_id}`, "
            "or launch under another name with --as"
        )
    return str(found.experiment_id)


def find_parent(client: Any, experiment: str, sweep_id: str) -> Any | None:
    """The sweep's parent run, the oldest if there are several; None when there is none."""
    runs = client.search_runs(
        [experiment],
        filter_string=f"tags.`{SWEEP_ID}` = '{sweep_id}'",
        order_by=["attributes.start_time ASC"],
        max_results=1,
    )
    return runs[0] if runs else None


def parent_run(
    client: Any, uri: str, experiment: str, sweep_id: str, name: str, start_ms: int | None = None
) -> Any:
    """The sweep's parent run, made when it is not there. `sweep_id`: letters, digits, - and _."""
    if not re.fullmatch(r"[\w\-.]+", sweep_id):
        raise ValueError(f"not a sweep id: {sweep_id!r}")
    with alone(uri):
        found = find_parent(client, experiment, sweep_id)
        if found is not None:
            return found
        return client.create_run(
            experiment, start_time=start_ms, run_name=name, tags={SWEEP_ID: sweep_id}
        )


def _quieten() -> None:
    """Telemetry off, which mlflow decides while it is imported; no log, no progress bars.

    What goes wrong reaches the caller as an exception; the log would only say it twice.
    """
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    import mlflow.tracking  # noqa: F401  (sets the level of its logger)

    logging.getLogger("mlflow").setLevel(logging.CRITICAL)


def sqlite_file(uri: str) -> Path | None:
    """The file that a `sqlite:///` URI names; None for any other."""
    if not uri.startswith("sqlite:///"):
        return None
    return Path(uri.removeprefix("sqlite:///").split("?")[0])


@contextmanager
def alone(uri: str) -> Iterator[None]:
    """Keep other processes out of the first steps. Only SQLite, a local file, needs it."""
    path = sqlite_file(uri)
    if path is None:
        yield
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        _lock(folder, path)
        yield
    finally:
        os.close(folder)


def _lock(folder: int, path: Path) -> None:
    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            return fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise SweeperError(
                    f"another process has been setting up {path} for over "
                    f"{_LOCK_SECONDS:.0f} s: end it, then launch again"
                ) from None
            time.sleep(0.05)
