"""`models promote`, `rollback` and `compare`: which version an alias should name."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from operator import attrgetter
from typing import Any

from sweeper.cli import output
from sweeper.cli.parsing import Parser, command
from sweeper.cli.versions import (
    add_folder,
    add_model,
    add_uri,
    difference_json,
    named,
    reference,
    told,
)

LIMITS = {
    "margin": "its metric must be better by more than M, whole interval",
    "recall_loss": "no class's recall may fall by more than M",
    "predict_ms": "milliseconds that it may take to predict a row",
    "model_bytes": "bytes that its file may have",
}
"""What a gate has, and what `promote` may overrule."""


def add(inner: Any) -> tuple[Parser, ...]:
    promote = command(inner, "promote", run_promote, "give an alias to a version that is better")
    for name, text in LIMITS.items():
        promote.add_argument(
            f"--{name.replace('_', '-')}", dest=name, metavar="M", type=limit, help=text
        )
    promote.add_argument("--force", action="store_true", help="without a comparison")
    rollback = command(inner, "rollback", run_rollback, "give an alias back to who held it before")
    for parser in (promote, rollback):
        parser.add_argument("--alias", metavar="NAME", default="champion", help="(champion)")
        parser.add_argument("--why", metavar="TEXT", default="", help="kept in the history")
    compare = command(inner, "compare", run_compare, "two versions beside one another")
    add_model(compare, "first")
    add_model(compare, "second")
    for parser in (promote, compare):
        add_folder(parser)
    add_uri(compare)
    return promote, rollback


def limit(text: str) -> float:
    value = float(text)
    if not value >= 0:
        raise argparse.ArgumentTypeError(f"{text} is below 0")
    return value


def run_promote(arguments: argparse.Namespace) -> int:
    from sweeper import api, app

    given = {name: getattr(arguments, name) for name in LIMITS}
    found = app.promote(
        api.root(arguments.dir),
        *reference(arguments.model),
        alias=arguments.alias,
        limits={name: value for name, value in given.items() if value is not None},
        force=arguments.force,
        why=arguments.why,
        uri=arguments.uri,
        folder=arguments.folder,
        notice=output.message,
    )
    tell(arguments, found)
    return 0 if found.moved or found.previous == found.version else 1


def run_rollback(arguments: argparse.Namespace) -> int:
    from sweeper import api, app

    model, ref = reference(arguments.model)
    if ref is not None:
        arguments.parser.error("name the model alone: its history says what it goes back to")
    root, alias, why = api.root(arguments.dir), arguments.alias, arguments.why
    tell(arguments, app.rollback(root, model, alias=alias, why=why, uri=arguments.uri))
    return 0


def tell(arguments: argparse.Namespace, found: Any) -> None:
    if arguments.json:
        output.emit(
            {
                "model": found.model,
                "alias": found.alias,
                "version": found.version,
                "previous": found.previous,
                "moved": found.moved,
                "verdict": found.verdict,
                "versus": found.versus,
                "look": found.look,
            }
        )
        return
    was = f", before it {found.previous}" if found.previous is not None else ""
    held = f"names version {found.version}{was}" if found.moved else f"stays at {found.previous}"
    output.lines([f"{found.model}@{found.alias} {held}: {found.verdict}"])


def run_compare(arguments: argparse.Namespace) -> int:
    from sweeper import api, app

    found = app.compare(
        api.root(arguments.dir),
        reference(arguments.first),
        reference(arguments.second),
        uri=arguments.uri,
        folder=arguments.folder,
        notice=output.message,
    )
    if arguments.json:
        output.emit(as_json(found))
    else:
        output.lines(list(sheet(found)))
    return 0


def as_json(found: Any) -> dict[str, Any]:

    return {
        "versions": [named(found.first), named(found.second)],
        **{
            part: {name: list(pair) for name, pair in getattr(found, part).items()}
            for part in ("metrics", "params", "data")
        },
        "surroundings": [difference_json(each) for each in found.surroundings],
        "versus": found.versus,
        "not_scored": found.apart or None,
    }


PARTS = (attrgetter("metrics"), attrgetter("params"), attrgetter("data"))


def shown(value: Any) -> str:
    from sweeper.cli.text import number

    if value is None:
        return ""
    return number(value) if isinstance(value, float) else told(value)


def sheet(found: Any) -> Iterator[str]:
    from sweeper.cli.text import table

    headers = ("", found.first.title, found.second.title)
    rows = [(name, *map(shown, pair)) for part in PARTS for name, pair in part(found).items()]
    yield from table(headers, rows, right={1, 2}, width=output.width())
    yield ""
    yield from differences(found.surroundings)
    yield from on_the_holdout(found)


MOST = 8
"""Differences of code and packages that are told one by one."""


def differences(surroundings: Any) -> Iterator[str]:
    for each in surroundings[:MOST]:
        yield f"{each.what}: {each.before} → {each.now}"
    if len(surroundings) > MOST:
        yield f"{len(surroundings) - MOST} more differences of code and packages; all with --json"
    if not surroundings:
        yield "made by the same code and packages"


def on_the_holdout(found: Any) -> Iterator[str]:
    from sweeper.cli.text import number, table
    from sweeper.registry.verdict import difference

    versus = found.versus
    if versus is None:
        yield f"not scored on one holdout: {found.apart}"
        return
    yield f"{found.first.title} beside {found.second.title}: {difference(versus)}"
    if "disagreements" not in versus:
        return
    yield ""
    headers = ("class", "rows", "answered differently", "first right", "second right", "recall")
    rows = [
        (
            label,
            *(str(each[key]) for key in ("rows", "differ", "new_right", "old_right")),
            recall(versus["recall_change"][label], number),
        )
        for label, each in versus["disagreements"].items()
    ]
    yield from table(headers, rows, right={1, 2, 3, 4, 5}, width=output.width())


def recall(change: float | None, number: Any) -> str:
    if change is None:
        return ""
    return f"{'+' if change >= 0 else '-'}{number(abs(change))}"
