"""What the sampler may know at an ask: the journal up to there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import chain, islice
from typing import overload

from sweeper.core.records import HistoryEntry, State, Trial


class Known(Sequence[HistoryEntry]):
    """What `ended` has now, whatever is appended to it later, and then the `running` trials.

    Nothing is copied: of a long sweep each ask would pay for all that came before, and not every
    sampler looks at it.
    """

    def __init__(self, ended: list[HistoryEntry], running: Sequence[Trial]) -> None:
        self._ended, self._count, self._under_way = ended, len(ended), running

    @cached_property
    def _running(self) -> list[HistoryEntry]:
        return [HistoryEntry(t.number, t.params, None, running=True) for t in self._under_way]

    def __len__(self) -> int:
        return self._count + len(self._under_way)

    def __iter__(self) -> Iterator[HistoryEntry]:
        return chain(islice(self._ended, self._count), self._running)

    @overload
    def __getitem__(self, index: int) -> HistoryEntry: ...
    @overload
    def __getitem__(self, index: slice) -> list[HistoryEntry]: ...
    def __getitem__(self, index: int | slice) -> HistoryEntry | list[HistoryEntry]:
        places = range(len(self))[index]
        if isinstance(places, int):
            behind = places - self._count
            return self._ended[places] if behind < 0 else self._running[behind]
        if places.step != 1:
            return [self[place] for place in places]
        ended = self._ended[places.start : min(places.stop, self._count)]
        ahead = max(0, places.start - self._count)
        return [*ended, *self._running[ahead : max(0, places.stop - self._count)]]


def known(state: State) -> Known:
    """The ended trials, those of other sweeps among them, then the running ones."""
    return Known(state.history, [state.trials[number] for number in sorted(state.running)])
