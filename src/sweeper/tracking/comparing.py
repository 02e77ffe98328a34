"""What MLflow shows of a sweep, beside what the journal says it should. Reads only.

A mirror that lags behind a journal that grows is no error: while somebody writes, only
trials that have not changed since the mirror's cursor are held against the journal.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from sweeper.core.events import Event, SweepInterrupted
from sweeper.core.records import TrialState
from sweeper.mlflow_store import CURSOR, SWEEP_ID, connect
from sweeper.tracking import wording
from sweeper.tracking.mirror import (
    MOST_PARAMS,
    children,
    progress_tags,
    sweep_status,
    trial_status,
)
from sweeper.tracking.picture import Picture, TrialPicture, predicted, summary

_CLOSE = 1e-9  # relative; a server's database may keep fewer digits than SQLite
_NOT_COMPARED = ("sweeper.reason", "sweeper.config_digest")
"""Tags that a death, or an edit of a sweep that nobody runs, leaves as they were."""


@dataclass(frozen=True, slots=True)
class Compared:
    """`wrong`: each difference in words. `surplus`: runs that must go before it can be mended."""

    trials: int = 0  # that have a run
    behind: int = 0  # events of the journal that are not written yet
    wrong: tuple[str, ...] = ()
    surplus: tuple[str, ...] = ()


def compare(
    uri: str, experiment: str, sweep_id: str, events: Callable[[], Iterable[Event]], busy: bool
) -> Compared:
    """Hold the sweep's runs against its journal. `busy`: somebody writes one or the other.

    Raises what MLflow raises. `events` is called after MLflow was read.
    """
    client = connect(uri)
    found = client.get_experiment_by_name(experiment)
    place = "" if found is None else str(found.experiment_id)
    parents = _parents(client, place, sweep_id) if place else []
    if not parents:
        missing = () if busy else ("the sweep has no run",)
        return Compared(behind=sum(1 for _ in events()), wrong=missing)
    parent = parents[0]
    shown = _Shown(parent, tuple(children(client, place, parent.info.run_id)))
    told = _Told.of(events(), int(parent.data.tags.get(CURSOR, 0)), busy)
    double = [run.info.run_id for run in parents[1:]]
    wrong = [f"the sweep has a second run, {run_id}" for run_id in double]
    if not busy:
        wrong += _parent_differs(parent, told.picture)
    unequal, surplus = _trials_differ(shown, told)
    return Compared(
        trials=len({number for number, _ in shown.children}),
        behind=max(0, told.events - told.cursor),
        wrong=(*wrong, *unequal),
        surplus=(*double, *surplus),
    )


def remove(uri: str, runs: Iterable[str]) -> None:
    """Mark these runs as deleted; `mlflow runs restore` brings one back."""
    client = connect(uri)
    for run_id in runs:
        client.delete_run(run_id)


@dataclass(frozen=True, slots=True)
class _Shown:
    """The sweep's runs in MLflow."""

    parent: Any
    children: tuple[tuple[int, Any], ...]


@dataclass(slots=True)
class _Told:
    """What the journal says. `fresh`: trials that changed after the cursor."""

    picture: Picture = field(default_factory=Picture)
    cursor: int = 0
    events: int = 0
    busy: bool = False
    fresh: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, events: Iterable[Event], cursor: int, busy: bool) -> _Told:
        told = cls(cursor=cursor, busy=busy)
        for event in events:
            change = told.picture.absorb(event)
            told.events += 1
            if told.events > cursor:
                told.fresh.update(change.trials)
        if not busy and not told.picture.over:
            told.picture.absorb(SweepInterrupted(told.picture.now, ""))
        return told

    def settled(self, trial: TrialPicture) -> bool:
        """Whether its run must be as the journal says, now."""
        if not self.busy:
            return True
        return trial.number not in self.fresh and trial.state is not TrialState.RUNNING


def _parents(client: Any, experiment: str, sweep_id: str) -> list[Any]:
    return list(
        client.search_runs(
            [experiment],
            filter_string=f"tags.`{SWEEP_ID}` = '{sweep_id}'",
            order_by=["attributes.start_time ASC"],
        )
    )


def _parent_differs(parent: Any, picture: Picture) -> Iterator[str]:
    status = sweep_status(picture)
    if parent.info.status != status:
        yield f"the sweep's run is {parent.info.status}, expected {status}"
    for key, value in progress_tags(picture).items():
        shown = parent.data.tags.get(key)
        if key not in _NOT_COMPARED and shown != wording.tag(value):
            yield f"the sweep's run has {key} {shown!r}, expected {value!r}"


def _trials_differ(shown: _Shown, told: _Told) -> tuple[list[str], list[str]]:
    """Differences in words, and runs that cannot be corrected."""
    kept = dict(shown.children)
    counts = Counter(number for number, _ in shown.children)
    wrong = [f"trial {n} has {count} runs" for n, count in sorted(counts.items()) if count > 1]
    surplus = [run.info.run_id for n, run in shown.children if run is not kept[n]]
    for number in sorted(kept.keys() - told.picture.trials.keys()):
        wrong.append(f"a run is there for trial {number}, which the journal does not have")
        surplus.append(kept[number].info.run_id)
    for number, trial in sorted(told.picture.trials.items()):
        run, settled = kept.get(number), told.settled(trial)
        if run is None:
            if settled and _shows(trial, told.picture):
                wrong.append(f"trial {number} has no run")
            continue
        false = [
            *_params_differ(trial, run),
            *(_figures_differ(trial, run, told) if settled else ()),
        ]
        lagging = _lags(trial, run, told.picture) if settled else ()
        wrong += (f"trial {number} {text}" for text in (*false, *lagging))
        surplus += [run.info.run_id] if false else []
    return wrong, surplus


def _shows(trial: TrialPicture, picture: Picture) -> bool:
    """A trial gets its run with its first score, or when it ends."""
    return bool(trial.scores) or trial_status(trial, picture.over) != "RUNNING"


def _params_differ(trial: TrialPicture, run: Any) -> Iterator[str]:
    """None where they are not written yet: a run is made before it gets them."""
    some = islice(trial.params.items(), MOST_PARAMS)
    expected = {wording.key(key): wording.param(value) for key, value in some}
    for key, value in run.data.params.items():
        if expected.get(key) != value:
            yield f"has {key} {value}, expected {expected.get(key, 'nothing')}"


def _figures_differ(trial: TrialPicture, run: Any, told: _Told) -> Iterator[str]:
    for name, value in _figures(trial, told.picture).items():
        shown = run.data.metrics.get(wording.key(name))
        if shown is not None and not math.isclose(shown, value, rel_tol=_CLOSE, abs_tol=1e-300):
            yield f"has {name} {shown}, expected {value}"


def _lags(trial: TrialPicture, run: Any, picture: Picture) -> Iterator[str]:
    """What is missing or of before, and comes right when it is written again."""
    status, state = trial_status(trial, picture.over), run.data.tags.get("sweeper.state")
    if run.info.status != status:
        yield f"is {run.info.status}, expected {status}"
    if state != trial.state.value:
        yield f"has sweeper.state {state}, expected {trial.state.value}"
    lacks = min(len(trial.params), MOST_PARAMS) - len(run.data.params)
    if lacks > 0:
        yield f"lacks {lacks} parameters"
    for name in _figures(trial, picture):
        if wording.key(name) not in run.data.metrics:
            yield f"lacks {name}"


def _figures(trial: TrialPicture, picture: Picture) -> dict[str, float]:
    """The metrics that sum a trial up; those of its folds are in them."""
    if trial.state is TrialState.COMPLETE:
        found = summary(trial)
    elif trial.state is TrialState.PRUNED:
        found = predicted(trial, picture.settings.metric.name)
    else:
        found = {}
    return {name: value for name, value in found.items() if math.isfinite(value)}
