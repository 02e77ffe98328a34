"""What the sampler may know at an ask: the journal up to there."""

from __future__ import annotations

from sweeper.core.records import HistoryEntry, State


def known(state: State) -> tuple[HistoryEntry, ...]:
    """The ended trials, those of other sweeps among them, then the running ones."""
    running = (
        HistoryEntry(n, state.trials[n].params, None, running=True) for n in sorted(state.running)
    )
    return (*state.history, *running)
