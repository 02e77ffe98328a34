"""`models lineage` and `impact`: what a version came from, and what something touched."""

from __future__ import annotations

import argparse
from typing import Any

from sweeper.cli import output
from sweeper.cli.parsing import Parser, command
from sweeper.cli.versions import DIGEST, add_uri, named, reference, told, when


def add(commands: Any) -> None:
    parser: Parser = command(
        commands, "impact", run_impact, "every registered version that this data or code touched"
    )
    parser.add_argument("--data", metavar="FILE|DIGEST", help="a data file, or a digest's start")
    parser.add_argument("--commit", metavar="HASH", help="the code's commit")
    parser.add_argument("--sweep", metavar="NAME", help="the sweep that made it")
    add_uri(parser)


def run_lineage(arguments: argparse.Namespace) -> int:
    from sweeper import api, app

    links = app.chain(api.root(arguments.dir), *reference(arguments.model), arguments.uri)
    if arguments.json:
        first, *earlier = (as_json(link) for link in links)
        output.emit({**first, "parents": earlier})
    else:
        output.lines([line for link in links for line in (*sheet(link), "")][:-1])
    return 0


def run_impact(arguments: argparse.Namespace) -> int:
    from sweeper import api, app

    asked = (arguments.data, arguments.commit, arguments.sweep)
    if not any(asked):
        arguments.parser.error("say what it is of: --data, --commit or --sweep")
    found = app.impact(api.root(arguments.dir), *asked, arguments.uri)
    if arguments.json:
        output.emit({"versions": [{**named(t.version), "why": list(t.why)} for t in found]})
    elif found:
        from sweeper.cli.text import table

        rows = [
            (t.version.name, str(t.version.version), ", ".join(t.version.aliases), "; ".join(t.why))
            for t in found
        ]
        headers = ("model", "version", "aliases", "why")
        output.lines(table(headers, rows, right={1}, width=output.width()))
    else:
        output.message("no registered version was touched by it")
    return 0


def as_json(link: Any) -> dict[str, Any]:
    if link.version is None:
        return {"title": link.title, "missing": link.missing}
    return {**named(link.version), "digest": link.version.digest, "lineage": link.lineage}


def sheet(link: Any) -> list[str]:
    """The chain from the data to the alias, a line for each step."""
    from sweeper.cli.text import pairs

    if link.version is None:
        return [f"{link.title}: {link.missing}"]
    return [title(link.version), *pairs(steps(link.version, link.lineage))]


def title(version: Any) -> str:
    aliases = "".join(f" @{alias}" for alias in version.aliases)
    return f"{version.title}{aliases}"


def steps(version: Any, lineage: dict[str, Any]) -> list[tuple[str, str]]:

    environment, config = lineage["environment"], lineage["config"]
    splits, trial, times = lineage["splits"], lineage["trial"], lineage["times"]
    model, journal = lineage["model"], lineage["journal"]
    return [
        ("data", data(lineage["data"])),
        ("holdout", holdout(lineage)),
        ("folds", f"{splits['folds']}  {splits['sha256'][:DIGEST]}".rstrip()),
        ("config", f"{config['sha256'][:DIGEST]}  in {config['directory']}{edits(config)}"),
        ("code", code(environment)),
        ("packages", packages(environment)),
        ("machine", f"{environment['host']}, {environment['cpu']}, Python {environment['python']}"),
        ("sweep", f"{lineage['sweep']['name']}  {lineage['sweep']['id']}"),
        ("journal", f"{journal['events']:,} events  {journal['sha256'][:DIGEST]}"),
        ("trial", f"{trial['number']}  {params(trial)}"),
        ("seeds", f"sweep {lineage['seeds']['sweep']}, refit {lineage['seeds']['refit']}"),
        ("scores", scores(lineage)),
        ("cost", cost(lineage)),
        ("model", f"{model['sha256'][:DIGEST]}  {model['bytes']:,} bytes"),
        ("registered", f"{when(times['registering'])} by {environment['user']}"),
        ("lineage", version.digest[:DIGEST]),
        ("alias", alias(version)),
        ("came after", came_after(lineage)),
    ]


def data(told: dict[str, Any] | None) -> str:

    if told is None:
        return "the training function's own"
    files = ", ".join(f"{name} ({sha256[:DIGEST]})" for name, sha256 in told["files"].items())
    size = f"{told['rows']:,} rows, {len(told['schema'])} columns"
    return f"{told['sha256'][:DIGEST]}  {size}{f', from {files}' if files else ''}"


def holdout(lineage: dict[str, Any]) -> str:

    told = lineage["data"]
    if told is None or not told["holdout_rows"]:
        return "none"
    look = (lineage["holdout"] or {}).get("look")
    return f"{told['holdout_sha256'][:DIGEST]}  {told['holdout_rows']:,} rows, look {look}"


def edits(config: dict[str, Any]) -> str:
    return f", edited: {', '.join(config['sets'])}" if config["sets"] else ""


def code(environment: dict[str, Any]) -> str:
    git, files = environment.get("git"), environment["code"]
    at = "no repository"
    if git is not None:
        at = f"commit {git['commit'][:10]}{', changed since' if git['dirty'] else ''}"
    return f"{at}; {len(files)} Python files beside the config"


MAIN = ("sweeper", "scikit-learn", "numpy", "pandas", "torch", "ray", "optuna")


def packages(environment: dict[str, Any]) -> str:
    found = environment["packages"]
    told = ", ".join(f"{name} {found[name]}" for name in MAIN if name in found)
    return f"{len(found)} installed: {told}"


def params(trial: dict[str, Any]) -> str:

    return ", ".join(f"{name}={told(value)}" for name, value in trial["params"].items())


def scores(lineage: dict[str, Any]) -> str:
    from sweeper.cli.text import number

    return ", ".join(f"{name}={number(value)}" for name, value in lineage["metrics"].items())


def cost(lineage: dict[str, Any]) -> str:
    """Of the whole sweep, up to this version."""
    from sweeper.cli.costs import shares, taken

    told = lineage.get("cost")
    return f"{taken(told)}: {shares(told)}" if told is not None else "not on record"


def alias(version: Any) -> str:
    verdict = version.tags.get("sweeper.verdict", "")
    return verdict or ", ".join(version.aliases) or "none"


def came_after(lineage: dict[str, Any]) -> str:
    parents = [
        f"{each['model']}/{each['version']} (then {each['alias']})" for each in lineage["parents"]
    ]
    return ", ".join(parents) or "nothing: it is the first"
