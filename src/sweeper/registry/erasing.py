"""Taking out of MLflow all that a sweep left there: versions, files, runs.

Files go first, then runs, then versions: what a crash leaves is found again by its tags. That
a version was there stays known, by a tag of its model. A database keeps deleted rows in its
file until it is told to make it anew, which is done for SQLite; behind a tracking server
deleted runs wait for `mlflow gc`.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from sweeper.core.space import Value
from sweeper.mlflow_store import SWEEP_ID, alone, connect, exists, refused, sqlite_file, there
from sweeper.registry.reading import ERASED, MODEL_SHA256, aliases, pages

PARENT = "mlflow.parentRunId"


@dataclass(frozen=True, slots=True)
class Entry:
    """A version that a sweep made, whole or half."""

    model: str
    version: int
    sweep_id: str
    sha256: str  # of the model's file
    aliases: tuple[str, ...]

    @property
    def title(self) -> str:
        return f"{self.model}/{self.version}"


def entries(uri: str) -> list[Entry]:
    """All versions that sweeper made, half ones too."""
    if not exists(uri):
        return []
    with refused(uri):
        client = connect(uri)
        held = aliases(client, "")
        return [
            Entry(
                v.name,
                int(v.version),
                v.tags[SWEEP_ID],
                v.tags.get(MODEL_SHA256, ""),
                held.get((v.name, int(v.version)), ()),
            )
            for v in pages(client.search_model_versions, "")
            if SWEEP_ID in v.tags
        ]


def runs(uri: str, sweep_id: str) -> list[str]:
    """The ids of a sweep's runs, deleted ones too: the parent's first."""
    if not exists(uri):
        return []
    with refused(uri):
        client = connect(uri)
        parents = [run.info.run_id for run in _tagged(client, SWEEP_ID, sweep_id)]
        children = [run.info.run_id for one in parents for run in _tagged(client, PARENT, one)]
        return [*parents, *children]


def erase_runs(uri: str, found: Sequence[str]) -> None:
    """Their files and rows. A tracking server only marks the rows as deleted."""
    if not exists(uri):
        return
    with refused(uri):
        client = connect(uri)
        for run in reversed(found):  # by its parent the others are found again
            info = client.get_run(run).info
            _erase_files(info.artifact_uri)
            _erase_run(client, uri, info)


def erase_version(uri: str, model: str, number: int, told: Mapping[str, Value]) -> None:
    """Its aliases, tags and row; the model keeps `told`, which says that it was erased."""
    with refused(uri):
        client = connect(uri)
        version = there(client.get_model_version, model, str(number))
        if version is None:
            return
        note = json.dumps(told)
        client.set_registered_model_tag(model, f"{ERASED}.{number}", note)
        for alias, held in client.get_registered_model(model).aliases.items():
            if int(held) == number:
                client.delete_registered_model_alias(model, alias)
        for tag in sorted(version.tags, key=lambda name: name == SWEEP_ID):  # it is found by that
            client.delete_model_version_tag(model, str(number), tag)
        client.delete_model_version(model, str(number))
        # MLflow keeps a row with the number, and in it where the files were
        nowhere = "UPDATE model_versions SET storage_location = NULL"
        _sql(uri, f"{nowhere} WHERE name = ? AND version = ?", [model, number])


def shrink(uri: str) -> None:
    """Leave nothing of deleted rows in a SQLite file."""
    if exists(uri):
        with alone(uri):
            _sql(uri, "VACUUM")
            _sql(uri, "PRAGMA wal_checkpoint(TRUNCATE)")


def _tagged(client: Any, tag: str, value: str) -> Iterator[Any]:
    from mlflow.entities import ViewType

    experiments = [
        each.experiment_id
        for each in pages(
            lambda _, page_token: client.search_experiments(ViewType.ALL, page_token=page_token), ""
        )
    ]

    def search(text: str, page_token: str | None) -> Any:
        return client.search_runs(
            experiments, text, ViewType.ALL, max_results=1000, page_token=page_token
        )

    return pages(search, f"tags.`{tag}` = '{value}'")


def _erase_files(uri: str) -> None:
    """Of one run: the folder that is its own."""
    parts = urlsplit(uri)
    if parts.scheme in ("", "file"):
        folder = unquote(parts.path).removesuffix("/artifacts")
        shutil.rmtree(folder, ignore_errors=False, onerror=_unless_gone)
        return
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    get_artifact_repository(uri).delete_artifacts()  # type: ignore[no-untyped-call]


def _unless_gone(function: Any, path: str, problem: Any) -> None:
    if not isinstance(problem[1], FileNotFoundError):
        raise problem[1]


def _erase_run(client: Any, uri: str, info: Any) -> None:
    run = info.run_id
    if info.lifecycle_stage == "active":
        client.delete_run(run)
    _erase_inputs(uri, run)
    store = client._tracking_client.store  # as `mlflow gc` does it: there is no public way
    if hasattr(store, "_hard_delete_run"):
        store._hard_delete_run(run)


def _erase_inputs(uri: str, run: str) -> None:
    """Its data sets' names, schemas and digests, which MLflow keeps for good."""
    found = _sql(uri, "SELECT source_id FROM inputs WHERE destination_id = ?", [run])
    _sql(uri, "DELETE FROM inputs WHERE destination_id = ?", [run])
    unused = "NOT EXISTS (SELECT 1 FROM inputs WHERE source_id = dataset_uuid)"
    for row in found:
        _sql(uri, f"DELETE FROM datasets WHERE dataset_uuid = ? AND {unused}", row)


def _sql(uri: str, statement: str, values: Sequence[Any] = ()) -> list[Any]:
    """The rows it gives. Nothing is done in a store that is no SQLite file."""
    path = sqlite_file(uri)
    if path is None:
        return []
    with closing(sqlite3.connect(path, timeout=60, isolation_level=None)) as database:
        return database.execute(statement, values).fetchall()
