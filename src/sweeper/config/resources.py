"""The sections on what a fold run takes from the cluster and leaves in storage."""

from __future__ import annotations

import importlib.util
import re

from sweeper.config.cursor import Cursor
from sweeper.config.tree import Table
from sweeper.core.specs import CheckpointSpec, Resources

MOST_WORKERS = 100_000
_BEST = re.compile(r"best\s+(\d+)")


def read_resources(at: Cursor, trains: bool) -> Resources:
    """`trains`: the sweep has a training function; only that can use several workers."""
    keys = at.fields(("cpus", "gpus", "memory", "workers", "placement", "gang"))
    least, most = _workers(keys["workers"]) if "workers" in keys else (1, None)
    if (most or least) > 1:
        _can_be_gang(keys["workers"], trains)
    for name in ("placement", "gang"):
        if name in keys and (most or least) == 1:
            keys[name].problem(
                f"`{name}` is for gangs: say how many `workers` too, or leave it out"
            )
    return Resources(
        cpus=_amount(keys["cpus"], above=True) if "cpus" in keys else 1,
        gpus=_amount(keys["gpus"], above=False) if "gpus" in keys else 0,
        memory=keys["memory"].memory() if "memory" in keys else None,
        workers=least,
        most=most,
        placement=keys["placement"].one_of(("pack", "spread"), "pack")
        if "placement" in keys
        else "pack",
        gang=keys["gang"].one_of(("warm", "fresh"), "warm") if "gang" in keys else "warm",
    )


def _workers(at: Cursor) -> tuple[int, int | None]:
    """A number, or the least and the most."""
    if not isinstance(at.tree, Table):
        return at.integer(1, 1, MOST_WORKERS), None
    keys = at.fields(("min", "max"), required=("min", "max"))
    least = keys["min"].integer(1, 1, MOST_WORKERS) if "min" in keys else 1
    most = keys["max"].integer(least, 1, MOST_WORKERS) if "max" in keys else least
    if most < least:
        keys["max"].problem(f"found {most}, which is less than `min`; expected at least {least}")
    return least, most


def _can_be_gang(at: Cursor, trains: bool) -> None:
    if not trains:
        at.problem(
            "several workers are for a training function (`train:`); a `model:` is fitted by one "
            "worker: give that more `cpus`"
        )
    elif importlib.util.find_spec("torch") is None:
        at.problem("several workers talk by torch, which is not here: pip install 'sweeper[torch]'")


def _amount(at: Cursor, above: bool) -> float:
    expected = "a number above 0" if above else "a number of at least 0"
    value = at.number(1, expected)
    if value < 0 or (above and value == 0):
        at.wrong(expected)
    return value


def read_places(at: Cursor, resources: Resources) -> int:
    """A candidate's own resources, as how many times those of the sweep it takes."""
    keys = at.fields(("cpus", "gpus", "memory"))
    times = set()
    for name, key in keys.items():
        own = key.memory() if name == "memory" else _amount(key, above=True)
        of_sweep = getattr(resources, name)
        times.add((own or 0) / of_sweep if of_sweep else 0.0)
    found = times.pop() if len(times) == 1 else 0.0
    if keys and (found < 1 or abs(found - round(found)) > 1e-9):
        sweep = ", ".join(f"{name} {getattr(resources, name) or 0:g}" for name in keys)
        at.problem(
            f"a candidate takes the sweep's `resources` a whole number of times, and these have "
            f"{sweep}; expected as many times each, as {{cpus: {2 * resources.cpus:g}}}"
        )
        return 1
    return max(1, round(found))


def read_checkpoints(at: Cursor) -> CheckpointSpec:
    keys = at.fields(("storage", "keep", "per_trial", "max_gb"))
    size = keys["max_gb"].number(1.0, "a number above 0") if "max_gb" in keys else None
    if size is not None and size <= 0:
        keys["max_gb"].wrong("a number above 0")
    return CheckpointSpec(
        storage=keys["storage"].text("a directory or a URL") if "storage" in keys else None,
        keep=_best(keys["keep"]) if "keep" in keys else CheckpointSpec().keep,
        per_trial=keys["per_trial"].integer(1, 1, 10_000) if "per_trial" in keys else 1,
        max_bytes=None if size is None else int(size * 1e9),
    )


def _best(at: Cursor) -> int | None:
    """`best 3`: of ended trials, the checkpoints of the three best."""
    found = _BEST.fullmatch(at.value) if isinstance(at.value, str) else None
    if found:
        return int(found[1])
    if not at.is_word("all"):
        at.wrong("all, or `best N`: of the trials that ended, those of the N best")
    return None
