"""What a sweep may take and what that costs: `budget` and `prices`."""

from __future__ import annotations

from dataclasses import replace

from sweeper.config.cursor import Cursor
from sweeper.core.specs import Budget, Prices, Resources, SearchSpec

DEFAULT_TRIALS = 40
_CURRENCY = 10
"""Characters of a currency's name, at most."""


def read_budget(at: Cursor) -> Budget:
    keys = at.fields(("trials", "time", "cpu_hours", "gpu_hours", "money"))
    amounts = {
        name: _amount(keys[name]) for name in ("cpu_hours", "gpu_hours", "money") if name in keys
    }
    return Budget(
        trials=keys["trials"].integer(1, 1, 10_000_000) if "trials" in keys else None,
        time=keys["time"].duration() if "time" in keys else None,
        **amounts,
    )


def _amount(at: Cursor) -> float:
    expected = "a number above 0"
    found = at.number(1.0, expected)
    if found <= 0:
        at.wrong(expected)
    return found


def read_prices(at: Cursor) -> Prices:
    keys = at.fields(("cpu_hour", "gpu_hour", "currency"))
    if not {"cpu_hour", "gpu_hour"} & keys.keys():
        at.problem("there is no price; expected `cpu_hour: …`, `gpu_hour: …` or both")
    prices = {name: _price(keys[name]) for name in ("cpu_hour", "gpu_hour") if name in keys}
    return Prices(**prices, currency=_currency(keys["currency"]) if "currency" in keys else "")


def _price(at: Cursor) -> float:
    expected = "a price of at least 0"
    found = at.number(0.0, expected)
    if found < 0:
        at.wrong(expected)
    return found


def _currency(at: Cursor) -> str:
    expected = f"a currency, as EUR, of at most {_CURRENCY} characters"
    found = at.text(expected)
    if len(found) > _CURRENCY or not found.isprintable():
        at.wrong(expected)
    return found


def settle_budget(
    budget: Budget,
    search: SearchSpec,
    resources: Resources,
    prices: Prices | None,
    searched: bool,
    at: Cursor | None,
) -> Budget:
    """The budget with its defaults: one trial when nothing is searched, else DEFAULT_TRIALS.

    A grid without a number of trials ends when it is done. Notes a budget that would never be
    spent.
    """
    for name, child in [] if at is None else at.children():
        _can_be_spent(name, child, resources, prices)
    if not searched:
        if at is not None and (budget.trials or 1) > 1:
            at.warn("nothing is searched: there are no free parameters, so one trial is run")
        return replace(budget, trials=1)
    if budget == Budget() and search.sampler != "grid":
        return Budget(DEFAULT_TRIALS)
    return budget


def _can_be_spent(name: str, at: Cursor, resources: Resources, prices: Prices | None) -> None:
    if name == "gpu_hours" and not resources.gpus:
        at.problem(
            "no fold run takes a GPU, so this is never spent; expected `resources: {gpus: …}`, "
            "or `cpu_hours` in its place"
        )
    if name != "money":
        return
    if prices is None:
        at.problem(
            "without prices nobody knows what is spent; expected `prices: {cpu_hour: …, "
            "gpu_hour: …, currency: …}` in the config, or `cpu_hours`, `gpu_hours` in its place"
        )
    elif not prices.cpu_hour and not (prices.gpu_hour and resources.gpus):
        at.problem(
            "by `prices` what a fold run takes costs nothing, so this is never spent; expected "
            "a price above 0 for what is in `resources`"
        )
