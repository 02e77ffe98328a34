"""What a sampler may know stays as it was when it was asked."""

from __future__ import annotations

import pytest

from sweeper.core.history import Known
from sweeper.core.records import HistoryEntry, Trial


def entry(number: int) -> HistoryEntry:
    return HistoryEntry(number, {"x": number}, float(number))


@pytest.mark.parametrize("running", [0, 1, 3])
@pytest.mark.parametrize("ended", [0, 1, 4])
def test_it_is_the_sequence_of_what_had_ended_and_what_runs(ended, running):
    grows = [entry(n) for n in range(ended)]
    runs = [Trial(100 + n, {"x": n}, "sampler", 0.0) for n in range(running)]
    expected = [*grows, *(HistoryEntry(t.number, t.params, None, running=True) for t in runs)]
    known = Known(grows, runs)
    grows.append(entry(50))
    assert list(known) == expected
    assert len(known) == len(expected)
    bounds = [None, *range(-9, 10)]
    for start in bounds:
        for stop in bounds:
            for step in (None, 1, 2, -1):
                assert known[start:stop:step] == expected[start:stop:step]
    for index in range(-len(expected), len(expected)):
        assert known[index] == expected[index]
    for index in (len(expected), -len(expected) - 1):
        with pytest.raises(IndexError):
            known[index]
