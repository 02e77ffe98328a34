"""The JSON of `status` and `show`, for sweeps in every state."""

from __future__ import annotations

import json
from dataclasses import replace
from unittest.mock import ANY

import pytest

from sweeper import view
from sweeper.cli.costs import cost_sheet
from sweeper.core import events as e
from sweeper.core.records import Failure, FailureKind, SweepState
from sweeper.core.specs import Budget, Goal, Metric, Prices

WALL = 1_700_000_000.0


def test_status_has_the_documented_keys_and_counts(story) -> None:
    story.complete(0, 0.9, 0.92, 0.91, 0.9, 0.92).pruned(1, 0.7, 0.72).failed(2)
    story.sampled(3).sent(3, 0)
    status = view.status(story.state, held=True, wall=WALL + story.t)
    assert status == {
        "name": "income",
        "state": "running",
        "reason": "",
        "metric": {"name": "roc_auc", "goal": "maximize"},
        "objectives": [],
        "trials": {"total": 4, "complete": 1, "pruned": 1, "failed": 1, "running": 1},
        "folds": {"succeeded": 7, "failed": 1, "lost": 0, "cancelled": 0},
        "best": {
            "trial": 0,
            "value": pytest.approx(0.91),
            "values": {},
            "params": {"model": "boosting", "boosting.learning_rate": 0.0512},
        },
        "front": [],
        "elapsed_s": 7.0,
        "cost": ANY,
    }


PART = {
    "fold_runs", "queue_s", "wall_s", "cpu_s", "reserved_cpu_s", "reserved_gpu_s", "money",
}  # fmt: skip


def test_what_a_sweep_cost_has_the_documented_keys(story) -> None:
    story.complete(0, 0.9, 0.92).pruned(1, 0.7).failed(2)
    cost = view.status(story.state, held=False, wall=WALL)["cost"]
    assert set(cost) == {
        "total", "useful", "pruned", "failed", "repeated", "peak_memory_bytes", "currency",
        "budgets",
    }  # fmt: skip
    assert set(cost["total"]) == PART
    assert set(cost["useful"]) == set(cost["repeated"]) == PART | {"share"}
    assert (cost["useful"]["share"], cost["pruned"]["share"]) == (0.6667, 0.3333)
    assert (cost["peak_memory_bytes"], cost["total"]["money"]) == (None, None)
    trial = view.trial_view(story.state, story.state.trials[0])
    assert set(trial["cost"]) == PART
    assert set(trial["folds"][0]["cost"]) == PART - {"fold_runs"} | {"peak_memory_bytes"}
    assert trial["folds"][0]["cost"]["cpu_s"] is None  # nobody measured it


def test_budgets_are_told_with_what_is_spent_of_them(story) -> None:
    budget, prices = Budget(40, cpu_hours=2, money=8), Prices(0.5, currency="EUR")
    spec = replace(story.state.spec, budget=budget, prices=prices)
    story.tell(e.SettingsChanged(story.t, spec, (), "ana"))
    story.complete(0, 0.9)
    cost = view.show(story.state, [])["cost"]
    assert cost["currency"] == "EUR"
    assert cost["budgets"] == {
        "cpu_hours": {"limit": 2, "spent": 0.000278},
        "money": {"limit": 8, "spent": 0.000139},
    }
    lines = cost_sheet(cost, prices)
    assert lines[1:3] == [
        "  taken    1 s of CPUs, 0.00014 EUR",
        "  went to  100 % useful",
    ]
    assert lines[3].split() == ["budget", "0.00028", "of", "2", "cpu", "hours"]


def test_a_sweep_without_a_complete_trial_has_no_best(story) -> None:
    story.failed(0)
    assert view.status(story.state, held=True, wall=WALL)["best"] is None


def test_running_without_a_controller_is_interrupted(story) -> None:
    assert view.standing(story.state, held=True) is SweepState.RUNNING
    assert view.standing(story.state, held=False) is SweepState.INTERRUPTED


def test_a_finished_sweep_is_finished_whoever_holds_it(story) -> None:
    story.complete(0, 0.9).finished()
    assert view.standing(story.state, held=True) is SweepState.FINISHED
    assert view.standing(story.state, held=False) is SweepState.FINISHED


def test_time_goes_on_only_while_a_controller_runs(story) -> None:
    story.after(10).complete(0, 0.9)
    assert view.elapsed(story.state, True, WALL + 60) == 60
    assert view.elapsed(story.state, False, WALL + 60) == 11
    assert view.elapsed(story.state, True, WALL - 500) == 11  # the wall clock was set back


def test_show_has_every_attempt_with_the_documented_keys(story) -> None:
    story.sampled(0).broken(0, 0, "ValueError", "C is 0\nand more")
    story.scored(0, 0, 0.9, accuracy=0.8)
    story.sent(0, 1)
    (trial,) = view.show(story.state, list(story.state.trials.values()))["trials"]
    assert list(trial) == [
        "number", "state", "params", "value", "values", "front", "reason", "folds", "cost",
    ]  # fmt: skip
    broken, scored, running = trial["folds"]
    assert broken == {
        "fold": 0,
        "attempt": 1,
        "state": "failed",
        "scores": {},
        "seconds": 0.2,
        "node": "node-0",
        "gpus": [],
        "reason": "ValueError: C is 0; run again",
        "cost": ANY,
    }
    assert (scored["attempt"], scored["state"]) == (2, "succeeded")
    assert scored["scores"] == {"roc_auc": 0.9, "accuracy": 0.8}
    assert (running["state"], running["seconds"], running["node"]) == ("running", None, "node-0")


def test_a_pruned_trial_shows_its_prediction_and_why_and_revived_it_runs_again(story) -> None:
    story.pruned(0, 0.8, 0.7)
    pruned = view.trial_view(story.state, story.state.trials[0])
    assert (pruned["state"], pruned["value"]) == ("pruned", 0.7)
    assert "chance 0.012" in pruned["reason"]
    story.revived(0)
    revived = view.trial_view(story.state, story.state.trials[0])
    assert revived["state"] == "running"
    assert "chance 0.02" in revived["reason"]


def test_the_refit_and_the_holdout_are_shown_but_are_no_folds(story) -> None:
    story.complete(0, 0.9).finished()
    assert view.status(story.state, held=False, wall=WALL)["folds"]["succeeded"] == 1
    assert [
        fold["fold"] for fold in view.trial_view(story.state, story.state.trials[0])["folds"]
    ] == [0, -2]


def test_failures_are_grouped_by_cause_the_most_frequent_first(story) -> None:
    story.failed(0, "MemoryError", "no room").failed(1, "ValueError", "C is 0")
    story.failed(2, "ValueError", "C is 1")
    first, second = view.failures(story.state.trials.values())
    assert (first.count, first.trials, first.example.trial) == (2, (1, 2), 1)
    assert first.failure.error == "ValueError"
    assert (second.count, second.trials) == (1, (0,))


def test_failures_of_two_classes_are_never_one_cause(story) -> None:
    story.failed(0, "Killed", "gone").sampled(1)
    failure = Failure(FailureKind.OOM, "Killed", "gone", "Killed@fit")
    story.tell(e.FoldFailed(story.t, story.sent(1, 0), failure, True, "retry 1 of 1 for oom"))
    groups = view.failures(story.state.trials.values())
    assert [group.failure.kind.value for group in groups] == ["error", "oom"]


def test_show_gives_the_groups_of_failures(story) -> None:
    story.failed(0, "ValueError", "C is 0").failed(1, "ValueError", "C is 1")
    (group,) = view.show(story.state, list(story.state.trials.values()))["failures"]
    assert group == {
        "fingerprint": "ValueError@fit",
        "kind": "error",
        "count": 2,
        "trials": [0, 1],
        "error": "ValueError",
        "message": "C is 0",
        "example": {"trial": 0, "fold": 0, "attempt": 1},
    }


def test_losses_are_counted_apart_from_failures(story) -> None:
    story.sampled(0)
    for _ in range(2):
        story.tell(e.FoldLost(story.t, story.sent(0, 0), "its node died"))
    assert view.failures(story.state.trials.values()) == ()
    assert view.losses(story.state.trials.values()) == {"its node died": 2}


def test_time_left_is_the_sooner_of_the_budgets(tell, make_spec) -> None:
    story = tell(make_spec(budget=Budget(trials=40, time=600.0)))
    assert view.remaining(story.state, ended=0, spent=10) == 590
    assert view.remaining(story.state, ended=10, spent=10) == 30
    assert view.remaining(story.state, ended=10, spent=590) == 10
    unlimited = tell(make_spec(budget=Budget()))
    assert view.remaining(unlimited.state, ended=10, spent=10) is None


def test_numbers_that_json_cannot_hold_become_null() -> None:
    value = {"a": [float("nan"), (float("inf"), 1.5)], "b": "text", 3: True}
    clean = view.finite(value)
    assert clean == {"a": [None, [None, 1.5]], "b": "text", "3": True}
    json.dumps(clean, allow_nan=False)


def test_the_result_of_a_launch_holds_status_holdout_and_version(story) -> None:
    story.complete(0, 0.9).finished()
    result = view.result(story.state, directory="/s/income", exit_code=0, wall=WALL)
    assert result["state"] == "finished"
    assert result["holdout"]["metrics"]["roc_auc"]["value"] == 0.9271
    assert result["registered"] == {
        "name": "income",
        "version": 3,
        "digest": "a" * 64,
        "alias": "champion",
        "verdict": "the first version: there was no champion to beat",
    }


def test_the_smaller_value_is_best_when_the_goal_is_to_minimise(tell, make_spec) -> None:
    story = tell(make_spec(metric=Metric("rmse", Goal.MINIMIZE)))
    story.complete(0, 3.0).complete(1, 2.0).complete(2, 2.5)
    assert view.best_view(story.state)["trial"] == 1


def test_lost_and_cancelled_runs_are_counted_apart(story) -> None:
    story.sampled(0)
    lost, cancelled = story.sent(0, 0), story.sent(0, 1)
    story.tell(e.FoldLost(story.t, lost, "its node went away"))
    story.tell(e.FoldCancelled(story.t, cancelled, "the sweep is stopping"))
    folds = view.status(story.state, held=True, wall=WALL)["folds"]
    assert folds == {"succeeded": 0, "failed": 0, "lost": 1, "cancelled": 1}
    runs = view.trial_view(story.state, story.state.trials[0])["folds"]
    assert [run["reason"] for run in runs] == ["its node went away", "the sweep is stopping"]
