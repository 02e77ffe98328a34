from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from mlflow.tracking import MlflowClient

from sweeper.core import events as e
from sweeper.core.events import Event
from sweeper.core.records import (
    HOLDOUT,
    REFIT,
    DataDigest,
    Registered,
    RunKey,
    SplitDigest,
    Success,
)
from sweeper.core.space import Space
from sweeper.core.specs import DataSpec, Goal, Metric, SweepSpec
from sweeper.mlflow_store import CURSOR, Store, parent_run
from sweeper.tracking import inserting
from sweeper.tracking.mirror import PARENT, TRIAL, Mirror

SHA = "ab" * 32
SPEC = SweepSpec(
    name="iris",
    seed=7,
    metric=Metric("accuracy", Goal.MAXIMIZE),
    space=Space(),
    data=DataSpec(source="https://me:secret@host/iris.csv", target="kind"),
)
CREATED = e.SweepCreated(
    t=0.0,
    wall=1_000_000.0,
    spec=SPEC,
    splits=SplitDigest(2, (5, 5), "cd" * 32),
    data=DataDigest(SHA, 150, (("width", "float64"), ("kind", "object"))),
    sampler="tpe",
    sampler_reason="the space is conditional",
)


def launched(t: float, wall: float) -> Event:
    return e.SweepLaunched(t, wall, "host", 1, {})


def sampled(t: float, trial: int, **params: Any) -> Event:
    return e.TrialSampled(t, trial, params or {"svc.C": 0.5 + trial}, "sampler", 0.0)


def fold(t: float, trial: int, k: int, value: float, **more: float) -> Event:
    scores = {"accuracy": value, **more}
    return e.FoldSucceeded(t, RunKey(trial, k, 1), Success(scores, 0.5, f"node{k}"))


def trial(t: float, number: int, *values: float) -> list[Event]:
    """A whole complete trial that begins at `t` and takes a second."""
    folds = [fold(t + 0.1 * (k + 1), number, k, value) for k, value in enumerate(values)]
    mean = sum(values) / len(values)
    return [sampled(t, number), *folds, e.TrialCompleted(t + 1, number, mean, "all folds done")]


def whole_sweep() -> list[Event]:
    """Complete, pruned, failed, revived and unfinished trials, a refit and a version."""
    return [
        CREATED,
        launched(0.0, 1_000_000.0),
        *trial(1.0, 0, 0.8, 0.9),
        sampled(2.0, 1),
        fold(2.5, 1, 0, 0.5),
        e.TrialPruned(2.6, 1, 1, 0.52, 0.01, "chance 0.01 of beating trial 0"),
        sampled(3.0, 2),
        e.TrialFailed(3.5, 2, "ValueError in fold 0, twice"),
        *trial(4.0, 3, 0.9, 0.95),
        e.TrialRevived(5.0, 1, "might still win"),
        fold(5.5, 1, 1, 0.6),
        e.TrialCompleted(5.6, 1, 0.55, "all folds done"),
        sampled(5.7, 4),
        e.FoldSucceeded(6.0, RunKey(3, REFIT, 1), Success({}, 1.5)),
        e.FoldSucceeded(7.0, RunKey(3, HOLDOUT, 1), Success({"accuracy": 0.91}, 0.1)),
        e.VersionRegistered(8.0, Registered("iris", 1, SHA, "champion", "the first version")),
        e.SweepFinished(9.0, "5 trials"),
    ]


def numbered(events: Sequence[Event]) -> list[tuple[int, Event]]:
    return list(enumerate(events, start=1))


def mirror(store: Store) -> Mirror:
    return Mirror(store.uri, store.artifacts, "sweep-1", "iris")


def mirrored(store: Store, events: Sequence[Event]) -> None:
    mirror(store).apply(numbered(events))


def runs(store: Store) -> list[Any]:
    client = MlflowClient(store.uri)
    experiment = client.get_experiment_by_name("iris")
    return list(client.search_runs([experiment.experiment_id], order_by=["start_time", "run_name"]))


def parent(store: Store) -> Any:
    (found,) = [run for run in runs(store) if PARENT not in run.data.tags]
    return found


def children(store: Store) -> dict[int, Any]:
    found = [run for run in runs(store) if PARENT in run.data.tags]
    numbers = [int(run.data.tags[TRIAL]) for run in found]
    assert len(numbers) == len(set(numbers)), "a trial has two runs"
    return dict(zip(numbers, found, strict=True))


def history(store: Store, run: Any, key: str) -> list[tuple[int, float]]:
    points = MlflowClient(store.uri).get_metric_history(run.info.run_id, key)
    return [(point.step, point.value) for point in points]


def snapshot(store: Store) -> list[Any]:
    """All that is in MLflow but for ids."""
    return [
        (
            run.info.run_name,
            run.info.status,
            run.info.start_time,
            run.info.end_time,
            {k: v for k, v in run.data.tags.items() if k != PARENT},
            run.data.params,
            {key: history(store, run, key) for key in run.data.metrics},
        )
        for run in runs(store)
    ]


def test_fold_scores_are_steps_of_one_metric_with_mean_and_spread(store: Store) -> None:
    mirrored(store, whole_sweep())
    run = children(store)[0]
    assert history(store, run, "accuracy") == [(0, 0.8), (1, 0.9)]
    assert run.data.metrics["accuracy.mean"] == pytest.approx(0.85)
    assert run.data.metrics["accuracy.std"] == pytest.approx(0.05)
    assert run.data.metrics["seconds.total"] == pytest.approx(1.0)
    assert run.data.tags["sweeper.nodes"] == "node0, node1"
    assert run.data.params == {"svc.C": "0.5"}


def test_times_are_the_events_own(store: Store) -> None:
    mirrored(store, whole_sweep())
    run = children(store)[0]
    assert (run.info.start_time, run.info.end_time) == (1_000_001_000, 1_000_002_000)


def test_a_relaunch_moves_the_anchor_of_sweep_time(store: Store) -> None:
    mirrored(store, [CREATED, launched(0, 1e6), launched(10, 2e6), *trial(11.0, 0, 0.8, 0.9)])
    assert children(store)[0].info.start_time == 2_000_001_000


def test_every_trial_has_its_state_and_reason_and_none_is_left_running(store: Store) -> None:
    mirrored(store, whole_sweep())
    found = {
        n: (run.info.status, run.data.tags["sweeper.state"], run.data.tags["sweeper.reason"])
        for n, run in children(store).items()
    }
    assert found == {
        0: ("FINISHED", "complete", "all folds done"),
        1: ("FINISHED", "complete", "all folds done"),
        2: ("FAILED", "failed", "ValueError in fold 0, twice"),
        3: ("FINISHED", "complete", "all folds done"),
        4: ("KILLED", "running", ""),
    }
    assert parent(store).info.status == "FINISHED"


def test_a_pruned_trial_is_finished_without_a_mean_over_too_few_folds(store: Store) -> None:
    mirrored(store, whole_sweep()[:9])
    run = children(store)[1]
    assert (run.info.status, run.data.tags["sweeper.state"]) == ("FINISHED", "pruned")
    assert run.data.metrics["accuracy.predicted"] == 0.52
    assert "accuracy.mean" not in run.data.metrics


def test_the_parent_carries_the_winner_the_holdout_and_the_version(store: Store) -> None:
    mirrored(store, whole_sweep())
    data = parent(store).data
    assert data.params == {"svc.C": "3.5"}
    assert data.metrics["accuracy.mean"] == pytest.approx(0.925)
    assert data.metrics["holdout.accuracy"] == 0.91
    assert data.tags["sweeper.best_trial"] == "3"
    assert data.tags["sweeper.version"] == "iris/1"
    assert len(data.tags["sweeper.config_digest"]) == 64


def test_the_lower_value_is_best_when_the_metric_is_minimised(store: Store) -> None:
    created = replace(CREATED, spec=replace(SPEC, metric=Metric("loss", Goal.MINIMIZE)))
    mirrored(store, [created, *trial(1, 0, 0.3, 0.3), *trial(2, 1, 0.1, 0.1)])
    assert parent(store).data.tags["sweeper.best_trial"] == "1"


def test_the_dataset_bears_our_digest_and_no_secret(store: Store) -> None:
    mirrored(store, whole_sweep())
    (found,) = parent(store).inputs.dataset_inputs
    assert found.dataset.digest == SHA[:36]
    assert parent(store).data.tags["sweeper.data_sha256"] == SHA
    assert "secret" not in found.dataset.source
    assert "https://***@host/iris.csv" in found.dataset.source


def test_applying_twice_changes_nothing(store: Store) -> None:
    mirrored(store, whole_sweep())
    once = snapshot(store)
    mirrored(store, whole_sweep())
    assert snapshot(store) == once


def test_a_lost_cursor_doubles_nothing(store: Store) -> None:
    mirrored(store, whole_sweep())
    once = snapshot(store)
    MlflowClient(store.uri).set_tag(parent(store).info.run_id, CURSOR, "0")
    mirrored(store, whole_sweep())
    assert snapshot(store) == once


def test_pieces_give_what_the_whole_gives(store: Store, tmp_path: Any) -> None:
    mirrored(store, whole_sweep())
    whole = snapshot(store)
    client = MlflowClient(store.uri)
    for run in runs(store):
        client.delete_run(run.info.run_id)
    again = mirror(store)
    for record in numbered(whole_sweep()):
        again.apply([record])
    assert snapshot(store) == whole


def test_runs_inserted_at_once_are_those_that_calls_would_have_made(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = sampled(1, 0, **{"long": "x" * 9000, "list": [1, None], "odd@name": True})
    twice = fold(2, 0, 0, 0.8, **{"top@5": 0.5, "top_5": 0.5})
    many = sampled(4, 2, **{f"p{i}": i for i in range(600)})
    odd_ones = [CREATED, odd, twice, e.TrialCompleted(3, 0, 0.8, "d" * 6000), many]
    odd_ones.append(fold(5, 2, 0, 0.7))
    client = MlflowClient(store.uri)

    def call_by_call(_: Any, place: Any, new: Sequence[inserting.NewRun]) -> list[str]:
        return [inserting._by_calls(client, place.experiment_id, run) for run in new]

    for sweep in (whole_sweep(), odd_ones):
        mirrored(store, sweep)
        at_once, places = snapshot(store), beside(store)
        for run in runs(store):
            client.delete_run(run.info.run_id)
        with monkeypatch.context() as patch:
            patch.setattr(inserting, "_at_once", call_by_call)
            mirrored(store, sweep)
        assert snapshot(store) == at_once
        assert beside(store) == places
        for run in runs(store):
            client.delete_run(run.info.run_id)


def beside(store: Store) -> list[Any]:
    """What only MLflow itself looks at."""
    infos = [run.info for run in runs(store)]
    return [
        (info.artifact_uri.replace(info.run_id, "*"), info.user_id, info.lifecycle_stage)
        for info in infos
    ]


class Dying:
    """The client, in a process that is killed after so many half writes.

    `get_experiment` is asked for just before many runs are inserted at once."""

    WRITES = (
        "get_experiment",
        "create_run",
        "log_batch",
        "log_inputs",
        "set_terminated",
        "update_run",
        "set_tag",
    )

    def __init__(self, client: Any, writes: int) -> None:
        self._client, self._left = client, writes

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)
        return self._counted(call) if name in self.WRITES else call

    def _counted(self, call: Any) -> Any:
        def write(*args: Any, **kwargs: Any) -> Any:
            self._step()
            done = call(*args, **kwargs)
            self._step()
            return done

        return write

    def _step(self) -> None:
        if self._left == 0:
            raise KeyboardInterrupt
        self._left -= 1


@pytest.mark.parametrize("pieces", [1, 4])
def test_a_kill_after_any_write_leaves_nothing_double_and_nothing_out(
    store: Store, pieces: int
) -> None:
    mirrored(store, whole_sweep())
    whole = snapshot(store)
    client = MlflowClient(store.uri)
    for run in runs(store):
        client.delete_run(run.info.run_id)
    records = numbered(whole_sweep())
    size = math.ceil(len(records) / pieces)
    deaths = 0
    while True:
        again = mirror(store)
        again._client = Dying(again._client, deaths)
        try:
            for start in range(0, len(records), size):
                again.apply(records[start : start + size])
            break
        except KeyboardInterrupt:
            deaths += 1
    assert deaths > 10
    assert snapshot(store) == whole


def test_an_interrupted_sweep_runs_again_after_a_relaunch(store: Store) -> None:
    begun = [CREATED, launched(0, 1e6), sampled(1, 0), fold(2, 0, 0, 0.8)]
    mirrored(store, begun)
    assert {run.info.status for run in runs(store)} == {"RUNNING"}
    stopped = [*begun, e.SweepInterrupted(3, "Ctrl-C")]
    mirrored(store, stopped)
    assert {run.info.status for run in runs(store)} == {"KILLED"}
    mirrored(store, [*stopped, launched(3, 2e6)])
    assert {run.info.status for run in runs(store)} == {"RUNNING"}


def test_an_abandoned_sweep_is_marked_killed_until_it_is_launched_again(store: Store) -> None:
    begun = [CREATED, launched(0, 1e6), sampled(1, 0), fold(2, 0, 0, 0.8)]
    dead = mirror(store)
    dead.apply(numbered(begun))
    dead.abandon("its controller died")
    assert {run.info.status for run in runs(store)} == {"KILLED"}
    mirrored(store, [*begun, launched(3, 2e6)])
    assert {run.info.status for run in runs(store)} == {"RUNNING"}


def test_a_sweep_that_goes_on_and_finds_another_winner_says_so(store: Store) -> None:
    first = [CREATED, *trial(1, 0, 0.8, 0.8), e.SweepFinished(3, "1 trial")]
    mirrored(store, first)
    more = [launched(3, 2e6), *trial(4, 1, 0.9, 0.9), e.SweepFinished(6, "2 trials")]
    mirrored(store, [*first, *more])
    data = parent(store).data
    assert data.params == {"svc.C": "0.5", "trial_1.svc.C": "1.5"}
    assert data.tags["sweeper.best_trial"] == "1"
    assert data.metrics["accuracy.mean"] == pytest.approx(0.9)


def test_infinite_and_odd_values_do_not_stop_the_rest(store: Store) -> None:
    odd = sampled(1, 0, **{"long": "x" * 9000, "list": [1, None], "odd@name": True})
    scored = fold(2, 0, 0, 0.8, **{"loss": math.inf, "top@5": 0.5, "../up": 1.0, "nan": math.nan})
    mirrored(store, [CREATED, odd, scored, e.TrialCompleted(3, 0, 0.8, "done")])
    data = children(store)[0].data
    assert not {"loss", "nan"} & data.metrics.keys()
    assert data.metrics["top_5"] == 0.5
    assert data.params["list"] == "[1, null]"
    assert data.params["odd_name"] == "True"
    assert len(data.params["long"]) == 6000
    assert "sha256" in data.params["long"]


def test_of_very_many_parameters_the_first_are_written_and_the_rest_are_told_of(
    store: Store,
) -> None:
    many = sampled(1, 0, **{f"p{i}": i for i in range(10_000)})
    mirrored(store, [CREATED, many, fold(2, 0, 0, 0.8), e.TrialCompleted(3, 0, 0.8, "done")])
    data = children(store)[0].data
    assert len(data.params) == 500
    assert data.params["p499"] == "499"
    said = "500 of 10,000 parameters; the sweep's journal has them all"
    assert data.tags["sweeper.params"] == said


def test_learning_curves_have_a_metric_for_each_fold(store: Store) -> None:
    curve = ((1, {"loss": 0.9}), (2, {"loss": 0.4}))
    scored = e.FoldSucceeded(2, RunKey(0, 1, 1), Success({"accuracy": 0.8}, 0.5, "n", curve))
    mirrored(store, [CREATED, sampled(1, 0), scored])
    assert history(store, children(store)[0], "loss.fold1") == [(1, 0.9), (2, 0.4)]


def test_a_parent_that_the_registry_made_first_is_taken_over(store: Store) -> None:
    made = mirror(store)
    first = parent_run(made._client, store.uri, made._experiment, "sweep-1", "iris")
    mirrored(store, whole_sweep())
    assert parent(store).info.run_id == first.info.run_id
    assert len(children(store)) == 5


def test_files_go_where_they_should(store: Store) -> None:
    mirrored(store, whole_sweep())
    assert parent(store).info.artifact_uri.startswith(store.artifacts)
