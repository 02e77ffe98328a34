"""Folds that hang, ignore SIGTERM, and leave children in sessions of their own."""

from __future__ import annotations

import functools
from pathlib import Path

from chaos.checking import doctor, repeats, sound
from chaos.processes import marked, wait_for
from chaos.result import Result
from chaos.sweeps import Sweep, ended, said, start
from chaos.tally import Tally
from sweeper.core.events import FoldFailed, FoldsDispatched
from sweeper.core.evolve import replay
from sweeper.core.records import FailureKind, RunKey, TrialState
from sweeper.journal.file import read

TIMEOUT, AFTER = 20.0, 5.0
CONFIG = """
data: {source: "sklearn:iris", target: target, holdout: none}
cv: {splitter: ShuffleSplit, n_splits: 1}
metric: accuracy
train: acts:hangs
parameters:
  round: {values: [ROUNDS]}
  how: {values: [well, hangs]}
search: {sampler: grid, pruner: none, concurrency: 2}
retries: {timeout: 0}
timeout: 20s
register: none
refit: false
tracking: none
"""


def run(count: int, seed: int, folder: Path) -> Result:
    """`count` folds that hang."""
    del seed
    tally = Tally()
    text = CONFIG.replace("ROUNDS", ", ".join(str(number) for number in range(count)))
    sweep = Sweep(folder, "hanging").configure(text)
    most = 0
    with ended(start(sweep, CHAOS_MARK=str(folder))) as process:
        while process.poll() is None:
            sleepers = [words for words in marked(str(folder)).values() if "sleep 3607" in words]
            most = max(most, len(sleepers))
    assert process.returncode == 0, said(sweep)[-2000:]
    assert most, "no child was ever seen: the injection did nothing"
    state = sound(sweep)
    for trial in state.trials.values():
        expected = TrialState.COMPLETE if trial.params["how"] == "well" else TrialState.FAILED
        assert trial.state is expected, f"{trial.params} is {trial.state}"
    lasted = _lasted(sweep, folder)
    for seconds, _ in lasted:
        tally.inject(f"killed after {seconds:.1f} s", functools.partial(_in_time, seconds))
    assert tally.injections == count, f"{tally.injections} timeouts, expected {count}"
    longest = wait_for(lambda: not marked(str(folder)), 10, "no orphan is left")
    doctor(sweep)
    assert repeats(sweep) == 0
    return tally.result(
        "hang",
        f"timeout {TIMEOUT:g} s; seconds from the fold's beginning to the news of its end, "
        f"{', '.join(f'{s:.1f}' for s, _ in lasted)}; from being sent to a worker that may have "
        f"to start first, {', '.join(f'{s:.1f}' for _, s in lasted)}",
        f"up to {most} children in sessions of their own at a time; none {longest:.1f} s after the end",
    )


def _lasted(sweep: Sweep, folder: Path) -> list[tuple[float, float]]:
    """Of each run that timed out, seconds to the news of its end: from its own beginning, as it
    wrote it down, and from being sent."""
    events = list(read(sweep.journal))
    state = replay(events)
    wall, since = state.anchor
    sent: dict[RunKey, float] = {}
    found = []
    for event in events:
        if isinstance(event, FoldsDispatched):
            sent |= dict.fromkeys(event.runs, event.t)
        if isinstance(event, FoldFailed):
            assert event.outcome.kind is FailureKind.TIMEOUT, event
            number = state.trials[event.run.trial].params["round"]
            began = float((folder / f"began-{number}").read_text())
            found.append((wall + event.t - since - began, event.t - sent[event.run]))
    return found


def _in_time(seconds: float) -> tuple[int, int]:
    assert seconds < TIMEOUT + AFTER, f"killed only after {seconds:.1f} s"
    return 0, 0
