"""Progress as one live table, for terminals."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from sweeper import view
from sweeper.cli.output import Steady
from sweeper.cli.tally import Change, Tally, now_line
from sweeper.cli.text import (
    duration,
    parameters,
    plural,
    searched_by,
    shorten,
    with_spread,
)
from sweeper.core.records import Phase, RunState, State

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

COLOURS = {"complete": "green", "pruned": "yellow", "failed": "red", "running": "cyan"}
EVENTS = 6
"""Lines of what happened last."""

ECHO = 3
"""Columns left free at the right: a typed `^C` must not wrap and shift the table."""

BARS = ((110, 24), (96, 10))
"""Terminal width from which there is room for a progress bar of so many cells."""


class Live:
    """Draws on `stream` from the first state on; what is told goes above the table."""

    def __init__(self, stream: Steady, clock: Callable[[], float] = time.time) -> None:
        import rich.live
        from rich.console import Console

        self.console = Console(file=stream, highlight=False)  # type: ignore[arg-type]
        self.tally = Tally()
        self.events: deque[Change] = deque(maxlen=EVENTS)
        self._clock = clock
        self._live = rich.live.Live(console=self.console, auto_refresh=False, transient=True)

    def observe(self, state: State) -> None:
        """Called from the controller's loop."""
        self.events += self.tally.update(state)
        if not self._live.is_started:
            self._live.start()
        drawn = draw(state, self.tally, list(self.events), self._clock(), self.console.width)
        self._live.update(drawn, refresh=True)

    def notice(self, text: str) -> None:
        from rich.text import Text

        self.console.print(Text(text))

    def close(self) -> None:
        """Leaves the terminal as it was found."""
        self._live.stop()


def draw(state: State, tally: Tally, events: list[Change], wall: float, width: int) -> Table:
    """The whole table, at most `width` columns wide."""
    from rich.box import ROUNDED
    from rich.table import Table
    from rich.text import Text

    spec, spent = state.spec, view.elapsed(state, True, wall)
    table = Table(
        box=ROUNDED,
        show_header=False,
        width=min(width - ECHO, 120),
        title=Text(f"{spec.name} · {searched_by(spec)} · {state.sampler}", style="bold"),
        title_justify="left",
        border_style="dim",
    )
    table.add_column(style="bold", no_wrap=True, width=7)
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    for label, value in (
        ("trials", trials_line(state, tally, width)),
        ("folds", folds_line(state, tally)),
        ("best", best_line(state)),
        ("workers", workers_line(state)),
        ("time", Text(time_line(state, tally, spent))),
        ("now", Text(now_line(state))),
    ):
        table.add_row(label, value)
    for i, change in enumerate(events):
        style = COLOURS.get(change.style, "")
        table.add_row("last" if i == 0 else "", Text(change.text, style=style))
    return table


def trials_line(state: State, tally: Tally, width: int) -> Text:
    from rich.text import Text

    counts, total = tally.counts.trials, state.spec.budget.trials
    line = Text()
    if total:
        cells = next((cells for least, cells in BARS if width >= least), 0)
        done = min(cells, cells * tally.ended // total)
        line.append("━" * done, style="green").append("━" * (cells - done), style="bright_black")
        line.append(f"{' ' if cells else ''}{tally.ended:,} of {total:,}")
    else:
        line.append(f"{tally.ended:,} ended")
    for each in view.ORDER:
        if counts[each]:
            line.append(" · ").append(f"{counts[each]:,} {each}", style=COLOURS[each])
    return line


def folds_line(state: State, tally: Tally) -> Text:
    from rich.text import Text

    counts = tally.counts.folds
    line = Text(f"{counts[RunState.SUCCEEDED]:,} succeeded")
    for each, style in ((RunState.FAILED, "red"), (RunState.LOST, "yellow")):
        if counts[each]:
            line.append(" · ").append(f"{counts[each]:,} {each}", style=style)
    if counts[RunState.CANCELLED]:
        line.append(f" · {counts[RunState.CANCELLED]:,} cancelled")
    flying = sum(len(runs) for runs in state.slots.values())
    return line.append(f" · {flying:,} in flight")


def best_line(state: State) -> Text:
    from rich.text import Text

    best = state.best
    if best is None:
        return Text("none yet", style="dim")
    line = Text(with_spread(best.value, view.spread(state, best)), style="bold green")
    line.append(f"  trial {best.number}", style="not bold default")
    told = shorten(parameters(best.params, state.spec), 300)  # wider than any table here
    line.append(f"  {told}", style="not bold dim default")
    return line


def workers_line(state: State) -> Text:
    from rich.text import Text

    busy = sum(1 for runs in state.slots.values() if runs)
    there = sum(node.slots for node in state.nodes)
    text = f"{busy:,} of {max(busy, there):,} busy"
    return Text(f"{text} on {plural(len(state.nodes), 'node')}" if len(state.nodes) > 1 else text)


def time_line(state: State, tally: Tally, spent: float) -> str:
    left = view.remaining(state, tally.ended, spent)
    line = f"{duration(spent)} elapsed"
    if state.phase is Phase.SEARCH and not state.stopping:
        line += f" · about {duration(left)} left" if left is not None else ""
        if state.spec.budget.time is not None:
            line += f" (limit {duration(state.spec.budget.time)})"
    return line
