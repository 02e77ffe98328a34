"""Short folds travel in batches, and a batch waits until it is whole."""

from __future__ import annotations

from sweeper.core import commands as c
from sweeper.core.records import RunKey, Success
from sweeper.core.rooms import Slot
from world import World, spec

SECONDS = 0.001
BATCH = 40  # of such folds


class Short(World):
    """Its folds last a millisecond. `sent`: what a slot had when it got more, and how much."""

    def __init__(self, trials: int) -> None:
        self.sent: list[tuple[int, int]] = []
        super().__init__(spec(trials=trials, pruner="none", refit=False, register=False))

    def feed(self, stimulus) -> None:
        asked, had = len(self.waiting), dict[Slot, int]()
        super().feed(stimulus)
        for command in reversed(list(self.waiting)[asked:]):
            if isinstance(command, c.Dispatch):
                had.setdefault(command.slot, len(self.now().slots[command.slot]))
                had[command.slot] -= len(command.runs)
                self.sent.append((had[command.slot], len(command.runs)))

    def _success(self, key: RunKey) -> Success:
        return Success({"m": self.score(key.trial, key.fold)}, SECONDS)


def test_a_slot_that_has_a_batch_gets_no_part_of_one():
    world = Short(trials=200)
    while not world.finished:
        # asks are answered at once, as they are while workers are busy
        asks = [i for i, each in enumerate(world.waiting) if isinstance(each, c.Ask)]
        world.answer(asks[0] if asks else 0)
    assert sum(size for _, size in world.sent) == 5 * 200
    behind = [size for had, size in world.sent if had >= BATCH]
    assert behind
    assert set(behind) == {BATCH}
    assert len(world.sent) < 2 * 5 * 200 / BATCH
