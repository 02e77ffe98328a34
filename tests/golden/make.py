"""Writes the golden journals. Run only when the format changes on purpose; old ones stay."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1] / "src")]

from sweeper.core import codec, stimuli  # noqa: E402
from sweeper.core import commands as c  # noqa: E402
from sweeper.core.events import TrialCompleted  # noqa: E402
from sweeper.core.records import DataDigest, FailureKind, HistoryEntry, Node  # noqa: E402
from sweeper.core.specs import Budget, PrunerSpec  # noqa: E402
from sweeper.journal.file import dump  # noqa: E402
from world import Underway, World, failure, spec  # noqa: E402


def write(name: str, records: list[list[object]]) -> None:
    lines, seq = [], 1
    for record in records:
        lines.append(dump(seq, record))
        seq += len(record)
    (HERE / name).write_bytes(b"".join(lines))


def records_of(world: World) -> list[list[object]]:
    return [[codec.decode(body) for body in record] for record in world.records]


def controlled() -> World:
    """Every wish, a refusal, trials of another sweep, other data, each class of failure."""
    world = World(spec(trials=6, pruner="none", concurrency=2), slots=2)
    entries = (HistoryEntry(-1, {"x": 0.5}, 0.7), HistoryEntry(-2, {"x": 0.9}, None, bad=True))
    data = stimuli.DataChange(DataDigest("e" * 64, 60, ()), world.now().splits)
    loan = stimuli.Loan("other", "f" * 16, entries)
    changes = (("packages.numpy", "2.4", "2.5"),)
    launched = stimuli.Launched(
        world.t, 1.7e9, "host", 2, {}, "ana", None, 0, changes, data, (loan,)
    )
    world.feed(launched)
    world.feed(stimuli.CapacityChanged(world.t, (Node("n", 2),)))
    before = world.now().spec
    after = dataclasses.replace(before, budget=Budget(8, 3600.0))
    told = (("budget.trials", 6, 8),)
    for wish in (
        stimuli.Pause(),
        stimuli.Resume(),
        stimuli.Resume(),
        stimuli.Edit(before, after, told, ("budget.trials=8",)),
        stimuli.Enqueue(({"x": 0.25}, {"x": 0.75})),
    ):
        world.wish(wish)
    kinds = list(FailureKind)
    while not world.finished:
        if not world.waiting:
            world.rest()
        fails = kinds and isinstance(world.waiting[0], c.Dispatch) and len(world.ran) > 8
        world.answer(outcome=failure(kinds.pop()) if fails else None)
        if len(world.ran) == 20 and world.now().running:
            world.wish(stimuli.CancelTrial(min(world.now().running)))
    return world


def curves() -> World:
    """asha on learning curves: set aside, taken up from checkpoints, a failure, another pruner."""
    asha = PrunerSpec("asha", max_steps=9, reduction=2)

    def curve(trial: int, fold: int, step: int) -> float:
        return (1 - 0.05 * trial + 0.01 * fold) * (1 - 0.8 ** (step + 1))

    world = World(spec(trials=12, pruner=asha), 2, 2, curve=curve, steps=9, keep=2)
    failures = [failure(FailureKind.ERROR)]
    while not world.finished:
        if not world.waiting:
            world.rest()
            continue
        fails = failures and isinstance(world.waiting[0], Underway) and len(world.trained) == 30
        world.answer(outcome=failures.pop() if fails else None)
        if len(world.trained) > 45 and not world.now().taken:
            before = world.now().spec
            hyperband = PrunerSpec("hyperband", max_steps=9)
            search = dataclasses.replace(before.search, pruner=hyperband)
            after = dataclasses.replace(before, search=search)
            world.wish(stimuli.Edit(before, after, (), ("search.pruner.name=hyperband",)))
    return world


def main() -> None:
    write("v1-curves.jsonl", records_of(curves()))
    write("v1-controlled.jsonl", records_of(controlled()))
    world = World(spec(trials=10, concurrency=1), slots=1)
    world.run()
    records = records_of(world)
    write("v1-finished.jsonl", records)
    write("v1-interrupted.jsonl", records[: len(records) // 2])
    best = world.now().best
    twice = TrialCompleted(world.now().now, best.number, 0.99, "all 5 folds")
    write("v1-refused.jsonl", [*records, [twice]])


if __name__ == "__main__":
    main()
