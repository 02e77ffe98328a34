"""What changed between two launches of one sweep: data, code, packages, config."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

from chaos.checking import acknowledged, doctor, losses, repeats, sound
from chaos.forked import Ended, forked
from chaos.result import Result
from chaos.sweeps import Sweep, launch_here
from chaos.tally import Tally
from sweeper.core.events import DataChanged, SettingsChanged, SweepLaunched
from sweeper.journal.file import read

CONFIG = """
data: {source: table.csv, target: y, holdout: none}
cv: 3
metric: accuracy
train: acts:train
parameters: {x: {min: 0.5, max: 1.0}}
search: {sampler: random, pruner: none, concurrency: 1}
budget: {trials: 3}
refit: false
register: none
tracking: none
"""
TABLE = "a,b,y\n" + "".join(f"{i},{i % 7},{i % 2}\n" for i in range(60))


def run(count: int, seed: int, folder: Path) -> Result:
    """One of each."""
    del count, seed
    tally = Tally()
    for act in (_data_refused, _data_allowed, _code, _packages, _config):
        sweep = Sweep(folder / act.__name__, "changed").configure(CONFIG)
        (sweep.folder / "table.csv").write_text(TABLE)
        assert forked(functools.partial(launch_here, sweep)).code == 0
        tally.inject(act.__name__, functools.partial(_change, act, sweep))
    return tally.result(
        "changed", "data with and without --allow-data-change, code, packages, config"
    )


def _change(act: Callable[[Sweep], None], sweep: Sweep) -> tuple[int, int]:
    before = acknowledged(sweep)
    act(sweep)
    sound(sweep)
    doctor(sweep)
    return losses(before, sweep), repeats(sweep)


def _again(sweep: Sweep, *options: str) -> Ended:
    return forked(lambda: launch_here(sweep, "", "--set", "budget.trials=5", *options))


def _other_table(sweep: Sweep) -> None:
    (sweep.folder / "table.csv").write_text(TABLE.replace("5,5,1", "5,6,1"))


def _data_refused(sweep: Sweep) -> None:
    _other_table(sweep)
    journal = sweep.journal.read_bytes()
    ended = _again(sweep)
    assert ended.code == 2, f"exit code {ended.code}: {ended.said[-1500:]}"
    assert "--allow-data-change" in ended.said, ended.said[-1500:]
    assert sweep.journal.read_bytes() == journal, "something was written"


def _data_allowed(sweep: Sweep) -> None:
    _other_table(sweep)
    ended = _again(sweep, "--allow-data-change")
    assert ended.code == 0, f"exit code {ended.code}: {ended.said[-1500:]}"
    assert [e for e in read(sweep.journal) if isinstance(e, DataChanged)], "it is not recorded"


def _code(sweep: Sweep) -> None:
    module = sweep.folder / "acts.py"
    module.write_text(module.read_text() + "\nCHANGED = True\n")
    _recorded_and_shown(sweep, _again(sweep), "code")


def _packages(sweep: Sweep) -> None:
    def launch() -> int:
        from sweeper.registry import environment

        found = environment.packages
        environment.packages = lambda: {**found(), "scikit-learn": "0.0.1"}
        return launch_here(sweep, "", "--set", "budget.trials=5")

    _recorded_and_shown(sweep, forked(launch), "scikit-learn")


def _recorded_and_shown(sweep: Sweep, ended: Ended, named: str) -> None:
    assert ended.code == 0, f"exit code {ended.code}: {ended.said[-1500:]}"
    last = [e for e in read(sweep.journal) if isinstance(e, SweepLaunched)][-1]
    assert any(named in key for key, _, _ in last.changes), f"changes recorded: {last.changes}"
    assert named in ended.said, f"it is not shown: {ended.said[:1500]}"


def _config(sweep: Sweep) -> None:
    ended = _again(sweep)
    assert ended.code == 0, ended.said[-1500:]
    edits = [e for e in read(sweep.journal) if isinstance(e, SettingsChanged)]
    assert [e.changes for e in edits] == [(("budget.trials", 3, 5),)], edits
    assert "budget.trials: 3 → 5" in ended.said, ended.said[:1500]
