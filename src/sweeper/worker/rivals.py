"""Two models on the same holdout: which is better, what each costs, where they disagree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from sweeper.ports import Job, Rows
from sweeper.worker import comparison, models
from sweeper.worker.costs import predict_ms
from sweeper.worker.evaluation import Evaluation, drawn, evaluate
from sweeper.worker.replay import Replay
from sweeper.worker.report import Report
from sweeper.worker.resampling import Resampling
from sweeper.worker.rows import tabular


@dataclass(frozen=True, slots=True)
class Rival:
    """A model with its answers to the holdout. `size`: bytes of its file."""

    model: Any
    replay: Replay
    found: Evaluation
    size: int


def compared(job: Job, rows: Rows, seed: int, new: bytes, old: bytes) -> Report:
    """Two stored models, the same draws of these rows for both. Raises what a model raises."""
    draws = drawn(job, rows, seed)
    return beside(job, rival(job, new, rows, draws), rival(job, old, rows, draws), rows, draws)


def rival(job: Job, content: bytes, rows: Rows, draws: Resampling) -> Rival:
    """Raises what the model raises."""
    model = models.load(content, job.directory)
    replay = Replay(model, rows.X, job.task)
    return Rival(model, replay, evaluate(job, replay, rows, draws), len(content))


def beside(job: Job, new: Rival, old: Rival, rows: Rows, draws: Resampling) -> Report:
    """What `comparison.versus` finds, and

    predict_ms, model_bytes   {new, old}: of a single row, None where it is no table's; of the file

    and of a classification, by class,

    recall_change             {label: new - old}
    disagreements             {label: {rows, differ, new_right, old_right}}: of the rows of this
                              class how many the two answer differently, and who is right there
    """
    report: Report = comparison.versus(job.spec.metric, draws.unit, new.found, old.found)
    if "error" in report:
        return report
    report["predict_ms"] = {"new": _pace(new, rows), "old": _pace(old, rows)}
    report["model_bytes"] = {"new": new.size, "old": old.size}
    if new.found.table is None:
        return report
    recall = new.found.class_values["recall"] - old.found.class_values["recall"]
    labels = new.found.labels
    report["recall_change"] = {
        str(label): float(recall[k]) + 0.0 if np.isfinite(recall[k]) else None
        for k, label in enumerate(labels)
    }
    report["disagreements"] = _disagreements(new, old, np.asarray(rows.y), labels)
    return report


def _pace(rival: Rival, rows: Rows) -> float | None:
    return predict_ms(rival.model, rows.X) if tabular(rows.X) else None


def _disagreements(new: Rival, old: Rival, truth: Any, labels: Any) -> Report:
    ours, theirs = (np.asarray(each.replay.predict(each.replay.rows)) for each in (new, old))
    found = {}
    for label in labels:
        mine = truth == label
        differ = mine & (ours != theirs)
        found[str(label)] = {
            "rows": int(mine.sum()),
            "differ": int(differ.sum()),
            "new_right": int((differ & (ours == truth)).sum()),
            "old_right": int((differ & (theirs == truth)).sum()),
        }
    return found
