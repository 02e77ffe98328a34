"""Strict YAML: one document, a mapping at the top, every node with its place.

Reads the parser's events with a stack of its own, so that neither nesting nor aliases
can make it run away. Refused, each with its line: duplicate keys, anchors, aliases,
tags, several documents, keys that are not scalars, control characters, octal-looking
numbers, nesting beyond MOST_LEVELS, text beyond MOST_BYTES.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml  # type: ignore[import-untyped]

from sweeper.config.problems import Findings, Mark, short
from sweeper.config.scalars import Ambiguous, resolve
from sweeper.config.tree import Entry, Listing, Scalar, Table, Tree

MOST_BYTES = 16 * 1024 * 1024
MOST_LEVELS = 40

_LOADER: Any = getattr(yaml, "CLoader", yaml.SafeLoader)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
_HINTS = (
    ("cannot start any token", "a tab is not allowed as indentation, and text that starts with "
                               "@, `, %, & or * wants quotes"),
    ("mapping values are not allowed", "a value that contains `: ` wants quotes, and keys of one "
                                       "mapping start in the same column"),
    ("expected ',' or", "a bracket is not closed"),
    ("could not find expected ':'", "a key wants `: ` after it"),
    ("end of stream", "a quote or a bracket is not closed"),
    ("expected '-' indicator", "a list item wants `- `"),
    ("expected <block end>", "keys of one mapping start in the same column"),
    ("expected key", "keys of one mapping start in the same column"),
)  # fmt: skip


class Stop(Exception):
    """Reading cannot go on; the problem has been noted."""


@dataclass(slots=True)
class _Open:
    """A table or listing whose end has not been read."""

    mark: Mark
    table: bool
    children: list[Tree] = field(default_factory=list)

    def place(self) -> str:
        """The key or index of the value that is being read, empty while a key is."""
        if not self.table:
            return str(len(self.children))
        key = self.children[-1] if len(self.children) % 2 else None
        return key.text if isinstance(key, Scalar) else ""


def decode(content: bytes, source: str, findings: Findings) -> str | None:
    """The file's text; None with a problem noted when it cannot be a config."""
    start = Mark(source, 1)
    if len(content) > MOST_BYTES:
        findings.problem(
            start, "", f"found {len(content):,} bytes; expected at most {MOST_BYTES:,}"
        )
        return None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        findings.problem(Mark(source, line), "", "is not UTF-8; save the file as UTF-8")
        return None
    control = _CONTROL.search(text.replace("\r\n", "\n"))
    if control is None:
        return text
    line = text[: control.start()].count("\n") + 1
    name = f"U+{ord(control.group()):04X}"
    findings.problem(Mark(source, line), "", f"found the control character {name}; remove it")
    return None


def read_document(text: str, source: str, findings: Findings) -> Table | None:
    """The mapping at the top of `text`; None with problems noted when there is none."""
    tree = read_tree(text, Mark(source, 1), findings)
    if tree is None:
        return None
    if isinstance(tree, Table):
        return tree
    if isinstance(tree, Scalar) and tree.empty:
        findings.problem(Mark(source, 1), "", "is empty; expected a config, see `sweeper init`")
    else:
        findings.problem(tree.mark, "", "expected keys at the top, as `name: my_sweep`")
    return None


def read_tree(text: str, start: Mark, findings: Findings) -> Tree | None:
    """One document of any shape. A `start` without a line marks every node as itself."""
    reader = _Reader(start, findings)
    try:
        return reader.read(text)
    except Stop:
        return None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        findings.problem(*_syntax(error, start))
        return None


def _syntax(error: Exception, start: Mark) -> tuple[Mark, str, str]:
    problem = str(getattr(error, "problem", None) or str(error).partition("\n")[0])
    at = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line = 1 if at is None else at.line + 1
    mark = start if start.line is None else Mark(start.source, line)
    hint = next((f"; {hint}" for words, hint in _HINTS if words in problem), "")
    return mark, "", f"is not YAML: {short(problem)}{hint}"


class _Reader:
    """Builds the tree of one document out of events."""

    def __init__(self, start: Mark, findings: Findings) -> None:
        self.start = start
        self.findings = findings
        self.stack: list[_Open] = []
        self.root: Tree | None = None
        self.documents = 0

    def read(self, text: str) -> Tree:
        for event in _events(text):
            self._take(event)
        return self.root or Scalar(None, "", self.start)

    def _take(self, event: Any) -> None:
        if isinstance(event, yaml.DocumentStartEvent):
            self._document(event)
        elif isinstance(event, yaml.AliasEvent):
            self._refuse(event, "aliases (`*`) are not read here; write the value out")
        elif isinstance(event, yaml.ScalarEvent):
            self._check_node(event)
            self._place(self._scalar(event))
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._check_node(event)
            self._push(event)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            opened = self.stack.pop()
            children = tuple(opened.children)
            self._place(self._table(opened) if opened.table else Listing(children, opened.mark))

    def _document(self, event: Any) -> None:
        self.documents += 1
        if self.documents > 1:
            self._refuse(event, "a second document (`---`) starts here; expected one")

    def _push(self, event: Any) -> None:
        if len(self.stack) >= MOST_LEVELS:
            self._refuse(event, f"is nested deeper than {MOST_LEVELS} levels")
        table = isinstance(event, yaml.MappingStartEvent)
        self.stack.append(_Open(self._mark(event), table))

    def _place(self, tree: Tree) -> None:
        if self.stack:
            self.stack[-1].children.append(tree)
        else:
            self.root = tree

    def _scalar(self, event: Any) -> Scalar:
        mark, text = self._mark(event), event.value
        plain = event.style in (None, "")
        if _CONTROL.search(text):
            self._problem(mark, "contains a control character; remove it")
            text = ""
        try:
            return Scalar(resolve(text) if plain else text, text, mark, plain)
        except Ambiguous as error:
            self._problem(mark, str(error))
            return Scalar(text, text, mark, plain)

    def _table(self, opened: _Open) -> Table:
        entries: dict[str, Entry] = {}
        for key, value in zip(opened.children[::2], opened.children[1::2], strict=True):
            if not isinstance(key, Scalar):
                self._problem(key.mark, "a key is a list or a mapping; expected a name")
            elif key.text in entries:
                first = entries[key.text].key.mark
                where = "" if first.line is None else f" first on line {first.line};"
                self._problem(
                    key.mark, f"the key `{short(key.text)}` stands twice,{where} keep one"
                )
            else:
                entries[key.text] = Entry(key, value)
        return Table(tuple(entries.values()), opened.mark)

    def _check_node(self, event: Any) -> None:
        if event.anchor is not None:
            self._problem(self._mark(event), "anchors (`&`) are not read here; write values out")
        if event.tag is not None:
            message = f"tags (`{short(event.tag)}`) are not read here; quote what is text"
            self._problem(self._mark(event), message)

    def _refuse(self, event: Any, message: str) -> None:
        self._problem(self._mark(event), message)
        raise Stop

    def _problem(self, mark: Mark, message: str) -> None:
        path = ".".join(p for p in (short(opened.place()) for opened in self.stack[:8]) if p)
        self.findings.problem(mark, path, message)

    def _mark(self, event: Any) -> Mark:
        if self.start.line is None:
            return self.start
        at = event.start_mark
        return Mark(self.start.source, at.line + 1, at.column + 1)


def _events(text: str) -> Iterator[Any]:
    yield from yaml.parse(text, Loader=_LOADER)


def write(tree: Tree) -> str:
    """The tree as YAML text that reads back as the same tree; comments are gone."""
    return str(yaml.serialize(_node(tree), Dumper=yaml.BaseDumper, allow_unicode=True, width=100))


def _node(tree: Tree) -> yaml.Node:
    if isinstance(tree, Scalar):
        style = None if tree.plain else '"'
        text = "null" if tree.empty else tree.text
        return yaml.ScalarNode("tag:yaml.org,2002:str", text, style=style)
    if isinstance(tree, Listing):
        items = [_node(item) for item in tree.items]
        flow = all(isinstance(item, Scalar) for item in tree.items)
        return yaml.SequenceNode("tag:yaml.org,2002:seq", items, flow_style=flow)
    pairs = [(_node(e.key), _node(e.value)) for e in tree.entries]
    return yaml.MappingNode("tag:yaml.org,2002:map", pairs, flow_style=not pairs)
