"""Importing what a run will use before it begins.

What a module sets when it is imported (an environment variable, a logging level) happens
once in a process and must hold for every run there, unlike what a run itself sets.
"""

from __future__ import annotations

from collections.abc import Iterator

from sweeper.core.records import HOLDOUT
from sweeper.core.space import Fixed, Items, Node
from sweeper.core.specs import MetricKind, TrainSpec
from sweeper.ports import TRAIN_MODULE, Job, Order
from sweeper.worker.modules import load
from sweeper.worker.tree import named


def import_named(job: Job, order: Order) -> None:
    """Import everything that the config names for this run. Raises what importing raises."""
    if order.key.fold != HOLDOUT:
        for path in _paths(job, order):
            load(path, job.directory)


def _paths(job: Job, order: Order) -> Iterator[str]:
    spec = job.spec
    for metric in spec.scored:
        if metric.kind is MetricKind.FUNCTION:
            yield metric.scorer
    if spec.train is not None:
        yield spec.train.function
        if spec.train.function == TRAIN_MODULE:
            yield from _later(spec.train)
    for node in _nodes(job, order):
        yield from named(node, order.params)


def _nodes(job: Job, order: Order) -> Iterator[Node]:
    spec, prepare = job.spec, job.spec.preprocess
    if spec.train is not None:
        yield from (node for _, node in spec.train.parameters)
    if spec.model is not None:
        candidate = spec.model.candidate(order.params)
        prepare = candidate.preprocess or prepare
        yield candidate.estimator
    yield from (step for block in prepare.blocks for step in block.steps)


def _later(train: TrainSpec) -> Iterator[str]:
    """The classes that are named by a path, first of its list, and made on the worker."""
    for _, node in train.parameters:
        if isinstance(node, Items) and isinstance(node.nodes[0], Fixed):
            yield str(node.nodes[0].value)
