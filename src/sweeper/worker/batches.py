"""Dealing rows into global batches, and each batch to the ranks.

The batches depend on the rows' number, the batch size, the seed and the epoch, not on how
many workers there are: N workers together see in each step what one worker would. Every row
comes once an epoch, all ranks take the same number of steps, and none gets an empty batch.
Batches are of nearly equal size instead of a small one at the end.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from sweeper.core.seeds import derive


@dataclass(frozen=True, slots=True)
class Deal:
    """How rows are dealt: `batch_size` is that of all ranks together."""

    rows: int
    batch_size: int
    shuffle: bool
    seed: int
    rank: int = 0
    world_size: int = 1

    @property
    def steps(self) -> int:
        """As many as batches are needed; fewer where a rank would get nothing of one."""
        if not self.rows:
            return 0
        return max(1, min(math.ceil(self.rows / self.batch_size), self.rows // self.world_size))

    @property
    def sizes(self) -> list[int]:
        """Rows of each step's batch, over all ranks."""
        bounds = [i * self.rows // self.steps for i in range(self.steps + 1)] if self.rows else []
        return [b - a for a, b in pairwise(bounds)]

    def batches(self, epoch: int) -> Iterator[list[int]]:
        """This rank's part of each batch: row numbers."""
        order = np.arange(self.rows)
        if self.shuffle:
            order = np.random.default_rng([self.seed, epoch]).permutation(self.rows)
        at = 0
        for size in self.sizes:
            yield order[at : at + size][self.rank :: self.world_size].tolist()
            at += size


class Batches:
    """The batch sampler of a DataLoader.

    Every pass is another epoch: that of `trial.epochs` where the loop is one, else counted.
    Seeds `generator`, from which the loader's workers get theirs, for each pass.
    """

    def __init__(self, deal: Deal, epoch: Callable[[], int], generator: Any) -> None:
        self.deal = deal
        self._epoch, self._generator = epoch, generator
        self._at, self._passes = -1, 0

    def set_epoch(self, epoch: int) -> None:
        """What libraries call that count epochs themselves."""
        self._epoch = lambda: epoch

    def __len__(self) -> int:
        return self.deal.steps

    def __iter__(self) -> Iterator[list[int]]:
        epoch = self._epoch()
        self._passes = self._passes + 1 if epoch == self._at else 0
        self._at = epoch
        seed = derive(self.deal.seed, epoch, self._passes)
        self._generator.manual_seed((seed + self.deal.rank) % 2**63)
        return self.deal.batches(seed if self._passes else epoch)


class Arrays:
    """Arrays of equal length as a dataset: a whole batch is taken at once.

    They stay where they are, also in memory that is shared and read-only.
    """

    def __init__(self, arrays: Sequence[Any]) -> None:
        self._arrays = [a if hasattr(a, "detach") else np.asarray(a) for a in arrays]
        lengths = {len(a) for a in self._arrays}
        if len(lengths) != 1:
            raise ValueError(f"arrays for a loader must be of equal length, found {lengths}")

    def __len__(self) -> int:
        return len(self._arrays[0])

    def __getitem__(self, rows: list[int]) -> Any:
        import torch

        taken = tuple(torch.as_tensor(array[rows]) for array in self._arrays)
        return taken if len(taken) > 1 else taken[0]
