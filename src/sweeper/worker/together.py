"""A report of all ranks: one point of the learning curve, and one answer to all."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from sweeper.ports import Channel
from sweeper.worker.gang import Gang
from sweeper.worker.values import InvalidMetric

Values = dict[str, float]


def agreed(gang: Gang, channel: Channel, step: int, own: Values) -> tuple[Values, bool]:
    """Each metric's mean over the ranks, and whether to stop: equal on all of them.

    Rank 0 asks the channel. InvalidMetric, on every rank, where the names differ.
    """
    if gang.world_size == 1:
        return own, bool(channel.report(step, own))

    def decide(brought: Sequence[bytes]) -> bytes:
        return json.dumps(_decided([json.loads(each) for each in brought], channel, step)).encode()

    answer = json.loads(gang.agree(f"trial.report({step})", json.dumps(own).encode(), decide))
    if "wrong" in answer:
        raise InvalidMetric(answer["wrong"])
    return answer["values"], answer["stop"]


def _decided(all_ranks: list[Values], channel: Channel, step: int) -> dict[str, Any]:
    names = set(all_ranks[0])
    for rank, values in enumerate(all_ranks):
        if set(values) != names:
            differ = ", ".join(sorted(names ^ set(values)))
            return {
                "wrong": f"rank {rank} and rank 0 report different metrics at step {step}: "
                f"{differ} comes from one of them only. Every rank must report the same ones"
            }
    means = {name: _mean([values[name] for values in all_ranks]) for name in all_ranks[0]}
    return {"values": means, "stop": bool(channel.report(step, means))}


def _mean(values: list[float]) -> float:
    """Equal values have themselves as their mean, whatever rounding would make of it."""
    if all(value == values[0] for value in values):
        return values[0]
    return math.fsum(values) / len(values)
