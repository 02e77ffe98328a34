"""New runs, many at once: a database takes them in one transaction, a server call by call.

MLflow's client makes a run in three calls, each with its own transaction and some ten queries:
with a short sweep's trials that is longer than the sweep. Where the store is a database that
this process has open, the rows are inserted through MLflow's own tables.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sweeper.tracking import wording
from sweeper.tracking.picture import Point


@dataclass(frozen=True, slots=True)
class NewRun:
    """As MLflow is to have it. `end_ms` None: it is RUNNING."""

    name: str
    status: str
    start_ms: int
    end_ms: int | None
    tags: Mapping[str, str]
    params: Mapping[str, Any]
    points: Sequence[Point]


def insert(client: Any, experiment: str, runs: Sequence[NewRun]) -> list[str]:
    """Make the runs, all or none where the store is a database; their ids, in order."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    store, place = client._tracking_client.store, client.get_experiment(experiment)
    if isinstance(store, SqlAlchemyStore) and place.lifecycle_stage == "active":
        return _at_once(store, place, runs)
    return [_by_calls(client, experiment, run) for run in runs]


def _by_calls(client: Any, experiment: str, run: NewRun) -> str:
    made = client.create_run(
        experiment, start_time=run.start_ms, run_name=run.name, tags=_tags(run.tags)
    )
    run_id = str(made.info.run_id)
    log(client, run_id, run.points, run.params, {})
    if run.end_ms is not None:
        client.set_terminated(run_id, run.status, run.end_ms)
    return run_id


def log(
    client: Any,
    run_id: str,
    points: Iterable[Point],
    params: Mapping[str, Any],
    tags: Mapping[str, str],
) -> None:
    """One call for all of them."""
    from mlflow.entities import Metric, Param, RunTag

    client.log_batch(
        run_id,
        metrics=[Metric(wording.key(p.key), p.value, p.ms, p.step) for p in points],
        params=[Param(*pair) for pair in _params(params).items()],
        tags=[RunTag(*pair) for pair in _tags(tags).items()],
    )


def _params(params: Mapping[str, Any]) -> dict[str, str]:
    return {wording.key(name): wording.param(value) for name, value in params.items()}


def _tags(tags: Mapping[str, str]) -> dict[str, str]:
    return {name: wording.tag(value) for name, value in tags.items()}


def _at_once(store: Any, experiment: Any, runs: Sequence[NewRun]) -> list[str]:
    from mlflow.store.tracking.dbmodels import models
    from mlflow.utils.uri import append_to_uri_path

    place = experiment.artifact_location
    ids = [uuid.uuid4().hex for _ in runs]
    rows: dict[Any, list[dict[str, Any]]] = {
        table: []
        for table in (
            models.SqlRun,
            models.SqlTag,
            models.SqlParam,
            models.SqlMetric,
            models.SqlLatestMetric,
        )
    }
    for run_id, run in zip(ids, runs, strict=True):
        rows[models.SqlRun].append(
            {
                "run_uuid": run_id,
                "name": run.name,
                "source_type": "UNKNOWN",
                "source_name": "",
                "entry_point_name": "",
                "user_id": "unknown",
                "status": run.status,
                "start_time": run.start_ms,
                "end_time": run.end_ms,
                "source_version": "",
                "lifecycle_stage": "active",
                "artifact_uri": append_to_uri_path(place, run_id, "artifacts"),  # type: ignore[no-untyped-call]
                "experiment_id": int(experiment.experiment_id),
            }
        )
        tags = {"mlflow.runName": run.name, **_tags(run.tags)}
        for table, named in ((models.SqlTag, tags), (models.SqlParam, _params(run.params))):
            rows[table] += [
                {"run_uuid": run_id, "key": key, "value": value} for key, value in named.items()
            ]
        metrics = _metrics(store, run_id, run.points)
        rows[models.SqlMetric] += metrics
        rows[models.SqlLatestMetric] += _latest(metrics)
    with store.ManagedSessionMaker(read_only=False) as session:
        for table, some in rows.items():
            if some:
                session.execute(table.__table__.insert(), some)
    return ids


def _metrics(store: Any, run_id: str, points: Iterable[Point]) -> list[dict[str, Any]]:
    """Each once: a row is its own key."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for point in points:
        is_nan, value = store.sanitize_metric_value(point.value)
        key = wording.key(point.key)
        found[key, point.ms, point.step, value] = {
            "run_uuid": run_id,
            "key": key,
            "value": value,
            "timestamp": point.ms,
            "step": point.step,
            "is_nan": is_nan,
        }
    return list(found.values())


def _latest(metrics: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of each key the one that MLflow shows: the last step's, then the latest, then the greatest."""
    found: dict[str, dict[str, Any]] = {}
    for each in metrics:
        held = found.get(each["key"])
        if held is None or _rank(each) > _rank(held):
            found[each["key"]] = each
    return list(found.values())


def _rank(metric: dict[str, Any]) -> tuple[int, int, float]:
    return metric["step"], metric["timestamp"], metric["value"]
