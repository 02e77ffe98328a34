"""Writes docs/states.md: the transition tables of `sweeper.core.transitions` as pictures.

Run it again with `python docs/make_states.py` after a change of the tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path

from sweeper.core.records import Phase, RunState, SweepState, TrialState
from sweeper.core.transitions import PHASE, RUN, SWEEP, TRIAL

FILE = Path(__file__).parent / "states.md"

HEAD = """\
# States

Drawn from the tables in `src/sweeper/core/transitions.py` by `docs/make_states.py`: don't edit this file. An arrow is an
event; an event for which there is no arrow is a defect, or a journal that was tampered with, and is refused.
"""

ABOUT = {
    "Trial": "One set of parameters. A pruned trial may come back: under asha when it is among the best of its rung after\n"
    "all, under racing before the sweep ends, if it might still beat the winner.",
    "Fold run": "One attempt at one fold of one trial, and likewise the refit and the look at the holdout. `failed` counts\n"
    "against the retries of its class, `lost` and `cancelled` do not. A run that ended never changes again: late news of it\n"
    "is nothing.",
    "Sweep": "A sweep that is `running` while no controller holds its lock is shown as `interrupted`. `finished` goes back to\n"
    "`running` when it is launched with more budget.",
    "Phases": "Where a running sweep is on its way. Phases are passed over when they have nothing to do: revival without\n"
    "racing, refit with `refit: false`, holdout with `holdout: none`, register with `register: none`. More budget leads back\n"
    "to the search.",
}


def content() -> str:
    """The whole page."""
    phases = ((a, "", b) for a, follow in PHASE.items() for b in follow)
    parts = (
        section("Trial", TrialState.RUNNING, moves(TRIAL)),
        section("Fold run", RunState.RUNNING, moves(RUN)),
        section("Sweep", SweepState.RUNNING, moves(SWEEP)),
        section("Phases", Phase.SEARCH, phases),
    )
    return "\n".join((HEAD, *parts))


def moves(
    table: Mapping[tuple[StrEnum, type], StrEnum],
) -> Iterable[tuple[StrEnum, str, StrEnum]]:
    return ((before, event.__name__, after) for (before, event), after in table.items())


def section(title: str, first: StrEnum, arrows: Iterable[tuple[StrEnum, str, StrEnum]]) -> str:
    lines = [f"    [*] --> {first}"]
    for before, event, after in arrows:
        lines.append(f"    {before} --> {after}" + (f" : {event}" if event else ""))
    picture = "\n".join(lines)
    return f"## {title}\n\n{ABOUT[title]}\n\n```mermaid\nstateDiagram-v2\n{picture}\n```\n"


if __name__ == "__main__":
    FILE.write_text(content(), encoding="utf-8")
