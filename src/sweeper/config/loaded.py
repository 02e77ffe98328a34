"""Reading a config file: its only way in."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sweeper.config.confidential import note_secrets
from sweeper.config.imports import importable
from sweeper.config.overrides import override
from sweeper.config.problems import (
    MOST,
    Finding,
    Findings,
    Mark,
    TooMany,
    did_you_mean,
    rendered,
    short,
)
from sweeper.config.schema import Meanwhile, Outcome, named_as, read_spec
from sweeper.config.tree import Listing, Table, Tree
from sweeper.config.yaml_reader import MOST_BYTES, decode, read_document, write
from sweeper.core.codec import encode_record
from sweeper.core.specs import DataSpec, SweepSpec
from sweeper.ports import Problem
from sweeper.secrets import mask

_INDEX = re.compile(r"\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A config as read. `spec` is set exactly when there are no problems.

    `data` is set when the data section alone was good, so that the data can be looked at
    while other things are wrong. `task`: classification, regression, or None when neither
    the metric nor the estimators tell. `text` is the config after overrides, fit to be
    written to disk: secrets are masked. `digest`: SHA-256 of what the spec says, wherever
    its file lies; empty without a spec.
    """

    spec: SweepSpec | None
    data: DataSpec | None
    task: str | None
    problems: tuple[str, ...]
    warnings: tuple[str, ...]
    text: str
    digest: str
    file: str
    places: Mapping[str, Mark] = field(default_factory=dict, repr=False)

    def locate(self, problem: Problem) -> str:
        """An adapter's problem with file and line, those of its key or the nearest above."""
        path = _INDEX.sub(r".\1", problem.path)
        parts = path.split(".") if path else []
        for length in range(len(parts), 0, -1):
            place = self.places.get(".".join(parts[:length]))
            if place is not None:
                return str(Finding(place, path, problem.message))
        return str(Finding(Mark(self.file, 1), path, problem.message))


def read(
    path: Path,
    overrides: Sequence[str] = (),
    name: str | None = None,
    directory: Path | None = None,
    meanwhile: Meanwhile = lambda data: None,
) -> Loaded:
    """Reads and checks a config with everything that it names; raises nothing a user causes.

    `overrides` are `key.path=value`, or `-key.path` to leave a key out; `name` takes the
    place of the config's. Imports the classes and functions named, the user's own from the
    config's folder too, which is `directory` where the file is a copy kept elsewhere.
    `meanwhile`: see `schema.Meanwhile`.
    """
    findings, source = Findings(), str(path)
    folder = directory or path.resolve().parent
    try:
        table, text, found = _read(path, folder, overrides, name, findings, meanwhile)
    except TooMany:
        more = Finding(Mark(source, 1), "", f"has more than {MOST} problems; these are some")
        findings.problems.append(more)
        table, text, found = None, "", None
    return Loaded(
        spec=found.spec if found else None,
        data=found.data if found else None,
        task=found.task if found else None,
        problems=rendered(findings.problems),
        warnings=rendered(findings.warnings),
        text=mask(text),
        digest=digest_of(found.spec) if found and found.spec else "",
        file=source,
        places=_places(table) if table is not None else {},
    )


def _read(
    path: Path,
    directory: Path,
    overrides: Sequence[str],
    name: str | None,
    findings: Findings,
    meanwhile: Meanwhile,
) -> tuple[Table | None, str, Outcome | None]:
    """The tree after overrides, its text, and what it says."""
    table, text = _table(path, findings)
    if table is None:
        return None, text, None
    for item in overrides:
        table = override(table, item, findings)
    if name is not None:
        table = named_as(table, name)
    note_secrets(table, findings, Mark(str(path), 1))
    with importable(directory):
        found = read_spec(table, directory, Mark(str(path), 1), findings, meanwhile)
    return table, write(table) if overrides or name is not None else text, found


def _table(path: Path, findings: Findings) -> tuple[Table | None, str]:
    source = str(path)
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        findings.problem(Mark(source, 1), "", _unreadable(path, error))
        return None, ""
    text = decode(content, source, findings)
    if text is None:
        return None, ""
    table = read_document(text, source, findings)
    return table, text


def _unreadable(path: Path, error: OSError) -> str:
    if not isinstance(error, FileNotFoundError):
        return f"cannot be read: {error.strerror}; expected a config file"
    folder = path.parent
    names = [p.name for p in folder.iterdir()] if folder.is_dir() else []
    near = did_you_mean(path.name, [n for n in names if n.endswith((".yaml", ".yml"))])
    return f"there is no file `{short(path.name)}` in `{short(folder)}`{near}"


def digest_of(spec: SweepSpec) -> str:
    """SHA-256 of the spec's content; the folder that it was read from is no part of it."""
    body = encode_record(replace(spec, directory="."))
    canonical = json.dumps(body, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _places(table: Table) -> dict[str, Mark]:
    """Every key path of the config with the place of its key."""
    places: dict[str, Mark] = {}

    def visit(tree: Tree, path: tuple[str, ...]) -> None:
        if isinstance(tree, Table):
            for entry in tree.entries:
                inner = (*path, entry.key.text)
                places[".".join(inner)] = entry.key.mark
                visit(entry.value, inner)
        elif isinstance(tree, Listing):
            for i, item in enumerate(tree.items):
                inner = (*path, str(i))
                places[".".join(inner)] = item.mark
                visit(item, inner)

    visit(table, ())
    return places
