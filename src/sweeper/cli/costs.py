"""What a sweep and its fold runs cost, as people read it. Pure."""

from __future__ import annotations

from typing import Any

from sweeper.cli.text import fold_name, pairs, table
from sweeper.core import account, budgets
from sweeper.core.records import State, Trial
from sweeper.core.specs import Prices


def cost_sheet(cost: dict[str, Any], prices: Prices | None) -> list[str]:
    """A block of a few lines; nothing before the first fold run. `cost` as of `account.of_sweep`."""
    if not cost["total"]["fold_runs"]:
        return []
    rows = [("taken", taken(cost)), ("went to", shares(cost))]
    if cost["peak_memory_bytes"]:
        rows.append(("peak memory", f"{memory(cost['peak_memory_bytes'])}, of one process"))
    rows += [("budget", said) for said in _budgets(cost, prices)]
    return ["cost", *pairs(rows)]


def taken(cost: dict[str, Any]) -> str:
    """`2.1 h of CPUs (1.7 h used), 40 min of GPUs, 3.20 EUR`."""
    total = cost["total"]
    used = f" ({span(total['cpu_s'])} used)" if total["cpu_s"] else ""
    said = [f"{span(total['reserved_cpu_s'])} of CPUs{used}"]
    if total["reserved_gpu_s"]:
        said.append(f"{span(total['reserved_gpu_s'])} of GPUs")
    if total["money"] is not None:
        said.append(f"{amount(total['money'])} {cost['currency']}".rstrip())
    return ", ".join(said)


def shares(cost: dict[str, Any]) -> str:
    """What became of it: `80 % useful, 15 % pruned, 5 % repeated`."""
    found = [(name, cost[name]["share"]) for name in account.PARTS]
    return ", ".join(f"{100 * share:.0f} % {name}" for name, share in found if share)


def _budgets(cost: dict[str, Any], prices: Prices | None) -> list[str]:
    return [
        f"{amount(budget['spent'])} of {budget['limit']:g} {budgets.unit(name, prices)}"
        for name, budget in cost["budgets"].items()
        if name != "time"
    ]


def runs_sheet(state: State, trial: Trial, width: int | None) -> list[str]:
    """What each ended run of the trial took."""
    headers: tuple[str, ...] = (
        "fold",
        "attempt",
        "queue",
        "wall",
        "CPU used",
        "memory",
        "CPU kept",
        "GPU kept",
    )
    headers += ("money",) if state.spec.prices is not None else ()
    rows = []
    for run in trial.runs:
        cost = account.of_run(run, state.spec.prices)
        if cost is not None:
            rows.append([fold_name(run.key.fold), str(run.key.attempt), *_figures(cost)])
    return ["", *table(headers, rows, right=range(1, 9), width=width)] if rows else []


def _figures(cost: dict[str, Any]) -> list[str]:
    found = [
        span(cost["queue_s"]),
        span(cost["wall_s"]),
        "-" if cost["cpu_s"] is None else span(cost["cpu_s"]),
        "-" if cost["peak_memory_bytes"] is None else memory(cost["peak_memory_bytes"]),
        span(cost["reserved_cpu_s"]),
        span(cost["reserved_gpu_s"]),
    ]
    return found if cost["money"] is None else [*found, amount(cost["money"])]


def span(seconds: float) -> str:
    """`0.3 s`, `12 min`, `2.1 h`: three digits at most."""
    if seconds < 60:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    value, name = (seconds / 60, "min") if seconds < 3600 else (seconds / 3600, "h")
    return f"{value:.1f} {name}" if value < 10 else f"{value:,.0f} {name}"


def amount(value: float) -> str:
    """To the hundredth; smaller ones to two digits."""
    return f"{value:,.2f}" if value >= 0.1 or not value else f"{value:.2g}"


def memory(size: int) -> str:
    return f"{size / 2**30:.2f} GiB" if size >= 2**30 else f"{size / 2**20:.0f} MiB"
