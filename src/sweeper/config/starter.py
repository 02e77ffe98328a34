"""The config that `sweeper init` writes: it launches as it is, and says what each key does."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from sweeper.config.scalars import Ambiguous, resolve
from sweeper.core.space import Value
from sweeper.ports import Column
from sweeper.secrets import mask

_PLAIN = re.compile(r"[A-Za-z0-9_./][\w./-]*")
_RARE = 0.1
"""Below this share of rows, average precision says more than ROC AUC."""


class Suggestion(Protocol):
    """A column that may be no feature; `role` is the key under `data` that would say so."""

    @property
    def column(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def reason(self) -> str: ...


class Description(Protocol):
    """Facts about a data file. `classes`: (label, rows) of a classification."""

    @property
    def file(self) -> str: ...
    @property
    def rows(self) -> int: ...
    @property
    def target(self) -> str: ...
    @property
    def task(self) -> str: ...
    @property
    def classes(self) -> tuple[tuple[Value, int], ...]: ...
    @property
    def columns(self) -> tuple[Column, ...]: ...
    @property
    def suggestions(self) -> Sequence[Suggestion]: ...
    @property
    def notes(self) -> tuple[str, ...]: ...


def starter(path: Path, description: Description) -> str:
    """The text of a config to be written to `path`, whose folder relative paths start at."""
    parts = (
        _heading(path, description),
        _data(path, description),
        _scoring(description),
        _model(description),
        RUNNING,
    )
    return "\n".join(parts)


def default_name(path: Path) -> str:
    """A sweep's name to suggest for a config file."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", path.stem).strip("_-")
    return name[:80] or "my_sweep"


def quoted(value: Value) -> str:
    """The value as YAML that reads back as itself."""
    if not isinstance(value, str):
        return json.dumps(value)
    try:
        plain = isinstance(resolve(value), str)
    except Ambiguous:
        plain = False
    return value if plain and _PLAIN.fullmatch(value) else json.dumps(value, ensure_ascii=False)


def _line(text: str, comment: str) -> str:
    """A line of the config with its comment, in the column of the others where it fits."""
    return f"{text:<25} # {_comment(comment)}"


def _comment(text: str) -> str:
    return " ".join(mask(text).split())


def _heading(path: Path, facts: Description) -> str:
    kinds = Counter(column.kind for column in facts.columns if column.name != facts.target)
    found = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    lines = [
        f"# {facts.rows} rows, {kinds.total()} columns beside the target: {found}.",
        *(f"# Note: {_comment(note)}" for note in facts.notes),
        f"# Start it with: sweeper launch {path.name}",
        "",
        _line(f"name: {default_name(path)}", "the sweep: its folder and MLflow experiment"),
        _line("seed: 7", "same seed, same folds and same suggestions"),
    ]
    return "\n".join(lines)


def _data(path: Path, facts: Description) -> str:
    lines = [
        "data:",
        _line(f"  source: {quoted(_source(path, facts.file))}", "from this file's folder"),
        _line(f"  target: {quoted(facts.target)}", "the column to predict"),
    ]
    if len(facts.classes) == 2:
        label = quoted(_positive(facts))
        lines.append(_line(f"  positive: {label}", "the class that precision and recall are of"))
    dropped = [quoted(s.column) for s in facts.suggestions if s.role == "drop"]
    if dropped:
        text = f"  drop: [{', '.join(dropped)}]"
        lines.append(_line(text, "no features: they name the row, or never change"))
    lines += [_suggested(s) for s in facts.suggestions if s.role != "drop"]
    lines.append(_line("  holdout: 0.2", "rows the search never sees; the model is tested on them"))
    return "\n".join(lines)


def _suggested(found: Suggestion) -> str:
    """A role that a column may have, for the user to switch on."""
    value = quoted(found.column)
    if found.role == "holdout":
        value = f"{{column: {value}, value: test}}"
    return _line(f"  # {found.role}: {value}", found.reason)


def _source(path: Path, file: str) -> str:
    if ":" in file and not Path(file).exists():
        return file
    return Path(os.path.relpath(Path(file).absolute(), path.absolute().parent)).as_posix()


def _positive(facts: Description) -> Value:
    """Of two classes the second when they are 0 and 1 or the like, else the rarer."""
    labels = tuple(label for label, _ in facts.classes)
    if labels in ((0, 1), (-1, 1), (False, True)):
        return labels[1]
    return min(facts.classes, key=lambda entry: entry[1])[0]


def _scoring(facts: Description) -> str:
    metric, others = _metrics(facts)
    return "\n".join(
        [
            _line(f"cv: {_folds(facts)}", "folds; every trial gets the same ones"),
            _line(f"metric: {metric}", "what the search is about"),
            _line(f"metrics: [{', '.join(others)}]", "recorded as well"),
            _line("preprocess: auto", "by column type, fitted inside each fold; or none"),
        ]
    )


def _folds(facts: Description) -> int:
    smallest = min((count for _, count in facts.classes), default=facts.rows)
    return max(2, min(5, int(smallest * 0.8)))


def _metrics(facts: Description) -> tuple[str, list[str]]:
    if facts.task != "classification":
        return "rmse", ["mae", "r2"]
    if len(facts.classes) > 2:
        return "balanced_accuracy", ["accuracy", "f1_macro", "log_loss"]
    others = ["accuracy", "precision", "recall", "f1", "log_loss"]
    rare = min(count for _, count in facts.classes) < _RARE * facts.rows
    return ("average_precision", ["roc_auc", *others]) if rare else ("roc_auc", others)


def _model(facts: Description) -> str:
    classes = facts.task == "classification"
    boosting = f"HistGradientBoosting{'Classifier' if classes else 'Regressor'}"
    return f"""\
model:
  choose:                 # the search chooses among these; each has its own parameters
{LOGISTIC if classes else RIDGE}
    boosting:
      estimator: sklearn.ensemble.{boosting}
      parameters:         # a range is searched, {{values: [...]}} too; a plain value is fixed
        learning_rate: {{min: 0.01, max: 0.5, log: true}}
        max_leaf_nodes: {{min: 7, max: 127, log: true}}      # two integers: an integer range
        min_samples_leaf: {{min: 5, max: 100, log: true}}
        l2_regularization: {{values: [0, 0.1, 1, 10]}}"""


LOGISTIC = """\
    logistic:
      estimator: sklearn.linear_model.LogisticRegression   # any class with fit and predict
      parameters: {C: {min: 1e-4, max: 100.0, log: true}, max_iter: 1000}"""

RIDGE = """\
    ridge:
      estimator: sklearn.linear_model.Ridge                # any class with fit and predict
      parameters: {alpha: {min: 1e-3, max: 1000.0, log: true}}"""

RUNNING = """\
search:
  sampler: auto           # or tpe, gp, cmaes, random, qmc, grid
  pruner: racing          # stops trials that cannot win any more; or median, wilcoxon, none
budget: {trials: 40, time: 30m}                # whichever ends first; over all launches
timeout: 10m              # for one fold of one trial
register: {alias: champion, when: better}      # the alias moves when the new model is better
refit: true               # train the winner on all training rows
"""
