"""The refitted model against those it has to beat: two baselines and today's champion."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.dummy import DummyClassifier, DummyRegressor

from sweeper.core.space import Choice, Items, Node, Object, Params
from sweeper.core.specs import Candidate, Metric, ModelSpec
from sweeper.ports import Job, Order
from sweeper.worker.evaluation import Evaluation
from sweeper.worker.fit import fit_candidate
from sweeper.worker.intervals import TAILS


def dummy(job: Job) -> tuple[str, Any]:
    """A model that knows only how the target is distributed in training, by name and fitted.

    X is never looked at: anything of the right length will do.
    """
    model = DummyClassifier(strategy="prior") if job.task == "classification" else DummyRegressor()
    nothing = np.zeros((len(job.rows.y), 1))
    model.fit(nothing, np.asarray(job.rows.y), sample_weight=job.rows.weights)
    return f"sklearn.dummy.{type(model).__name__}", model


def default(job: Job, order: Order) -> tuple[str, Any]:
    """The winner's estimator as its author sends it out, by name and fitted on all training rows.

    Preprocessing and seed are the winner's.
    """
    assert job.spec.model is not None
    chosen = job.spec.model.candidate(order.params)
    plain = Candidate(chosen.name, bare(chosen.estimator, order.params), chosen.preprocess)
    spec = replace(job.spec, model=ModelSpec((plain,)))
    everything = np.arange(len(job.rows.y))
    model = fit_candidate(replace(job, spec=spec), order.params, order.seed, everything).pipeline
    return plain.estimator.path, model


def bare(estimator: Object, params: Params) -> Object:
    """The object with none of its parameters but those that are objects themselves."""
    kept = ((name, _bare(node, params)) for name, node in estimator.parameters)
    return Object(estimator.path, tuple((name, node) for name, node in kept if node is not None))


def _bare(node: Node, params: Params) -> Node | None:
    """None for what holds no object: the default stands in its place."""
    match node:
        case Object():
            return bare(node, params)
        case Choice(name, branches):
            return _bare(dict(branches)[params[name]], params)
        case Items(nodes):
            members = [_bare(item, params) for item in nodes]
            if all(member is None for member in members):
                return None
            return Items(tuple(m or item for m, item in zip(members, nodes, strict=True)))
        case _:
            return None


def versus(metric: Metric, unit: str, new: Evaluation, old: Evaluation) -> dict[str, Any]:
    """The paired bootstrap on the sweep's metric; a positive difference is for the new one.

    Both evaluations must come of the same draws. `better` only if the whole 95 % interval
    is above 0.
    """
    name = metric.name
    if name in new.unchecked:
        return {"error": f"{name} is the user's own report and cannot be checked"}
    ours, theirs = new.replicates[name], old.replicates[name]
    size = min(len(ours), len(theirs))
    differences = metric.goal.sign * (ours[:size] - theirs[:size])
    differences = differences[np.isfinite(differences)]
    difference = metric.goal.sign * (new.values[name] - old.values[name])
    if not len(differences) or not np.isfinite(difference):
        return {"error": f"{name} is undefined on these rows"}
    low, high = (float(bound) + 0.0 for bound in np.percentile(differences, TAILS))  # no -0.0
    return {
        "metric": name,
        "difference": float(difference) + 0.0,
        "low": low,
        "high": high,
        "better": low > 0,
        "unit": unit,
        "resamples": len(differences),
    }
