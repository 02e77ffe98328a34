"""How data says what is wrong: key path, finding, expectation, nearest right name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import ParamSpec, TypeVar

from sweeper.ports import InvalidSpec, Problem

P = ParamSpec("P")
T = TypeVar("T")

SHOWN = 12
"""How many names or labels a message lists at most."""


def invalid(path: str, message: str) -> InvalidSpec:
    """One problem on one line, ready to be raised."""
    line = "; ".join(part.strip() for part in message.splitlines() if part.strip())
    return InvalidSpec([Problem(path, line)])


def nearest(wrong: str, right: Iterable[str]) -> str:
    """`nearest: 'income'` when something is near, else what there is to choose from."""
    names = list(right)
    by_lower = {name.lower(): name for name in names}
    found = get_close_matches(wrong.lower(), by_lower, n=1, cutoff=0.6)
    if found:
        return f"nearest: {by_lower[found[0]]!r}"
    return f"there are: {listed(names)}" if names else "there are none"


def listed(values: Iterable[object]) -> str:
    """`'a', 'b', … (40 in all)`."""
    everything = list(values)
    shown = ", ".join(repr(value) for value in everything[:SHOWN])
    return shown if len(everything) <= SHOWN else f"{shown}, … ({len(everything)} in all)"


def attempt(
    problems: list[Problem], function: Callable[P, T], *args: P.args, **kwargs: P.kwargs
) -> T | None:
    """Calls and returns; an InvalidSpec is added to `problems` so that all are told at once."""
    try:
        return function(*args, **kwargs)
    except InvalidSpec as error:
        problems.extend(error.problems)
        return None
