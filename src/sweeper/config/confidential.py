"""Secrets in a config, where the sweep would keep them."""

from __future__ import annotations

from sweeper.config.cursor import Cursor
from sweeper.config.problems import Findings, Mark
from sweeper.config.tree import Scalar, Table
from sweeper.secrets import MASKED, mask, names_secret

MASKED_SECTIONS = ("tracking", "journal")
"""What the journal holds without its password; a launch takes that from the config itself."""


def note_secrets(table: Table, findings: Findings, file: Mark) -> None:
    """Notes every text that is, or holds, a secret: all of a config goes into the journal."""
    for name, child in Cursor(table, (), findings, file).children():
        if name not in MASKED_SECTIONS:
            _visit(child, False)


def _visit(at: Cursor, named: bool) -> None:
    """`named`: a key above says that a secret stands below."""
    named = named or names_secret(at.path[-1])
    value = at.tree.value if isinstance(at.tree, Scalar) else None
    if isinstance(value, str) and value and ((named and value != MASKED) or mask(value) != value):
        at.problem(
            "a secret stands here, and a sweep keeps its config; expected no secret: let your "
            "code, or the storage's own library, take it from an environment variable"
        )
    for _, child in at.children():
        _visit(child, named)
