"""What the Gaussian process is shown, and what it does with branches and points it knows."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import pytest

pytest.importorskip("torch")

from optuna.trial import TrialState

from sweeper import sampling
from sweeper.core.records import HistoryEntry
from sweeper.core.space import Condition, Dimension, Range, Space, Values
from sweeper.core.specs import Goal
from sweeper.sampling.gp import STARTUP, GaussianProcessSampler, bent
from sweeper.sampling.mirror import frozen_trial

BRANCHES = Space(
    (
        Dimension("model", Values(("flat", "bowl"))),
        Dimension("x", Range(0.0, 1.0), (Condition("model", "bowl"),)),
        Dimension("kind", Values(("a", "b")), (Condition("model", "bowl"),)),
        Dimension("y", Range(0.0, 1.0)),
    )
)


def loss(params):
    """Best: bowl, a, x = 0.7, y = 0.2."""
    if params["model"] == "flat":
        return 1.0 + params["y"]
    return (params["x"] - 0.7) ** 2 + (params["kind"] == "b") + (params["y"] - 0.2) ** 2


def searched(space, trials, objective, seed=7):
    sampler = sampling.make("gp", space, seed, (Goal.MINIMIZE,))
    history = []
    for number in range(trials):
        params = sampler.suggest(number, history).params
        history.append(HistoryEntry(number, params, objective(params)))
    return history


def trials(values, running=0):
    complete = [frozen_trial(n, TrialState.COMPLETE, [v]) for n, v in enumerate(values)]
    return [*complete, *(frozen_trial(99, TrialState.RUNNING) for _ in range(running))]


def test_each_branch_is_searched_by_what_was_learnt_in_it():
    history = searched(BRANCHES, 40, loss)
    assert all(BRANCHES.contains(e.params) for e in history)
    late = history[-10:]
    assert sum(e.params["model"] == "bowl" and e.params["kind"] == "a" for e in late) >= 7
    assert min(e.value for e in history) < 1e-3


BEFORE_ITS_FIRST_ASK = """
import sys, threading
from sweeper import sampling
from sweeper.core.records import HistoryEntry
from sweeper.core.space import Dimension, Range, Space
from sweeper.core.specs import Goal
from sweeper.sampling.gp import SOON

sampler = sampling.make("gp", Space((Dimension("x", Range(0.0, 1.0)),)), 0, (Goal.MINIMIZE,))
history = [HistoryEntry(n, {"x": n / 10}, n / 10) for n in range(SOON)]
sampler.suggest(SOON - 1, history[:-1])
assert "torch" not in sys.modules
sampler.suggest(SOON, history)
for thread in threading.enumerate():
    if thread is not threading.main_thread():
        thread.join()
assert "torch" in sys.modules
"""


def test_what_asks_need_is_imported_while_the_first_trials_run():
    subprocess.run([sys.executable, "-c", BEFORE_ITS_FIRST_ASK], check=True)


PRELOADED = """
import sys
from pathlib import Path
from sweeper.sampling.gp import preload

preload()
assert "torch" not in sys.modules
loaded = "libtorch_cpu" in Path("/proc/self/maps").read_text()
import torch
assert torch.ones(2).sum() == 2
assert loaded == (not torch.version.cuda and not torch.version.hip)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="as Linux names a process's libraries")
def test_torchs_library_is_there_before_python_holds_all_threads_for_it():
    subprocess.run([sys.executable, "-c", PRELOADED], check=True)


def test_no_point_is_tried_twice_while_others_are_left():
    space = Space(tuple(Dimension(n, Range(1, 4, integer=True)) for n in "ab"))
    history = searched(space, 14, lambda p: p["a"] + p["b"])
    assert len({tuple(e.params.values()) for e in history[STARTUP:]}) == 4
    before = {tuple(e.params.values()) for e in history[:STARTUP]}
    assert not before & {tuple(e.params.values()) for e in history[STARTUP:]}


def test_a_space_that_is_used_up_gives_points_all_the_same():
    space = Space((Dimension("a", Range(1, 3, integer=True)),))
    history = searched(space, 16, lambda p: p["a"])
    assert Counter(e.params["a"] for e in history).keys() == {1, 2, 3}


@pytest.mark.parametrize("goal", list(Goal))
def test_terrible_trials_do_not_make_the_others_alike(goal):
    given = [-goal.sign * v for v in (*range(12), 1e6, 1e7)]
    seen = bent(goal, trials(given, running=1))
    shown = [-goal.sign * t.value for t in seen if t.state is TrialState.COMPLETE]
    assert shown == sorted(shown)
    assert shown[11] - shown[0] > (shown[-1] - shown[0]) / 4


def test_the_best_trial_stays_the_best_however_far_it_is():
    values = [1e7, *range(12)]
    shown = [t.value for t in bent(Goal.MAXIMIZE, trials(values))]
    assert max(shown) == shown[0]
    assert len(set(shown)) == 13


def test_trials_that_are_shown_bent_stay_as_they_are():
    given = trials([float(n * n) for n in range(12)])
    assert [t.value for t in bent(Goal.MINIMIZE, given)] != [n * n for n in range(12)]
    assert [t.value for t in given] == [n * n for n in range(12)]


@pytest.mark.parametrize("values", [[3.0] * 12, [1.0] * 11 + [-1e300], [1.0, 2.0]])
def test_values_that_cannot_be_bent_are_shown_as_they_are(values):
    assert [t.value for t in bent(Goal.MINIMIZE, trials(values))] == values


def test_the_first_points_are_spread_and_a_running_one_is_kept_away_from():
    space = Space((Dimension("x", Range(0.0, 1.0)), Dimension("y", Range(0.0, 1.0))))
    history = searched(space, 14, lambda p: (p["x"] - 0.5) ** 2 + (p["y"] - 0.5) ** 2)
    sampler = GaussianProcessSampler(space, 7, (Goal.MINIMIZE,))
    one = sampler.suggest(14, history).params
    beside = [*history, HistoryEntry(14, one, None, running=True)]
    assert sampler.suggest(15, beside).params != one
