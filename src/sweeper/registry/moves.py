"""Aliases: moved by one at a time, and every move kept: who, when, why, from what.

A move is written into the history before the alias moves, under a lock that all processes on
one SQLite store share. A tracking server has no such lock: there a move reads back what it
wrote, and gives way to another that overwrote it.
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sweeper.mlflow_store import alone, there
from sweeper.ports import SweeperError

HISTORY = "sweeper.history"
LONGEST = 2000
"""Characters of a reason that are kept: MLflow's tags are limited."""

REGISTERED, PROMOTED, REFUSED = "registered", "promoted", "refused"
ROLLED_BACK, FOUND = "rolled back", "found"
"""How an alias came to a version. REFUSED: it did not, and stays where it was; FOUND: by other
means than ours."""


@dataclass(frozen=True, slots=True)
class Move:
    """`look`: how often the holdout had been looked at, this time included; 0: it was not."""

    version: int
    previous: int | None
    how: str
    by: str
    why: str
    at: float  # seconds since the epoch
    holdout: str = ""
    look: int = 0


class Overtaken(SweeperError):
    """Somebody else moved the alias meanwhile; the message says who, and nothing was changed."""


def histories(client: Any, model: str) -> dict[str, list[Move]]:
    """All moves of each alias that the model has or had, the oldest first."""
    found: dict[str, list[Move]] = {}
    for key, text in sorted(client.get_registered_model(model).tags.items()):
        if key.startswith(f"{HISTORY}."):
            alias = key.removeprefix(f"{HISTORY}.").rpartition(".")[0]
            found.setdefault(alias, []).append(Move(**json.loads(text)))
    return found


def history(client: Any, model: str, alias: str) -> list[Move]:
    """All moves of the alias, the oldest first."""
    return histories(client, model).get(alias, [])


def holder(client: Any, model: str, alias: str) -> Any | None:
    """MLflow's version that has the alias; None when there is none."""
    return there(client.get_model_version_by_alias, model, alias)


def move(client: Any, uri: str, model: str, alias: str, to: Move) -> None:
    """Give the alias to `to.version`, if `to.previous` still holds it; else Overtaken. One that
    was refused is only told."""
    with alone(uri):
        held = holder(client, model, alias)
        now = None if held is None else int(held.version)
        told = history(client, model, alias)
        if to.how == REFUSED:
            _write(client, model, alias, len(told), to)
            return
        if now != to.previous:
            raise Overtaken(_overtaken(model, alias, now, told))
        last = next((each for each in reversed(told) if each.how != REFUSED), None)
        if last is not None and (last.version, last.previous) == (to.version, now):
            # a crash came between the two steps
            client.set_registered_model_alias(model, alias, str(to.version))
            return
        if now is not None and (last is None or last.version != now):
            before = None if last is None else last.version
            found = Move(now, before, FOUND, "", "moved by other means", time.time())
            _write(client, model, alias, len(told), found)
            told.append(found)
        mine = _write(client, model, alias, len(told), to)
        if client.get_registered_model(model).tags[mine[0]] != mine[1]:
            raise Overtaken(_overtaken(model, alias, now, history(client, model, alias)))
        client.set_registered_model_alias(model, alias, str(to.version))


def back(moves: Sequence[Move]) -> int | None:
    """The version that a rollback goes back to: who held the alias before, rollbacks undone."""
    stack: list[int] = []
    for each in moves:
        if each.how == REFUSED:
            continue
        if each.how == ROLLED_BACK and len(stack) > 1:
            stack.pop()
        elif not stack or stack[-1] != each.version:
            stack.append(each.version)
    return stack[-2] if len(stack) > 1 else None


def _write(client: Any, model: str, alias: str, number: int, told: Move) -> tuple[str, str]:
    told = dataclasses.replace(told, why=told.why[:LONGEST])
    key, text = f"{HISTORY}.{alias}.{number:06}", json.dumps(dataclasses.asdict(told))
    client.set_registered_model_tag(model, key, text)
    return key, text


def _overtaken(model: str, alias: str, now: int | None, told: Sequence[Move]) -> str:
    if now is None:
        return f"{model}@{alias} was taken away meanwhile: nothing was changed. Ask again"
    last = next((each for each in reversed(told) if each.version == now), None)
    who = f", {last.how} by {last.by}: {last.why}" if last else ""
    return (
        f"{model}@{alias} names version {now} by now{who}. Nothing was changed: compare with "
        "that one, and ask again"
    )
