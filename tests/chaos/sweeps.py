"""The sweeps that are tortured, and the ways to launch them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sweeper

HERE = Path(__file__).resolve().parent
PATIENCE = 900
"""Seconds after which a launch that goes on is taken to hang; each death costs a worker's start."""

PATHS = os.pathsep.join([str(Path(sweeper.__file__).resolve().parents[1]), str(HERE.parent)])

CONFIGS = {
    "trained": """
seed: 5
data: {source: "sklearn:iris", target: target, holdout: 0.2}
cv: 3
metric: accuracy
train: acts:train
parameters: {x: {min: 0.0, max: 1.0}}
search: {sampler: random, pruner: racing, concurrency: 1}
budget: {trials: 8}
retries: {error: 1}
register: {model: flowers, when: always}
tracking: none
""",
    "fitted": """
seed: 5
data: {source: "sklearn:iris", target: target, holdout: 0.2}
cv: 3
metric: accuracy
model:
  estimator: sklearn.tree.DecisionTreeClassifier
  parameters: {max_depth: {min: 1, max: 8}, min_samples_leaf: {min: 1, max: 20}}
search: {sampler: tpe, pruner: none, concurrency: 1}
budget: {trials: 3}
register: {model: trees, when: always}
tracking: none
""",
}
"""Small, quick and the same each time: retries, pruning, revival, refit, holdout, registration."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """A sweep's place. `folder` has its config and user code, and `sweeps/`."""

    folder: Path
    name: str

    @property
    def root(self) -> Path:
        return self.folder / "sweeps"

    @property
    def directory(self) -> Path:
        return self.root / self.name

    @property
    def journal(self) -> Path:
        return self.directory / "journal.jsonl"

    @property
    def config(self) -> Path:
        return self.folder / f"{self.name}.yaml"

    def configure(self, text: str, module: Path = HERE / "acts.py") -> Sweep:
        """Write the config, and the user code beside it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.config.write_text(f"name: {self.name}\n{CONFIGS.get(text, text)}")
        shutil.copyfile(module, self.folder / module.name)
        return self

    def with_tables(self, tables: Path) -> Sweep:
        """Copy an MLflow database in: making a new one takes a second and more."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copyfile(tables, self.root / "mlflow.db")
        return self


def launch_here(sweep: Sweep, text: str = "", *options: str) -> int:
    """The command `sweeper launch --inline`, in this process; its exit code."""
    from sweeper.cli.main import main

    if text:
        sweep.configure(text)
    return main(["launch", str(sweep.config), "--dir", str(sweep.root), "--inline", *options])


def empty_tables(folder: Path) -> Path:
    """An MLflow database with nothing in it, for `Sweep.with_tables`."""
    from chaos.forked import forked
    from sweeper.mlflow_store import connect

    path = folder / "empty.db"
    ended = forked(lambda: int(connect(f"sqlite:///{path}") is None))
    assert ended.code == 0, ended.said
    return path


def boundaries(sweep: Sweep) -> list[str]:
    """Launch it to its end, and list what it did to the disk."""

    from chaos.faults import Layer, lay_on_disk
    from chaos.forked import forked

    def counted() -> int:
        layer = Layer()
        lay_on_disk(layer, sweep.root)
        code = launch_here(sweep)
        print("\n".join(["BOUNDARIES", *layer.seen]))
        return code

    ended = forked(counted)
    assert ended.code == 0, ended.said
    return ended.said.split("BOUNDARIES\n")[1].splitlines()


def command(*arguments: str) -> list[str]:
    """`sweeper …` as a command line."""
    return [sys.executable, "-m", "sweeper", *arguments]


def environment(**more: str) -> dict[str, str]:
    """For a `sweeper` in a process of its own."""
    return {**os.environ, "PYTHONPATH": PATHS, **more}


def start(
    sweep: Sweep, *options: str, through: tuple[str, ...] = (), **env: str
) -> subprocess.Popen[bytes]:
    """`sweeper launch` in a process of its own, as a user would; what it says goes to a file.

    `through`: a fault of `chaos.struck` in that process, with its values.
    """
    words = ["launch", sweep.config.name, *options]
    line = (
        [sys.executable, "-m", "chaos.struck", *through, "--", *words]
        if through
        else command(*words)
    )
    with (sweep.folder / f"{sweep.name}.log").open("ab") as log:
        return subprocess.Popen(
            line,
            cwd=sweep.folder,
            env=environment(**env),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )


def said(sweep: Sweep) -> str:
    """What `start`ed launches of this sweep have printed."""
    return (sweep.folder / f"{sweep.name}.log").read_text(errors="replace")


def finish(sweep: Sweep, *options: str, through: tuple[str, ...] = (), code: int = 0) -> float:
    """Launch and wait for its end, which must be `code`; the seconds it took."""
    began = time.monotonic()
    with ended(start(sweep, *options, through=through)) as process:
        found = process.wait(PATIENCE)
    assert found == code, f"exit code {found}, expected {code}:\n{said(sweep)[-3000:]}"
    return time.monotonic() - began


@contextmanager
def ended(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """Leaves no process behind, whatever happens in the block."""
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
