"""The sections that say how a sweep is run: search, budget, resources, retries and the rest."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from sweeper.config.cursor import Cursor
from sweeper.config.objectives import read_best, read_within
from sweeper.config.pruner_section import read_pruner
from sweeper.config.tree import Scalar, Table
from sweeper.core.specs import (
    Gate,
    Metric,
    PrunerSpec,
    RegisterSpec,
    Retries,
    SearchSpec,
    TrackingSpec,
)

SAMPLERS = ("auto", "tpe", "gp", "cmaes", "nsgaii", "random", "qmc", "grid")
_TAKEN = {"mlflow.db", "artifacts"}
_ALIAS = re.compile(r"[A-Za-z0-9_-]{1,100}")
_VERSION = re.compile(r"v\d+", re.IGNORECASE)
_MOST_SEED = 2**32 - 1


def read_name(at: Cursor) -> str:
    """The sweep's name: its directory and its MLflow experiment."""
    name = at.name("the sweep")
    if name.lower() in _TAKEN:
        at.problem(f"`{name}` is taken by sweeper's own files beside the sweeps; choose another")
    return name


def read_seed(at: Cursor) -> int:
    return at.integer(0, 0, _MOST_SEED)


def read_search(at: Cursor | None, reports: bool, several: bool) -> SearchSpec:
    """`reports`: what is trained reports learning curves. `several`: objectives, of which no
    pruner can tell early that a trial is hopeless."""
    keys = at.fields(("sampler", "pruner", "concurrency")) if at is not None else {}
    pruner = PrunerSpec("none") if several else PrunerSpec()
    if "pruner" in keys:
        pruner = read_pruner(keys["pruner"], reports)
        if several and pruner.name != "none":
            keys["pruner"].problem(
                f"`{pruner.name}` compares trials by one metric, and `metric` is a list; "
                "expected `none`, or leave it out"
            )
    return SearchSpec(
        sampler=keys["sampler"].one_of(SAMPLERS, "auto") if "sampler" in keys else "auto",
        pruner=pruner,
        concurrency=_concurrency(keys["concurrency"]) if "concurrency" in keys else None,
    )


def _concurrency(at: Cursor) -> int | None:
    if at.is_word("auto"):
        return None
    if not isinstance(at.value, int):
        at.wrong("auto, or a number of trials in flight")
        return None
    return at.integer(1, 1, 100_000)


UNCOUNTED = {
    "infeasible": "parameters that cannot work are never tried again; leave `infeasible` out",
    "preempted": "a run whose node was taken away is always run again and counts for nothing; "
    "leave `preempted` out",
}
"""Classes of failure that have no budget, and why."""


def read_retries(at: Cursor) -> Retries:
    normal = Retries()
    names = ("error", "lost", "oom", "timeout", "invalid")
    written = [name for name, _ in at.children()] if isinstance(at.tree, Table) else []
    uncounted = [name for name in written if name in UNCOUNTED]
    keys = at.fields((*names, *uncounted))
    for name in uncounted:
        keys[name].problem(UNCOUNTED[name])
    counts = {n: keys[n].integer(0, 0, 1000) if n in keys else getattr(normal, n) for n in names}
    return Retries(**counts)


def read_timeout(at: Cursor) -> float | None:
    return None if at.is_word("none") else at.duration()


def read_register(at: Cursor, name: str, objectives: Sequence[Metric]) -> RegisterSpec | None:
    """`name` is the sweep's, the model's name when nothing else is said. What `best` names has
    become the sweep's metric (see `schema`)."""
    if at.is_word("none"):
        return None
    keys = at.fields(("model", "alias", "when", "best", "within", "gate"))
    if "best" in keys:
        read_best(keys["best"], objectives)
    return RegisterSpec(
        model=keys["model"].name("the registered model") if "model" in keys else name,
        alias=_alias(keys["alias"]) if "alias" in keys else "champion",
        when=keys["when"].one_of(("better", "always", "never"), "better")
        if "when" in keys
        else "better",
        within=read_within(keys["within"], objectives) if "within" in keys else (),
        gate=_gate(keys["gate"]) if "gate" in keys else Gate(),
    )


def _gate(at: Cursor) -> Gate:
    names = [each.name for each in dataclasses.fields(Gate)]
    return Gate(**{name: _limit(child) for name, child in at.fields(names).items()})


def _limit(at: Cursor) -> float:
    found = at.number(expected="a number from 0 on")
    if found < 0:
        at.wrong("a number from 0 on")
    return found


def _alias(at: Cursor) -> str:
    alias = at.text("an alias, as champion")
    if alias and (not _ALIAS.fullmatch(alias) or _VERSION.fullmatch(alias) or alias == "latest"):
        at.wrong("letters, digits, `-` and `_`, neither `latest` nor as a version (`v1`)")
    return alias


def read_tracking(at: Cursor) -> TrackingSpec:
    if at.is_word("none"):
        return TrackingSpec(enabled=False)
    if isinstance(at.tree, Scalar):
        return TrackingSpec(at.text("an MLflow tracking URI, {uri: …} or none"))
    keys = at.fields(("uri",), required=("uri",))
    return TrackingSpec(keys["uri"].text("an MLflow tracking URI") if "uri" in keys else None)


def read_journal(at: Cursor) -> str | None:
    """A database's URL; None for the file in the sweep's directory."""
    if at.is_word("file"):
        return None
    expected = "`file`, or a PostgreSQL database as postgresql://user@host/database"
    url = at.text(expected)
    if url and not _is_database(url):
        at.wrong(expected)
    return url or None


def _is_database(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme == "postgresql" and parts.path.strip("/") != "" and parts.port != 0
    except ValueError:  # a port that is no number
        return False
