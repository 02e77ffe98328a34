"""Short folds travel in batches, and a batch waits until it is whole."""

from __future__ import annotations

import pytest

from sweeper.core import commands as c
from sweeper.core.records import RunKey, Success
from sweeper.core.rooms import Slot
from world import World, spec

TRIALS = 400


class Short(World):
    """Its folds last `seconds`. `sent`: what a slot had when it got more, and how much."""

    def __init__(self, seconds: float, sampler: str, pruner: str = "none") -> None:
        self.sent: list[tuple[int, int]] = []
        self.seconds = seconds
        sweep = spec(trials=TRIALS, pruner=pruner, refit=False, register=False)
        super().__init__(sweep, sampler=sampler)

    def feed(self, stimulus) -> None:
        asked, had = len(self.waiting), dict[Slot, int]()
        super().feed(stimulus)
        for command in reversed(list(self.waiting)[asked:]):
            if isinstance(command, c.Dispatch):
                had.setdefault(command.slot, len(self.now().slots[command.slot]))
                had[command.slot] -= len(command.runs)
                self.sent.append((had[command.slot], len(command.runs)))

    def check(self) -> None:
        """Each time would be minutes, with so many trials: once, at the end."""
        if self.finished:
            super().check()

    def _success(self, key: RunKey) -> Success:
        return Success({"m": self.score(key.trial, key.fold)}, self.seconds)


@pytest.mark.parametrize(
    ("seconds", "sampler", "batch"),
    [(0.001, "random", 64), (0.025, "random", 10), (0.001, "tpe", 40), (0.025, "tpe", 2)],
)
def test_a_slot_that_has_a_batch_gets_no_part_of_one(seconds, sampler, batch):
    world = Short(seconds, sampler)
    while not world.finished:
        # asks are answered at once, as they are while workers are busy
        asks = [i for i, each in enumerate(world.waiting) if isinstance(each, c.Ask)]
        world.answer(asks[0] if asks else 0)
    assert sum(size for _, size in world.sent) == 5 * TRIALS
    behind = [size for had, size in world.sent if had >= batch]
    assert behind
    assert set(behind) == {batch}
    assert len(world.sent) < 2 * 5 * TRIALS / batch


def test_batches_are_small_where_a_pruner_waits_for_results():
    world = Short(0.005, "random", "racing")
    while not world.finished:
        world.answer(0)
    assert max(size for _, size in world.sent) <= 8
