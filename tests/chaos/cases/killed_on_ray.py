"""SIGKILL of the controller at random moments, with Ray."""

from __future__ import annotations

import random
from pathlib import Path

from chaos.killing import torture
from chaos.result import Result
from chaos.tally import Tally

KILLS = 10
"""For each sweep; then it is launched to its end and looked at."""


def run(count: int, seed: int, folder: Path) -> Result:
    """`count` kills: half of them at concurrency 1, half with trials in flight."""
    rng, tally, left, said_of = random.Random(seed), Tally(), count, []
    while left > 0:
        kills, number = min(KILLS, left), len(said_of)
        concurrency = "auto" if number % 2 else "1"
        place = folder / f"sweep-{number}"
        place.mkdir()
        came = torture(place, kills, 40, concurrency, rng.randrange(1 << 30))
        said_of.append(f"concurrency {concurrency}: {came}")
        for _ in range(kills):
            tally.inject("kill", lambda: (0, 0))
        left -= kills
    return tally.result("controller", *said_of)
