"""What MLflow shows, held against the journal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from mlflow.tracking import MlflowClient

from sweeper.core import events as e
from sweeper.core.events import Event
from sweeper.mlflow_store import CURSOR, Store
from sweeper.tracking.comparing import Compared, compare, remove
from sweeper.tracking.mirror import PARENT, TRIAL
from tracking.test_mirror import (
    CREATED,
    fold,
    launched,
    mirror,
    mirrored,
    numbered,
    sampled,
    trial,
    whole_sweep,
)


def held(store: Store, events: list[Event], busy: bool = False) -> Compared:
    return compare(store.uri, "iris", "sweep-1", lambda: events, busy)


def runs(store: Store) -> dict[str, Any]:
    """By trial number; the parent under the empty name."""
    client = MlflowClient(store.uri)
    found = client.search_runs([client.get_experiment_by_name("iris").experiment_id])
    return {run.data.tags.get(TRIAL, ""): run for run in found}


def again(store: Store, number: str, **params: str) -> str:
    """Another run of a trial."""
    client, old = MlflowClient(store.uri), runs(store)["0"]
    tags = {TRIAL: number, PARENT: old.data.tags[PARENT]}
    made = client.create_run(old.info.experiment_id, tags=tags)
    for key, value in params.items():
        client.log_param(made.info.run_id, key, value)
    return str(made.info.run_id)


def test_what_the_mirror_wrote_is_as_it_should_be(store: Store) -> None:
    mirrored(store, whole_sweep())
    assert held(store, whole_sweep()) == Compared(trials=5)


@pytest.mark.parametrize("length", [2, 6, 9, 11, 14, 16, 18, 20, 22])
def test_every_stage_of_a_sweep_compares_well(store: Store, length: int) -> None:
    events = whole_sweep()[:length]
    again = mirror(store)
    again.apply(numbered(events))
    assert held(store, events, busy=True).wrong == ()
    again.abandon("its controller died")
    assert held(store, events).wrong == ()


def test_everything_that_differs_is_named_at_once(store: Store) -> None:
    mirrored(store, whole_sweep())
    client, there = MlflowClient(store.uri), runs(store)
    ids = {number: run.info.run_id for number, run in there.items()}
    client.update_run(ids[""], status="RUNNING")
    client.set_tag(ids[""], "sweeper.best_trial", "77")
    client.update_run(ids["1"], status="RUNNING")
    client.set_tag(ids["1"], "sweeper.state", "pruned")
    client.log_metric(ids["0"], "accuracy.mean", 0.01, step=99)
    client.delete_run(ids["2"])
    double, stranger = again(store, "3"), again(store, "9")
    client.delete_run(ids["4"])
    other = again(store, "4", **{"svc.C": "99"})
    found = held(store, whole_sweep())
    assert set(found.wrong) >= {
        "the sweep's run is RUNNING, expected FINISHED",
        "the sweep's run has sweeper.best_trial '77', expected '3'",
        "trial 1 is RUNNING, expected FINISHED",
        "trial 1 has sweeper.state pruned, expected complete",
        "trial 0 has accuracy.mean 0.01, expected 0.8500000000000001",
        "trial 2 has no run",
        "trial 3 has 2 runs",
        "a run is there for trial 9, which the journal does not have",
        "trial 4 has svc.C 99, expected 4.5",
    }
    assert set(found.surplus) >= {stranger, other, ids["0"]}
    assert len({double, ids["3"]} & set(found.surplus)) == 1


@pytest.mark.parametrize(
    "spoil",
    [
        lambda store: again(store, "3"),
        lambda store: MlflowClient(store.uri).delete_run(runs(store)["2"].info.run_id),
        lambda store: MlflowClient(store.uri).delete_run(runs(store)[""].info.run_id),
    ],
)
def test_removing_the_surplus_and_writing_again_mends_it(
    store: Store, spoil: Callable[[Store], object]
) -> None:
    mirrored(store, whole_sweep())
    spoil(store)
    found = held(store, whole_sweep())
    assert found.wrong
    remove(store.uri, found.surplus)
    anew = mirror(store)
    anew.cursor = 0
    anew.apply(numbered(whole_sweep()))
    assert held(store, whole_sweep()) == Compared(trials=5)


def test_a_lag_is_an_error_only_when_nobody_writes(store: Store) -> None:
    mirrored(store, whole_sweep()[:6])
    lagging = held(store, whole_sweep(), busy=True)
    assert lagging.wrong == ()
    assert lagging.behind == len(whole_sweep()) - 6
    assert "trial 3 has no run" in held(store, whole_sweep()).wrong


def test_what_is_settled_is_compared_while_somebody_writes(store: Store) -> None:
    mirrored(store, whole_sweep()[:9])
    MlflowClient(store.uri).delete_run(runs(store)["0"].info.run_id)
    assert held(store, whole_sweep(), busy=True).wrong == ("trial 0 has no run",)


def test_a_sweep_without_a_word_of_its_end_leaves_nothing_running(store: Store) -> None:
    events = [CREATED, launched(0, 1e6), sampled(1, 0), fold(2, 0, 0, 0.8)]
    mirrored(store, events)
    assert "trial 0 is RUNNING, expected KILLED" in held(store, events).wrong


def test_a_journal_that_lost_its_end_contradicts_what_was_written(store: Store) -> None:
    mirrored(store, whole_sweep())
    found = held(store, whole_sweep()[:9])
    assert "a run is there for trial 4, which the journal does not have" in found.wrong
    assert found.behind == 0


def test_a_sweep_that_was_never_written_has_no_run(store: Store) -> None:
    assert held(store, whole_sweep()).wrong == ("the sweep has no run",)
    assert held(store, whole_sweep(), busy=True).wrong == ()


def test_odd_names_and_long_values_compare_as_they_were_written(store: Store) -> None:
    odd = sampled(1, 0, **{"long": "x" * 9000, "list": [1, None], "odd@name": True})
    scored = fold(2, 0, 0, 0.8, **{"loss": float("inf"), "top@5": 0.5, "../up": 1.0})
    events = [CREATED, odd, scored, e.TrialCompleted(3, 0, 0.8, "done"), e.SweepFinished(4, "done")]
    mirrored(store, events)
    assert held(store, events).wrong == ()


def test_a_second_parent_is_surplus(store: Store) -> None:
    mirrored(store, [CREATED, *trial(1, 0, 0.5, 0.5), e.SweepFinished(3, "1 trial")])
    client, old = MlflowClient(store.uri), runs(store)[""]
    tags = {key: old.data.tags[key] for key in ("sweeper.sweep_id", CURSOR)}
    second = client.create_run(old.info.experiment_id, tags=tags)
    found = held(store, [CREATED, *trial(1, 0, 0.5, 0.5), e.SweepFinished(3, "1 trial")])
    assert found.wrong == (f"the sweep has a second run, {second.info.run_id}",)
    assert found.surplus == (second.info.run_id,)
