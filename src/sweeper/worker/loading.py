"""`trial.loader`: an ordinary DataLoader over this rank's part of each global batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sweeper.worker.batches import Arrays, Batches, Deal
from sweeper.worker.gang import Gang


def make_loader(
    data: Any,
    batch_size: int,
    shuffle: bool,
    seed: int,
    gang: Gang,
    epoch: Callable[[], int],
    options: dict[str, Any],
) -> Any:
    """`data`: a Dataset with a length, one array, or a tuple of arrays of equal length.

    ValueError where a batch has fewer rows than there are ranks.
    """
    import torch
    from torch.utils.data import DataLoader, Dataset

    own = isinstance(data, Dataset) or not (isinstance(data, tuple) or hasattr(data, "shape"))
    dataset = data if own else Arrays(data if isinstance(data, tuple) else (data,))
    _check(len(dataset), batch_size, gang.world_size)
    deal = Deal(len(dataset), batch_size, shuffle, seed, gang.rank, gang.world_size)
    batches = Batches(deal, epoch, generator := torch.Generator())
    if own:
        return DataLoader(dataset, batch_sampler=batches, generator=generator, **options)
    return DataLoader(dataset, None, sampler=batches, generator=generator, **options)


def _check(rows: int, batch_size: int, world_size: int) -> None:
    if batch_size < world_size:
        raise ValueError(
            f"batch_size is that of all ranks together: {batch_size} is too few for "
            f"{world_size} ranks"
        )
    if 0 < rows < world_size:
        raise ValueError(f"{rows} rows are too few for {world_size} ranks")
