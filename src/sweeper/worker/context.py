"""What a user's training function is given: `train(trial)`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

from sweeper.ports import Channel, Order
from sweeper.worker.checkpoints import Checkpoints
from sweeper.worker.devices import device
from sweeper.worker.gang import Gang
from sweeper.worker.loading import make_loader
from sweeper.worker.parts import LOADABLE, Unkeepable, kind_of
from sweeper.worker.rows import every
from sweeper.worker.spread import distribute, storable
from sweeper.worker.together import agreed
from sweeper.worker.values import InvalidMetric, described, finite, named, usable_name

MOST_STEP = 2**63 - 1
"""What MLflow and a database can hold."""


@dataclass(frozen=True, slots=True)
class TrialData:
    """This fold's rows. Where the source is no table `dataset` is what it returned, the rows
    are None, and the indices say which items are for training and which for validation.
    """

    train_indices: Any
    valid_indices: Any
    X_train: Any = None
    y_train: Any = None
    X_valid: Any = None
    y_valid: Any = None
    weights_train: Any = None
    weights_valid: Any = None
    dataset: Any = None

    def shard(self, rank: int, world_size: int) -> TrialData:
        """Every `world_size`-th row from `rank` on, for training and for validation; views of
        arrays. The dataset is the whole one, with this part's indices."""
        return TrialData(
            **{
                f.name: getattr(self, f.name)
                if f.name == "dataset"
                else every(getattr(self, f.name), rank, world_size)
                for f in fields(self)
            }
        )


@dataclass(frozen=True, slots=True)
class Workplace:
    """What a training function's run stands on. `gpus`: of each worker."""

    order: Order
    gang: Gang
    channel: Channel
    gpus: float = 0


class TrialContext:
    """One run of a training function: its parameters, its rows, its way to report.

    `params`: the trial's parameters by their own names, objects built. `data`: a TrialData,
    None for a sweep without data. `seed` is the run's own, equal on all ranks. `rank`,
    `world_size` and `local_rank` are this worker's place among those that do this run
    together; `report`, `checkpoint` and `resume` are called by all of them, in the same order.
    """

    def __init__(self, params: dict[str, Any], data: TrialData | None, place: Workplace) -> None:
        self.params = params
        self.data = data
        self.seed = place.order.seed
        self.rank = place.gang.rank
        self.world_size = place.gang.world_size
        self.local_rank = place.gang.local_rank
        self.curve: list[tuple[int, dict[str, float]]] = []
        self.saved: list[Any] = []
        self.stopped = False
        self._gang = place.gang
        self._gpus = place.gpus
        self._channel = place.channel
        self._checkpoints = Checkpoints(place.order, place.gang, place.channel)
        self._things: dict[str, Any] = {}
        self._next = self._epoch = 0

    @property
    def device(self) -> str:
        """`cuda:N` when torch is in use and this worker sees a GPU, else `cpu`."""
        return device(self._gang, self._gpus)

    def shard(self) -> TrialData | None:
        """This rank's part of the rows: each row is on one rank, parts differ by one at most."""
        return self.data.shard(self.rank, self.world_size) if self.data is not None else None

    def loader(self, data: Any, batch_size: int = 32, shuffle: bool = True, **options: Any) -> Any:
        """A torch DataLoader over this rank's part of each batch.

        `data`: a Dataset, one array, or a tuple of arrays. `batch_size` is that of all ranks
        together. Each row comes once an epoch over all ranks, in batches that depend on the
        seed and the epoch but not on the number of ranks. `options` are the DataLoader's.
        """
        return make_loader(
            data, batch_size, shuffle, self.seed, self._gang, lambda: self._epoch, options
        )

    def distribute(self, model: Any, strategy: str = "ddp", **options: Any) -> Any:
        """The model on this rank's device, and over all ranks where there are more than one:
        `ddp` (DistributedDataParallel) or `fsdp` (fully_shard), which get the `options`."""
        return distribute(model, strategy, self.device, self.world_size, options)

    def epochs(self, count: int) -> Iterator[int]:
        """0, 1, … count - 1, beginning after the checkpoint that `resume` went on from; ends
        early once this run has been told to stop."""
        for step in range(self._next, count):
            if self.stopped:
                return
            self._epoch = step
            yield step

    steps = epochs

    def report(self, step: int, **metrics: Any) -> bool:
        """Add a point to the learning curve: each metric's mean over all ranks. True means:
        this run is no longer wanted; all ranks are told so at the same step.

        InvalidMetric for a value that is not a finite number, or a step that is no whole one,
        or where the ranks report different metrics.
        """
        at = _step(step)
        own = {_name(name): finite(name, value) for name, value in metrics.items()}
        values, stop = agreed(self._gang, self._channel, at, own)
        self.curve.append((at, values))
        self.stopped = stop or self.stopped
        return self.stopped

    def checkpoint(self, step: int, sharded: bool = False, **things: Any) -> None:
        """Keep all that a later attempt needs to go on after `step`.

        Kept are what `resume` was given, these `things` (modules, what has `state_dict`,
        arrays, plain values), every rank's random generators and the learning curve. Rank 0
        writes it, or, with `sharded`, each rank its part of tensors that are spread out.
        """
        self._checkpoints.write(_step(step), {**self._things, **things}, tuple(self.curve), sharded)

    def resume(self, **things: Any) -> dict[str, Any]:
        """Bring these modules, optimisers, schedulers to where an earlier attempt kept them.

        Gives the plain values that were kept, among them `step`; empty when this run begins
        at the beginning. Call it last before the loop: the random generators go on as well.
        """
        unloadable = [n for n, thing in things.items() if kind_of(n, thing) not in LOADABLE]
        if unloadable:
            raise Unkeepable(
                f"resume loads into things with load_state_dict, not into {unloadable[0]!r}: "
                "arrays and plain values are in what it returns"
            )
        self._things |= things
        found = self._checkpoints.read(things)
        if found is None:
            return {}
        values, curve = found
        self.curve[:] = curve
        self._next = self._epoch = int(values["step"]) + 1
        self.log(f"goes on after step {values['step']}")
        return values

    def save(self, model: Any) -> None:
        """Keep `model` as what this trial has to show; the last one saved by rank 0 counts.

        A model that FSDP has spread out is put together here: then all ranks call this.
        """
        self.saved[:] = [storable(model)]

    def log(self, *words: Any) -> None:
        """Write a line to this run's log."""
        print(*words, flush=True)


def _step(step: Any) -> int:
    try:
        at = int(step)
    except (TypeError, ValueError, OverflowError):
        raise InvalidMetric(
            f"the step of a report must be a whole number, {described(step)}"
        ) from None
    if abs(at) > MOST_STEP:
        raise InvalidMetric("the step of a report must fit into 64 bits")
    return at


def _name(name: str) -> str:
    if not usable_name(name):
        raise InvalidMetric(f"the metric name {named(name)} is too long or not printable")
    return name
