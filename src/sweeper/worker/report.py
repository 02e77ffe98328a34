"""The holdout's report as plain JSON; `holdout.run_holdout` documents its keys."""

from __future__ import annotations

from typing import Any

from sweeper.ports import Job
from sweeper.worker.evaluation import Evaluation
from sweeper.worker.intervals import CONFIDENCE, figure, figures
from sweeper.worker.resampling import Resampling

Report = dict[str, Any]

FEW = 10  # independent units; with fewer the intervals are rough, and that is said


def unchecked(job: Job, why: str) -> Report:
    """The report when the model cannot be scored: every metric is the user's own word."""
    note = f"the holdout was not scored: {why}"
    return _head(job, _names(job), [note]) | {"metrics": {}, "baselines": {}}


def measured(job: Job, found: Evaluation, draws: Resampling) -> Report:
    """The report on the model itself, without its rivals."""
    report = _head(job, list(found.unchecked), _notes(draws)) | {
        "unit": draws.unit,
        "units": draws.units,
        "resamples": draws.resamples,
        "confidence": CONFIDENCE,
        "weighted": draws.weighted,
        "metrics": metrics(found),
    }
    return report | _classes(found) if found.table is not None else report


def baseline(model: str, found: Evaluation) -> Report:
    return {"model": model, "metrics": metrics(found)}


def metrics(found: Evaluation) -> Report:
    """A figure for every metric; one without a value says why."""
    result = figures(found.values, found.replicates)
    for name, note in found.notes.items():
        result[name]["note"] = note
    return result


def scores(report: Report) -> dict[str, float]:
    """The values of the sweep's own metrics, where they have one."""
    known = report["metrics"]
    values = {name: known[name]["value"] for name in report["recorded"] if name in known}
    return {name: value for name, value in values.items() if value is not None}


def _head(job: Job, user_reported: list[str], notes: list[str]) -> Report:
    return {
        "task": job.task,
        "metric": job.spec.metric.name,
        "goal": str(job.spec.metric.goal),
        "recorded": _names(job),
        "user_reported": user_reported,
        "notes": notes,
    }


def _names(job: Job) -> list[str]:
    return [m.name for m in job.spec.scored]


def _notes(draws: Resampling) -> list[str]:
    if draws.units == 1:
        return [f"one of {draws.unit} only: no interval can be given"]
    if draws.units < FEW:
        return [f"only {draws.units} {draws.unit}: the intervals are rough"]
    return []


def _classes(found: Evaluation) -> Report:
    assert found.table is not None
    return {
        "positive": found.labels[1] if len(found.labels) == 2 else None,
        "per_class": {
            str(label): {
                **{
                    name: figure(float(values[k]), found.class_replicates[name][k])
                    for name, values in found.class_values.items()
                },
                "support": int(found.table[k].sum()),
            }
            for k, label in enumerate(found.labels)
        },
        "confusion_matrix": {
            "labels": list(found.labels),
            "counts": found.table.astype(int).tolist(),
        },
    }
