"""docs/states.md is drawn from the tables, and from nothing else."""

from __future__ import annotations

import runpy
from pathlib import Path

from sweeper.core.transitions import PHASE, RUN, SWEEP, TRIAL

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_of_states_is_what_the_tables_give():
    made = runpy.run_path(str(DOCS / "make_states.py"))
    assert made["content"]() == (DOCS / "states.md").read_text(encoding="utf-8")


def test_every_transition_has_its_arrow():
    page = (DOCS / "states.md").read_text(encoding="utf-8")
    for table in (TRIAL, RUN, SWEEP):
        for (before, event), after in table.items():
            assert f"    {before} --> {after} : {event.__name__}\n" in page
    for before, follow in PHASE.items():
        for after in follow:
            assert f"    {before} --> {after}\n" in page
