"""What a sweep, a trial and a fold run cost, as plain values: for people, scripts and lineage.

The keys are a promise to scripts; `docs/json.md` describes each.
"""

from __future__ import annotations

from dataclasses import replace

from sweeper.core import spending
from sweeper.core.budgets import bill, limits
from sweeper.core.records import FoldRun, State, Trial
from sweeper.core.space import Value
from sweeper.core.specs import Prices
from sweeper.core.usage import UNMEASURED, Spent

Account = dict[str, Value]

PARTS = ("useful", "pruned", "failed", "repeated")


def of_sweep(state: State, t: float) -> Account:
    """All fold runs that ended, split by what became of them; what is reserved for those under
    way, until `t`, counts as useful."""
    total, prices = spending.spent(state, t), state.spec.prices
    lost = {name: getattr(state.spending, name) for name in PARTS[1:]}
    useful = replace(total)
    for part in lost.values():
        useful.add(part, -1)
    return {
        "total": _priced(total, prices),
        **{
            name: {**_priced(part, prices), "share": _share(part, total)}
            for name, part in {"useful": useful, **lost}.items()
        },
        "peak_memory_bytes": state.spending.memory or None,
        "currency": None if prices is None else prices.currency,
        "budgets": {
            limit.name: {"limit": limit.most, "spent": round(limit.used, 6)}
            for limit in limits(state, t)
        },
    }


def of_trial(state: State, trial: Trial) -> Account:
    """All of its fold runs that ended."""
    total = Spent()
    for run in trial.runs:
        if run.ended is not None:
            total.add(spending.of_run(run))
    return _priced(total, state.spec.prices)


def of_run(run: FoldRun, prices: Prices | None) -> Account | None:
    """None while it is under way. What was not measured is None."""
    if run.ended is None:
        return None
    found, measured = _priced(spending.of_run(run), prices), run.usage != UNMEASURED
    del found["fold_runs"]
    return {
        **found,
        "cpu_s": found["cpu_s"] if measured else None,
        "peak_memory_bytes": run.usage.memory if measured else None,
    }


def _priced(spent: Spent, prices: Prices | None) -> Account:
    money = bill(spent.reserved_cpu, spent.reserved_gpu, prices).get("money")
    return {
        "fold_runs": spent.runs,
        "queue_s": _rounded(spent.queue),
        "wall_s": _rounded(spent.wall),
        "cpu_s": _rounded(spent.cpu),
        "reserved_cpu_s": _rounded(spent.reserved_cpu),
        "reserved_gpu_s": _rounded(spent.reserved_gpu),
        "money": None if money is None else _rounded(money),
    }


def _share(part: Spent, total: Spent) -> float:
    """Of the reserved processors' time: that of GPUs and money is the same, unless `resources`
    changed on the way."""
    return round(max(0.0, part.reserved_cpu) / total.reserved_cpu, 4) if total.reserved_cpu else 0.0


def _rounded(value: float) -> float:
    """Without what adding and taking away leaves of the last digits."""
    return max(0.0, round(value, 6))
