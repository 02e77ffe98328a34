"""`--set KEY=VALUE`: puts values into the config's tree before it is checked."""

from __future__ import annotations

from sweeper.config.problems import Findings, Mark, short
from sweeper.config.tree import Entry, Listing, Scalar, Table, Tree, described
from sweeper.config.yaml_reader import MOST_LEVELS, read_tree
from sweeper.secrets import mask


class _Unfit(Exception):
    """The message says why the key cannot be set."""


def override(table: Table, text: str, findings: Findings) -> Table:
    """The config with one `key.path=value` applied; problems name the override.

    Mappings on the way that do not exist are made; members of a list are numbers. With
    `-key.path` the key is left out.
    """
    if text.startswith("-"):
        return _unset(table, text[1:], findings)
    mark = Mark(f"--set {mask(short(text))}")
    key, equals, value = text.partition("=")
    parts = key.strip().split(".")
    if not equals or not all(parts) or len(parts) > MOST_LEVELS:
        findings.problem(mark, "", "expected KEY=VALUE, as --set budget.trials=5")
        return table
    tree = read_tree(value, mark, findings)
    if tree is None:
        return table
    try:
        changed = _put(table, parts, tree, mark)
    except _Unfit as error:
        findings.problem(mark, key.strip(), str(error))
        return table
    return changed if isinstance(changed, Table) else table


def _unset(table: Table, key: str, findings: Findings) -> Table:
    found = _without(table, key.split("."))
    if found is None:
        findings.problem(Mark(f"--unset {short(key)}"), "", "the config has no such key")
        return table
    return found


def _without(table: Table, parts: list[str]) -> Table | None:
    """The mapping without this key below it; None when it is not there."""
    entry = table.get(parts[0])
    if entry is None:
        return None
    if not parts[1:]:
        return Table(tuple(e for e in table.entries if e is not entry), table.mark)
    inner = _without(entry.value, parts[1:]) if isinstance(entry.value, Table) else None
    if inner is None:
        return None
    entries = tuple(Entry(e.key, inner) if e is entry else e for e in table.entries)
    return Table(entries, table.mark)


def _put(tree: Tree | None, parts: list[str], value: Tree, mark: Mark) -> Tree:
    if not parts:
        return value
    if isinstance(tree, Listing):
        return _put_in_list(tree, parts, value, mark)
    if tree is None or (isinstance(tree, Scalar) and tree.empty):
        tree = Table((), mark)
    if isinstance(tree, Scalar):
        raise _Unfit(
            f"`{short(parts[0])}` cannot be set inside {described(tree)}; "
            "expected a mapping there: set the whole key"
        )
    present = tree.get(parts[0])
    inner = _put(present.value if present else None, parts[1:], value, mark)
    new = Entry(Scalar(parts[0], parts[0], mark), inner)
    if present is None:
        return Table((*tree.entries, new), tree.mark)
    kept = new if not parts[1:] else Entry(present.key, inner)
    entries = tuple(kept if e is present else e for e in tree.entries)
    return Table(entries, tree.mark)


def _put_in_list(tree: Listing, parts: list[str], value: Tree, mark: Mark) -> Listing:
    number = parts[0]
    if not (number.isascii() and number.isdigit() and len(number) < 6):
        raise _Unfit(f"`{short(number)}` is no place in {described(tree)}; expected a number")
    if int(number) >= len(tree.items):
        raise _Unfit(f"there is no number {int(number)} in {described(tree)}, counted from 0")
    items = list(tree.items)
    items[int(number)] = _put(items[int(number)], parts[1:], value, mark)
    return Listing(tuple(items), tree.mark)
