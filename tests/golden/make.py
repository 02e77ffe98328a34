"""Writes the golden journals. Run only when the format changes on purpose; old ones stay."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1] / "src")]

from sweeper.core import codec  # noqa: E402
from sweeper.core.events import TrialCompleted  # noqa: E402
from sweeper.journal.file import dump  # noqa: E402
from world import World, spec  # noqa: E402


def write(name: str, records: list[list[object]]) -> None:
    lines, seq = [], 1
    for record in records:
        lines.append(dump(seq, record))
        seq += len(record)
    (HERE / name).write_bytes(b"".join(lines))


def main() -> None:
    world = World(spec(trials=10, concurrency=1), slots=1)
    world.run()
    records = [[codec.decode(body) for body in record] for record in world.records]
    write("v1-finished.jsonl", records)
    write("v1-interrupted.jsonl", records[: len(records) // 2])
    best = world.now().best
    twice = TrialCompleted(world.now().now, best.number, 0.99, "all 5 folds")
    write("v1-refused.jsonl", [*records, [twice]])


if __name__ == "__main__":
    main()
