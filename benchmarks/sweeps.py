"""The sweeps that several scripts measure, and how one is run and read."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

EMPTY = """
name: empty
train: work:train
metric: {{name: score, goal: maximize}}
parameters:
  x: {{min: 0.0, max: 1.0}}
  y: {{min: 1.0e-4, max: 1.0, log: true}}
search: {{sampler: {sampler}, pruner: none}}
budget: {{trials: {trials}}}
refit: false
register: none
tracking: none
"""

FIVE_FOLDS = """
data: {source: "sklearn:iris", target: target, holdout: none}
cv: 5
"""

WORK = """
def train(trial):
    return {"score": trial.params["x"]}
"""


def empty(trials: int, sampler: str = "random") -> str:
    """Trials of one fold that does nothing, by WORK as work.py; five with FIVE_FOLDS behind it."""
    return EMPTY.format(trials=trials, sampler=sampler)


def swept(config: str, files: Mapping[str, str] | None = None, **options: Any) -> tuple[Any, list]:
    """A whole sweep in a folder of its own, with these `files` beside its config: the outcome,
    and the journal's events. `options`: of `sweeper.app.launch`."""
    from sweeper import app
    from sweeper.journal.file import read

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, text in {"sweep.yaml": config, **(files or {})}.items():
            (folder / file).write_text(text)
        outcome = app.launch(folder / "sweep.yaml", root=folder / "sweeps", **options)
        return outcome, list(read(outcome.directory / "journal.jsonl"))
