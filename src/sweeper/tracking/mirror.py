"""Writes a sweep's picture to MLflow: one parent run, one child run a trial.

The cursor, a tag of the parent run, is the sequence number up to which everything is
written; it moves last. What a crash leaves behind it is found again (runs by their tags)
or is the same row again (points, by key, step, time and value), so nothing doubles.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from sweeper.core.events import Event, SweepCreated, SweepInterrupted
from sweeper.core.records import SweepState, TrialState
from sweeper.mlflow_store import (
    CURSOR,
    check_in_place,
    connect,
    experiment_id,
    find_parent,
    masked,
    parent_run,
)
from sweeper.tracking.inserting import NewRun, insert, log
from sweeper.tracking.picture import Change, Picture, Point, TrialPicture

TRIAL = "sweeper.trial"
PARENT = "mlflow.parentRunId"

MOST_PARAMS = 500
"""Parameters of a run that MLflow is given: writing them takes it time by their square."""

_PAGE = 1000
_TRIAL_STATUS = {
    TrialState.COMPLETE: "FINISHED",
    TrialState.PRUNED: "FINISHED",
    TrialState.FAILED: "FAILED",
}
_SWEEP_STATUS = {
    SweepState.RUNNING: "RUNNING",
    SweepState.FINISHED: "FINISHED",
    SweepState.FAILED: "FAILED",
}
_COLUMN_TYPES = {"int": "long", "uint": "long", "float": "double", "bool": "boolean"}


class Mirror:
    """One sweep in MLflow. Raises what MLflow raises; after that, make a new one.

    `apply` wants the journal from its beginning, in order and in any number of pieces;
    records up to the cursor are only remembered, later ones are written.
    """

    def __init__(self, uri: str, artifacts: str | None, sweep_id: str, experiment: str) -> None:
        self._uri = uri
        self._sweep_id = sweep_id
        self._client = connect(uri)
        self._experiment = experiment_id(self._client, experiment, artifacts)
        self._picture = Picture()
        self._points: dict[int, list[Point]] = {}  # of every trial that changed
        self._sweep_points: list[Point] = []
        self._described: set[int] = set()  # trials whose parameters this object has written
        self._runs: dict[int, tuple[str, str]] = {}  # trial → run id, status
        self._parent: Any = find_parent(self._client, self._experiment, sweep_id)
        self.seen = 0
        self.cursor = 0
        if self._parent is not None:
            self.cursor = int(self._parent.data.tags.get(CURSOR, 0))
            runs = children(self._client, self._experiment, self._parent.info.run_id)
            self._runs = {number: (run.info.run_id, run.info.status) for number, run in runs}

    def apply(self, records: Sequence[tuple[int, Event]]) -> None:
        """Take these records (sequence number, event); the first of a journal is 1."""
        for number, event in records:
            if number <= self.seen:
                continue
            change = self._picture.absorb(event)
            self.seen = number
            if number > self.cursor:
                self._note(change)
        if self.seen > self.cursor:
            self._write()

    def abandon(self, reason: str) -> None:
        """Nobody runs the sweep and its journal does not say so: leave nothing RUNNING."""
        if self.seen and not self._picture.over:
            self._note(self._picture.absorb(SweepInterrupted(self._picture.now, reason)))
            self._write()

    def _note(self, change: Change) -> None:
        for trial in change.trials:
            self._points.setdefault(trial, [])
        for point in change.points:
            self._points[change.trials[0]].append(point)
        self._sweep_points.extend(change.sweep)

    def _write(self) -> None:
        check_in_place(self._uri)
        created = self._picture.created
        if created is None:
            raise ValueError("the journal does not begin with SweepCreated")
        if self._parent is None:
            start = round(created.wall * 1000)
            self._parent = parent_run(
                self._client, self._uri, self._experiment, self._sweep_id, created.spec.name, start
            )
        if self.cursor == 0:
            self._describe(created)
        fresh = self._begin_trials()
        for number in sorted(self._points.keys() - fresh):
            self._write_trial(self._picture.trials[number], self._points[number])
        self._write_sweep()
        self._points, self._sweep_points = {}, []
        self.cursor = self.seen

    def _begin_trials(self) -> set[int]:
        """Make the runs of trials that have none yet and something to show; their numbers."""
        trials = [
            trial
            for number in sorted(self._points.keys() - self._runs.keys())
            if (trial := self._picture.trials[number]).scores or self._status(trial) != "RUNNING"
        ]
        if not trials:
            return set()
        ids = insert(self._client, self._experiment, [self._new_run(trial) for trial in trials])
        for trial, run_id in zip(trials, ids, strict=True):
            self._runs[trial.number] = (run_id, self._status(trial))
        numbers = {trial.number for trial in trials}
        self._described |= numbers
        return numbers

    def _new_run(self, trial: TrialPicture) -> NewRun:
        status = self._status(trial)
        params, tags = _fitting(trial.params, _trial_tags(trial))
        fixed = {
            PARENT: self._parent.info.run_id,
            TRIAL: str(trial.number),
            "sweeper.origin": trial.origin,
        }
        return NewRun(
            name=f"trial {trial.number}",
            status=status,
            start_ms=trial.sampled_ms,
            end_ms=None if status == "RUNNING" else self._ended(trial),
            tags=fixed | tags,
            params=params,
            points=self._points[trial.number],
        )

    def _write_trial(self, trial: TrialPicture, points: list[Point]) -> None:
        if trial.number not in self._runs:
            return
        status = self._status(trial)
        run_id, known = self._runs[trial.number]
        params = {} if trial.number in self._described else trial.params
        self._log(run_id, points, params, _trial_tags(trial))
        self._described.add(trial.number)
        if status != "RUNNING":
            self._client.set_terminated(run_id, status, self._ended(trial))
        elif known != "RUNNING":
            self._client.update_run(run_id, status="RUNNING")
        self._runs[trial.number] = (run_id, status)

    def _status(self, trial: TrialPicture) -> str:
        return trial_status(trial, self._picture.over)

    def _ended(self, trial: TrialPicture) -> int:
        return trial.ended_ms or self._picture.ms(self._picture.now)

    def _write_sweep(self) -> None:
        """Status first, the cursor last: a crash in between writes both again."""
        run_id, picture = self._parent.info.run_id, self._picture
        status = sweep_status(picture)
        if status == "RUNNING":
            self._client.update_run(run_id, status=status)
        else:
            self._client.set_terminated(run_id, status, picture.ms(picture.now))
        self._log(run_id, self._sweep_points, _best_params(picture), progress_tags(picture))
        self._client.set_tag(run_id, CURSOR, str(self.seen))

    def _describe(self, created: SweepCreated) -> None:
        """What is known of a sweep from its first event on: tags, and the data as an input."""
        from mlflow.entities import Dataset, DatasetInput, InputTag

        run_id, data = self._parent.info.run_id, created.data
        self._log(run_id, (), {}, _sweep_tags(created))
        if data is None or created.spec.data is None:
            return
        dataset = Dataset(
            name=created.spec.name,
            digest=data.sha256[:36],
            source_type="local",
            source=json.dumps({"uri": masked(created.spec.data.source)}),
            schema=json.dumps({"mlflow_colspec": [_column(*column) for column in data.schema]}),
            profile=json.dumps({"num_rows": data.rows, "holdout_rows": data.holdout_rows}),
        )
        context = [InputTag("mlflow.data.context", "training")]
        self._client.log_inputs(run_id, [DatasetInput(dataset, context)])

    def _log(
        self, run_id: str, points: Iterable[Point], params: dict[str, Any], tags: dict[str, str]
    ) -> None:
        params, tags = _fitting(params, tags)
        log(self._client, run_id, points, params, tags)


def _fitting(params: dict[str, Any], tags: dict[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """No more parameters than MLflow is given of a run, and a tag that says so."""
    if len(params) <= MOST_PARAMS:
        return params, tags
    some = f"{MOST_PARAMS} of {len(params):,} parameters; the sweep's journal has them all"
    return dict(islice(params.items(), MOST_PARAMS)), {**tags, "sweeper.params": some}


def children(client: Any, experiment: str, parent_id: str) -> Iterator[tuple[int, Any]]:
    """Trial numbers with their runs. Of several runs of one trial the last is the one kept."""
    token = None
    while True:
        page = client.search_runs(
            [experiment],
            filter_string=f"tags.`{PARENT}` = '{parent_id}'",
            max_results=_PAGE,
            page_token=token,
        )
        for run in page:
            yield int(run.data.tags[TRIAL]), run
        token = page.token
        if not token:
            return


def trial_status(trial: TrialPicture, over: bool) -> str:
    """The status of a trial's run. `over`: nobody runs the sweep."""
    if trial.state is TrialState.RUNNING:
        return "KILLED" if over else "RUNNING"
    return _TRIAL_STATUS[trial.state]


def sweep_status(picture: Picture) -> str:
    """The status of the parent run."""
    return _SWEEP_STATUS.get(picture.state, "KILLED")


def _trial_tags(trial: TrialPicture) -> dict[str, str]:
    tags = {"sweeper.state": trial.state.value, "sweeper.reason": trial.reason}
    if trial.nodes:
        tags["sweeper.nodes"] = ", ".join(sorted(trial.nodes))
    if trial.revived:
        tags["sweeper.revived"] = str(trial.revived)
    return tags


def _sweep_tags(created: SweepCreated) -> dict[str, str]:
    metric = created.spec.metric
    tags = {
        "mlflow.source.name": "sweeper",
        "sweeper.metric": f"{metric.name}, {metric.goal.value}",
        "sweeper.sampler": f"{created.sampler}: {created.sampler_reason}",
        "sweeper.splits_sha256": created.splits.sha256,
    }
    if created.data is not None:
        tags["sweeper.data_sha256"] = created.data.sha256
    return tags


def progress_tags(picture: Picture) -> dict[str, str]:
    """The parent run's tags that change as the sweep goes on."""
    counts, best, version = picture.counts(), picture.best(), picture.version
    tags = {
        "sweeper.state": picture.state.value,
        "sweeper.reason": picture.reason,
        "sweeper.launches": str(picture.launches),
        "sweeper.config_digest": picture.config_digest(),
        "sweeper.trials": ", ".join(f"{counts[state]} {state.value}" for state in TrialState),
    }
    if best is not None:
        tags["sweeper.best_trial"] = str(best.number)
        tags["sweeper.best_value"] = repr(best.value)
    if version is not None:
        tags["sweeper.version"] = f"{version.model}/{version.version}"
        tags["sweeper.lineage_sha256"] = version.digest
        tags["sweeper.alias"] = version.alias
        tags["sweeper.verdict"] = version.verdict
    return tags


def _best_params(picture: Picture) -> dict[str, Any]:
    """The best trial's parameters, once the sweep is finished.

    MLflow's parameters cannot change: when a sweep that had ended goes on and ends with
    another winner, the new one's bear its number, `trial_43.C`.
    """
    best = picture.best()
    if picture.state is not SweepState.FINISHED or best is None:
        return {}
    if best.number == picture.described:
        return best.params
    return {f"trial_{best.number}.{name}": value for name, value in best.params.items()}


def _column(name: str, dtype: str) -> dict[str, Any]:
    kind = next((v for k, v in _COLUMN_TYPES.items() if dtype.startswith(k)), "string")
    return {"type": kind, "name": name, "required": True}
