"""Changing sweeps from outside, with a controller at work and without one."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager

import pytest

from sweeper import api, app
from sweeper.app import control
from sweeper.core import stimuli
from sweeper.core.events import DataChanged, HistoryTaken, RequestTaken, SettingsChanged
from sweeper.core.records import SweepState, TrialState
from sweeper.journal.file import read
from sweeper.ports import ConfigError

TRAIN = """
import time
def train(trial):
    time.sleep(0.01)
    return {"score": -((trial.params["x"] - 0.3) ** 2)}
"""

CONFIG = """
name: hand
seed: 3
train: hand_train:train
parameters: {x: {min: 0.0, max: 1.0}, kind: {values: [a, b, c]}}
metric: {name: score, goal: maximize}
search: {sampler: tpe, pruner: none, concurrency: 1}
budget: {trials: 4}
register: none
refit: false
tracking: none
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "hand_train.py").write_text(TRAIN)
    (tmp_path / "hand.yaml").write_text(CONFIG)
    return tmp_path


def launch(folder, *overrides, **options):
    options.setdefault("notice", lambda text: None)
    return app.launch(
        folder / "hand.yaml",
        overrides=overrides,
        root=folder / "sweeps",
        inline=True,
        **options,
    )


def sweep(folder, name="hand"):
    return api.open(name, folder / "sweeps")


def events(folder, kind, name="hand"):
    journal = read(folder / "sweeps" / name / "journal.jsonl")
    return [event for event in journal if isinstance(event, kind)]


@contextmanager
def at_work(folder, *overrides):
    """A controller in a thread of its own, from its first trial on; stopped at the end."""
    began, stop, ended = threading.Event(), app.StopSignal(), []

    def observe(state):
        if state.trials:
            began.set()

    def run():
        ended.append(launch(folder, *overrides, observer=observe, stop=stop))

    thread = threading.Thread(target=run)
    thread.start()
    assert began.wait(60)
    try:
        yield
    finally:
        stop.ask("the test is over") if thread.is_alive() else None
        thread.join(60)
        assert ended


def test_a_finished_sweep_with_a_larger_budget_goes_on_with_its_history(folder):
    launch(folder)
    answer = sweep(folder).edit("budget.trials=7")
    assert (answer.what, answer.live) == ("edit budget.trials 4 → 7", False)
    outcome = app.resume(folder / "sweeps" / "hand", inline=True)
    assert len(outcome.state.trials) == 7
    assert outcome.state.status is SweepState.FINISHED


def test_an_edit_is_kept_with_author_and_old_value(folder):
    launch(folder)
    sweep(folder).edit("retries.error=3", "search.pruner=median")
    (changed,) = events(folder, SettingsChanged)
    assert ("retries.error", 1, 3) in changed.changes
    assert ("search.pruner.name", "none", "median") in changed.changes
    assert changed.author == control.author()
    assert sweep(folder).record.taken[-1].author == control.author()


def test_an_edit_wins_over_an_unchanged_file_and_a_changed_file_over_the_edit(folder):
    launch(folder)
    sweep(folder).edit("budget.trials=6", "retries.error=2")
    launch(folder)
    assert len(sweep(folder).trials) == 6
    (folder / "hand.yaml").write_text(CONFIG.replace("trials: 4", "trials: 9"))
    launch(folder)
    state = sweep(folder).record
    assert (len(state.trials), state.spec.retries.error) == (9, 2)
    assert state.sets == ("retries.error=2",)


def test_an_edit_back_to_what_the_file_says_counts(folder):
    launch(folder)
    sweep(folder).edit("retries.error=2")
    sweep(folder).edit("retries.error=1")
    assert sweep(folder).record.spec.retries.error == 1


def test_a_narrower_range_and_a_dropped_choice_hold_from_then_on(folder):
    launch(folder)
    sweep(folder).edit("parameters.x.max=0.4", "parameters.kind.values=[a, b]", "budget.trials=12")
    app.resume(folder / "sweeps" / "hand", inline=True)
    later = sweep(folder).trials[4:]
    assert len(later) == 8
    assert all(t.params["x"] <= 0.4 and t.params["kind"] in "ab" for t in later)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("seed=4", "seed: 3 → 4"),
        ("resources.cpus=2", "next launch"),
        ("budget.trails=4", "did you mean `trials`"),
        ("budget.trials=none", "budget.trials"),
        ("-search.pruna", "no such key"),
    ],
)
def test_what_cannot_be_edited_is_told_and_nothing_is_written(folder, text, said):
    launch(folder)
    before = (folder / "sweeps/hand/journal.jsonl").read_bytes()
    with pytest.raises(ConfigError, match=said):
        sweep(folder).edit(text)
    assert (folder / "sweeps/hand/journal.jsonl").read_bytes() == before


def test_trials_by_hand_run_first_and_are_checked(folder):
    launch(folder)
    with pytest.raises(ConfigError, match="x is missing") as wrong:
        sweep(folder).enqueue({"kind": "z", "y": 3})
    assert "y is no parameter here" in str(wrong.value)
    assert "one of 'a', 'b', 'c'" in str(wrong.value)
    sweep(folder).enqueue({"x": 0.3, "kind": "a"})
    app.resume(folder / "sweeps" / "hand", inline=True)
    state = sweep(folder).record
    assert len(state.trials) == 5
    assert state.trials[4].origin == "enqueued"
    assert state.best is state.trials[4]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("more.csv", "x,kind\n0.1,a\n2e-1,b\n"),
        ("more.json", '[{"x": 0.1, "kind": "a"}, {"x": 0.2, "kind": "b"}]'),
        ("more.yaml", "- {x: 0.1, kind: a}\n- {x: 2e-1, kind: b}\n"),
    ],
)
def test_trials_by_hand_come_from_a_file_too(folder, name, text):
    launch(folder)
    (folder / name).write_text(text)
    sweep(folder).enqueue_file(folder / name)
    queue = sweep(folder).record.queue
    assert queue == ({"x": 0.1, "kind": "a"}, {"x": 0.2, "kind": "b"})


def test_a_controller_at_work_takes_requests(folder):
    with at_work(folder, "budget.trials=100000"):
        assert sweep(folder).pause().live
        assert sweep(folder).state is SweepState.PAUSED
        with pytest.raises(app.Refused, match="is paused"):
            sweep(folder).pause()
        assert sweep(folder).resume().live
        assert sweep(folder).edit("budget.time=1h").live
        assert sweep(folder).enqueue({"x": 0.5, "kind": "a"}).live
        with pytest.raises(app.Refused, match="there is no trial"):
            sweep(folder).cancel(99_999)
        assert sweep(folder).stop().live
    assert sweep(folder).state is SweepState.INTERRUPTED
    taken = [event.what for event in events(folder, RequestTaken)]
    told = ["pause", "pause", "resume", "edit budget.time none → 3600.0", "enqueue 1"]
    assert taken == [*told, "cancel 99999", "stop"]
    assert not list((folder / "sweeps/hand/inbox").iterdir())


def test_without_a_controller_there_is_nothing_to_stop_or_pause(folder):
    launch(folder)
    for ask in (sweep(folder).stop, sweep(folder).pause, sweep(folder).resume):
        with pytest.raises(app.Refused, match="no controller is at work"):
            ask()


def test_a_request_left_by_a_command_that_died_is_taken_by_the_next_launch(folder):
    launch(folder)
    inbox = control.Inbox(control.Directory(folder / "sweeps/hand"), print)
    wish = stimuli.Enqueue(({"x": 0.5, "kind": "a"},))
    inbox.put(stimuli.Requested(0.0, "left", "ana", wish))
    inbox.put(stimuli.Requested(0.0, "stale", "ana", stimuli.Stop()))
    outcome = launch(folder)
    assert len(outcome.state.trials) == 5
    assert outcome.state.requests == {"left"}


def test_a_request_that_cannot_be_read_is_put_aside(folder):
    launch(folder)
    place = folder / "sweeps/hand/inbox"
    place.mkdir()
    (place / "0.json").write_text(json.dumps({"id": "0", "wish": {"is": "Explode"}}))
    told: list[str] = []
    launch(folder, "budget.trials=5", notice=told.append)
    assert [path.name for path in place.iterdir()] == ["0.unreadable"]
    assert any("could not be read" in text for text in told)


def test_a_cancelled_trial_is_over(folder):
    text = TRAIN.replace("time.sleep(0.01)", "time.sleep(0.01)\n    trial.report(0, score=0)")
    (folder / "hand_train.py").write_text(text)
    with at_work(folder, "budget.trials=100000"):
        pass
    running = sweep(folder).record.running
    if not running:
        pytest.skip("the sweep was stopped between two trials")
    sweep(folder).cancel(min(running))
    assert sweep(folder).trials[min(running)].state is TrialState.FAILED


def test_a_warm_start_gives_the_sampler_the_trials_of_another_sweep(folder):
    launch(folder, "budget.trials=20")
    outcome = launch(folder, "budget.trials=5", name="second", warm_start=["hand"])
    (taken,) = events(folder, HistoryTaken, "second")
    assert len(taken.entries) == 20
    assert outcome.state.best is not None
    assert len(outcome.state.trials) == 5
    launch(folder, "budget.trials=6", name="second", warm_start=["hand"])  # taken once
    assert len(events(folder, HistoryTaken, "second")) == 1
    cold = launch(folder, "budget.trials=5", name="third")
    assert [t.params for t in cold.state.trials.values()] != [
        t.params for t in list(outcome.state.trials.values())[:5]
    ]


def test_a_warm_start_from_what_cannot_teach_is_refused(folder):
    launch(folder)
    with pytest.raises(ConfigError, match="there is no such sweep"):
        launch(folder, name="second", warm_start=["nobody"])
    with pytest.raises(ConfigError, match="none of its 4 trials"):
        launch(folder, "parameters.x={min: 5.0, max: 6.0}", name="third", warm_start=["hand"])


DATA = """
import numpy as np, pathlib
def rows():
    shift = float(pathlib.Path(__file__).with_name("shift.txt").read_text())
    X = np.random.default_rng(0).normal(size=(60, 3)) + shift
    return X, (X[:, 0] > shift).astype(int)
"""


def test_other_data_is_refused_unless_it_is_allowed_and_then_on_record(folder):
    (folder / "rows.py").write_text(DATA)
    (folder / "shift.txt").write_text("0")
    text = CONFIG.replace(
        "train: hand_train:train", "data: {source: 'rows:rows', holdout: none}\ncv: 3"
    )
    tree = "{estimator: sklearn.tree.DecisionTreeClassifier, parameters: {max_depth: {min: 1, max: 9}}}"
    lines = [line for line in text.splitlines() if not line.startswith(("parameters", "metric"))]
    (folder / "hand.yaml").write_text("\n".join([*lines, f"model: {tree}", "metric: accuracy"]))
    launch(folder)
    (folder / "shift.txt").write_text("1")
    with pytest.raises(ConfigError, match="--allow-data-change"):
        launch(folder, "budget.trials=6")
    told: list[str] = []
    launch(folder, "budget.trials=6", allow_data_change=True, notice=told.append)
    (changed,) = events(folder, DataChanged)
    assert changed.author == control.author()
    assert any("the data changed" in text for text in told)
    assert len(sweep(folder).trials) == 6


def test_changed_code_is_told_and_on_record(folder):
    launch(folder)
    (folder / "hand_train.py").write_text(TRAIN + "\n# other\n")
    told: list[str] = []
    outcome = launch(folder, "budget.trials=5", notice=told.append)
    assert any(
        text.startswith("changed since the last launch: code.hand_train.py") for text in told
    )
    assert "hand_train.py" in outcome.state.environment["code"]
