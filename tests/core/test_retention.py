from __future__ import annotations

import dataclasses

from sweeper.core import commands as c
from sweeper.core import stimuli
from sweeper.core.records import Checkpoint, RunKey, SweepState
from sweeper.core.specs import CheckpointSpec
from world import World, failure, spec


def world(**limits) -> World:
    sweep = dataclasses.replace(
        spec(trials=6, pruner="none", concurrency=1), checkpoints=CheckpointSpec(**limits)
    )
    return World(sweep, folds=2, slots=1, score=lambda trial, fold: trial / 10)


def under_way(world: World) -> RunKey:
    while not world.now().slots:
        world.answer()
    return next(iter(world.now().slots.values()))[0]


def write(world: World, step: int, size: int = 10) -> RunKey:
    """The run under way writes a checkpoint."""
    key = under_way(world)
    path = f"{key.trial}/{key.fold}/{step}"
    world.feed(stimuli.CheckpointMade(world.t, key, Checkpoint(step, path, "d" * 64, size)))
    return key


def kept(world: World) -> list[str]:
    trials = world.now().trials.values()
    return sorted(c.path for t in trials for own in t.checkpoints.values() for c in own)


def removed(world: World) -> list[str]:
    return [p for each in world.waiting if isinstance(each, c.Remove) for p in each.paths]


def next_run(world: World, key: RunKey) -> None:
    while any(key in queue for queue in world.now().slots.values()):
        index = next(i for i, w in enumerate(world.waiting) if not isinstance(w, c.Remove))
        world.answer(index)


def test_only_the_latest_of_each_fold_is_kept():
    sweep = world()
    write(sweep, 1)
    write(sweep, 2)
    assert (kept(sweep), removed(sweep)) == (["0/0/2"], ["0/0/1"])


def test_more_of_each_fold_are_kept_when_asked_for():
    sweep = world(per_trial=2)
    for step in (1, 2, 3):
        write(sweep, step)
    assert kept(sweep) == ["0/0/2", "0/0/3"]


def test_a_fold_that_failed_goes_on_from_its_latest_checkpoint():
    sweep = world()
    key = write(sweep, 4)
    sweep.feed(stimuli.RunEnded(sweep.t, key, failure()))
    assert kept(sweep) == ["0/0/4"]


def test_of_complete_trials_those_of_the_best_are_kept():
    sweep = world(keep=2)
    while not sweep.finished:
        if sweep.now().slots and next(iter(sweep.now().slots.values()))[0].fold >= 0:
            next_run(sweep, write(sweep, 7))
        else:
            sweep.answer()
    assert kept(sweep) == ["4/0/7", "4/1/7", "5/0/7", "5/1/7"]


def test_a_limit_in_bytes_takes_the_worst_first_and_never_what_runs():
    sweep = world(keep=None, max_bytes=55)
    for _ in range(5):
        key = write(sweep, 1)
        next_run(sweep, key)
        next_run(sweep, write(sweep, 1))
    write(sweep, 1, size=50)
    assert kept(sweep) == ["5/0/1"]


def test_late_news_of_a_checkpoint_is_nothing():
    sweep = world()
    key = write(sweep, 1)
    next_run(sweep, key)
    sweep.feed(stimuli.CheckpointMade(sweep.t, key, Checkpoint(9, "late", "d" * 64, 1)))
    assert "late" not in kept(sweep)


def test_a_storage_that_runs_full_pauses_the_sweep_and_says_what_to_do():
    sweep = world()
    key = under_way(sweep)
    big = Checkpoint(1, "big", "d" * 64, 300_000_000)
    sweep.feed(stimuli.CheckpointMade(sweep.t, key, big, room=800_000_000))
    assert sweep.now().status is SweepState.RUNNING
    sweep.feed(stimuli.CheckpointMade(sweep.t, key, big, room=799_000_000))
    state = sweep.now()
    assert state.status is SweepState.PAUSED
    assert "only 0.80 GB are left" in state.reason
    assert "0.3 GB" in state.reason
    sweep.answer()
    assert not sweep.now().slots
    sweep.wish(stimuli.Resume(), "a")
    assert sweep.now().status is SweepState.RUNNING
    assert sweep.now().reason == ""
    assert sweep.now().slots


def test_a_storage_that_does_not_tell_its_room_never_pauses_the_sweep():
    sweep = world()
    write(sweep, 1, size=10**12)
    assert sweep.now().status is SweepState.RUNNING
