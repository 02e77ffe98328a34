"""The names of dimensions: short where that is clear, the full key path where it is not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from sweeper.config.parameters import Draft
from sweeper.core.space import (
    Choice,
    Condition,
    Dimension,
    Fixed,
    Items,
    Node,
    Object,
    Searched,
    Space,
)

Names = Mapping[str, str]
"""From a draft's path to its dimension's name."""


def names_of(drafts: Sequence[Draft]) -> dict[str, str]:
    """A name for every draft, no two alike: `short`, else `long`, else the path."""
    options = {d.path: (d.short, d.long, d.path) for d in drafts}
    level = dict.fromkeys(options, 0)
    while True:
        names = {path: options[path][level[path]] for path in options}
        counts = Counter(names.values())
        clashing = [p for p in options if counts[names[p]] > 1 and level[p] < 2]
        if not clashing:
            return names
        for path in clashing:
            level[path] += 1


def space_of(drafts: Sequence[Draft], names: Names) -> Space:
    """The dimensions, in the order of the config, which puts parents before children."""
    return Space(
        tuple(
            Dimension(
                names[d.path],
                d.domain,
                tuple(Condition(names[c.parameter], c.branch) for c in d.when),
            )
            for d in drafts
        )
    )


def renamed(node: Node, names: Names) -> Node:
    """The same tree, its dimensions called by their names."""
    if isinstance(node, Fixed):
        return node
    if isinstance(node, Searched):
        return Searched(names[node.name])
    if isinstance(node, Items):
        return Items(tuple(renamed(n, names) for n in node.nodes))
    if isinstance(node, Choice):
        branches = tuple((b, renamed(n, names)) for b, n in node.branches)
        return Choice(names[node.name], branches)
    return renamed_object(node, names)


def renamed_object(node: Object, names: Names) -> Object:
    return Object(node.path, tuple((p, renamed(n, names)) for p, n in node.parameters))
