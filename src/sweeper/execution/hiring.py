"""Getting places on the cluster for a slot, and giving them back."""

from __future__ import annotations

import time
from typing import Any

from sweeper.core.rooms import Slot
from sweeper.execution import cluster, lease
from sweeper.execution.gang import Member
from sweeper.execution.hired import Hired
from sweeper.execution.line import Address
from sweeper.ports import Run

PLACED = 15.0
"""Seconds in which a gang that fits has its places, unless others took them."""

NODE = "ray.io/node-id"
"""A label that Ray gives each node."""


class Hiring:
    """Makes leases: a task for a single worker, actors in a placement group for a gang.

    The group is there whole or not at all, so that two sweeps that want the same places do not
    each hold a part and wait for the rest.
    """

    def __init__(
        self, need: dict[str, float], run: Run, address: Address, launch: str, fresh: bool
    ) -> None:
        """`need`: what one place is, in Ray's words. `fresh`: a gang does one run."""
        self._need, self._run, self._address = need, run, address
        self._launch, self._fresh = launch, fresh

    def hire(self, slot: Slot, number: int) -> Hired:
        """A lease for the slot; it may have to wait for its places."""
        need = {name: amount * slot.size for name, amount in self._need.items()}
        if len(slot.nodes) > 1:
            return self._gang(slot, number, need)
        import ray

        task: Any = ray.remote(max_retries=0, max_calls=0)(lease.serve)
        task = task.options(**cluster.placed(slot.node, need))
        reference = task.remote(self._run, self._address, slot, number, self._launch)
        return Hired(number, slot, reference)

    def _gang(self, slot: Slot, number: int, need: dict[str, float]) -> Hired:
        import ray
        from ray.util.placement_group import placement_group
        from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

        group = placement_group(
            [need] * len(slot.nodes),
            strategy="PACK",
            bundle_label_selector=[{NODE: name} for name in slot.nodes],
        )
        actor: Any = ray.remote(Member)
        members = []
        for rank in range(len(slot.nodes)):
            where = PlacementGroupSchedulingStrategy(group, placement_group_bundle_index=rank)
            options = {**cluster.amounts(need), "scheduling_strategy": where, "max_restarts": 0}
            given = (self._run, self._address, slot, number, self._launch, rank)
            members.append(actor.options(**options).remote(*given))
        reference = members[0].lead.remote(members[1:], self._fresh)
        by = time.monotonic() + PLACED
        return Hired(number, slot, reference, members=tuple(members), group=group, placed_by=by)


def dismiss(held: Hired) -> None:
    """Its places are free again; whoever still works there is ended."""
    import ray
    from ray.util.placement_group import remove_placement_group

    if held.group is None:
        ray.cancel(held.reference, force=True)
    else:
        remove_placement_group(held.group)


def has_places(held: Hired) -> bool:
    """Whether a gang's places are its own by now."""
    return held.group is None or bool(held.group.wait(0))
