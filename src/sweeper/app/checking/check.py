"""What `doctor` finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MOST = 5
"""Findings of one kind that are told one by one."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at; `ok` None: it could not be. `mend`: what to do, where it is not well."""

    name: str
    ok: bool | None
    found: str
    mend: str = ""


def listed(findings: Sequence[str]) -> str:
    """The first few of these, and how many more there are."""
    more = f"; and {len(findings) - MOST:,} more" if len(findings) > MOST else ""
    return "; ".join(findings[:MOST]) + more
