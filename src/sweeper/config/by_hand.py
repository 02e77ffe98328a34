"""Trials that a person sets by hand: typed as NAME=VALUE, or in a file."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from sweeper.config.problems import Findings, Mark, raise_problems, rendered, short
from sweeper.config.tree import Listing, Table, Tree, value_of
from sweeper.config.yaml_reader import read_tree
from sweeper.core.space import Domain, Range, Space, Value
from sweeper.names import suggest
from sweeper.ports import ConfigError

Params = dict[str, Value]


def typed(pairs: Sequence[str]) -> Params:
    """One trial from `NAME=VALUE` words, values as in a config. ConfigError lists what is wrong."""
    findings, params = Findings(), {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        mark = Mark(short(pair))
        if not equals or not name:
            findings.problem(mark, "", "expected NAME=VALUE, as C=1.0")
        elif name in params:
            findings.problem(mark, "", f"`{short(name)}` stands twice")
        else:
            tree = read_tree(text, mark, findings)
            params[name] = None if tree is None else value_of(tree)
    if findings.problems:
        raise_problems(rendered(findings.problems))
    return params


def listed_in(path: Path) -> tuple[Params, ...]:
    """Trials from a CSV file (a row each, names in the first), or a YAML or JSON list of them.

    ConfigError says where the file is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    findings = Findings()
    tree = None if path.suffix == ".csv" else read_tree(text, Mark(str(path), 1), findings)
    trials = tuple(_rows(text, path, findings) if path.suffix == ".csv" else _members(tree, path))
    if findings.problems:
        raise_problems(rendered(findings.problems))
    if not trials:
        raise ConfigError(f"{path}: there is no trial in it")
    return trials


def _rows(text: str, path: Path, findings: Findings) -> Iterator[Params]:
    """An empty cell is a parameter that does not exist for this trial."""
    for number, row in enumerate(csv.DictReader(text.splitlines()), start=2):
        mark, params = Mark(str(path), number), {}
        for name, cell in row.items():
            if name is None:
                findings.problem(mark, "", "has more cells than the first row has names")
            elif cell:
                tree = read_tree(cell, mark, findings)
                params[name.strip()] = None if tree is None else value_of(tree)
        yield params


def _members(tree: Tree | None, path: Path) -> Iterator[Params]:
    members = tree.items if isinstance(tree, Listing) else () if tree is None else (tree,)
    for member in members:
        if not isinstance(member, Table):
            raise ConfigError(f"{path}: expected a list of mappings, as [{{C: 1.0}}, {{C: 10}}]")
        yield value_of(member)


def problems(space: Space, params: Mapping[str, Value]) -> Iterator[str]:
    """What is wrong with these parameters, one sentence each; nothing when they are a trial.

    A number may lie outside its range: who sets a trial by hand may look further.
    """
    there = {d.name: d.domain for d in space if d.exists(params)}
    for name in params:
        if name not in there:
            known = any(d.name == name for d in space)
            why = "does not exist together with the others" if known else "is no parameter here"
            yield f"{name} {why}.{'' if known else suggest(name, there)}"
    for name, domain in there.items():
        if name not in params:
            yield f"{name} is missing: expected {_described(domain)}"
        elif not _fits(domain, params[name]):
            yield f"{name}={short(repr(params[name]))}: expected {_described(domain)}"


def _fits(domain: Domain, value: Value) -> bool:
    if not isinstance(domain, Range):
        return domain.contains(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    if domain.log and value <= 0:
        return False
    return Range(value, value, integer=domain.integer).contains(value)


def _described(domain: Domain) -> str:
    if not isinstance(domain, Range):
        return "one of " + ", ".join(short(repr(choice)) for choice in domain.choices[:12])
    kind = "a whole number" if domain.integer else "a number"
    return f"{kind}, searched from {domain.low:g} to {domain.high:g}"
