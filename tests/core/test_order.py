"""At concurrency 1 a sweep comes to the same end, whatever order folds come in and whatever dies."""

from __future__ import annotations

import hashlib
import random

import pytest

from sweeper.core import commands as c
from sweeper.core import stimuli
from sweeper.core.history import known
from sweeper.core.records import RunKey, Success
from world import World, spec


class Learner(World):
    """Its sampler learns: a suggestion is made of all that came before."""

    def __init__(self, pruner: str, rng: random.Random) -> None:
        self.rng = rng
        super().__init__(spec(trials=25, pruner=pruner, concurrency=1), score=self._score)

    def answer_any(self) -> None:
        index = self.rng.randrange(len(self.waiting))
        asked = self.waiting[index]
        if not isinstance(asked, c.Ask):
            return self.answer(index)
        del self.waiting[index]
        self.t += 1.0
        digest = hashlib.sha256(repr(([*known(self.now())], asked.trial)).encode()).digest()
        params = {"x": int.from_bytes(digest[:4], "big") / 2**32}
        return self.feed(stimuli.Suggested(self.t, asked.trial, params, 0.001))

    def _score(self, trial: int, fold: int) -> float:
        """Many trials are nearly as good as one another, and some exactly."""
        x = float(self.now().trials[trial].params["x"])
        noise = random.Random(f"{x}/{fold}").gauss(0, 0.01)
        return round(360 * (1 - 0.3 * (1 - x) ** 2 + 0.02 * fold + noise)) / 360

    def _success(self, key: RunKey) -> Success:
        """Folds last some milliseconds, sometimes more: what is sent ahead differs."""
        return Success({"m": self.score(key.trial, key.fold)}, 0.05 * self.rng.uniform(0.1, 3))


def end(pruner: str, seed: int, crash: float) -> list[tuple[object, ...]]:
    """All trials of a sweep whose controller dies with this chance at each step."""
    world = Learner(pruner, random.Random(seed))
    while not world.finished:
        if world.rng.random() < crash:
            world.launch()
        else:
            world.answer_any()
    trials = sorted(world.now().trials.items())
    return [(number, trial.params, trial.state, trial.value) for number, trial in trials]


@pytest.mark.parametrize("pruner", ["racing", "median", "wilcoxon"])
def test_neither_the_order_of_folds_nor_crashes_change_what_a_sweep_comes_to(pruner):
    expected = end(pruner, seed=0, crash=0.0)
    assert {state for _, _, state, _ in expected} >= {"complete"}
    for seed in range(1, 7):
        assert end(pruner, seed, crash=0.0 if seed < 3 else 0.06) == expected
