"""What a worker is told for one fold run."""

from __future__ import annotations

from collections.abc import Callable

from sweeper.app.directory import Directory
from sweeper.app.kept import checkpoint_storage
from sweeper.app.prepare import Prepared
from sweeper.core import rungs
from sweeper.core.endings import winning_model
from sweeper.core.records import HOLDOUT, RunKey, State
from sweeper.core.seeds import derive
from sweeper.core.specs import SweepSpec
from sweeper.ports import Order

FINAL_TIMES, FINAL_LEAST = 3, 60.0
"""The refit and the look at the holdout do more than a fold: so many times its timeout, and
at least so many seconds."""


class Orders:
    """Makes orders. `champion` gives the model that the alias names today, if it is comparable."""

    def __init__(
        self,
        prepared: Prepared,
        directory: Directory,
        champion: Callable[[State], bytes | None],
    ) -> None:
        self._prepared, self._directory, self._champion = prepared, directory, champion

    def __call__(self, state: State, key: RunKey) -> Order:
        spec = state.spec
        params = state.trials[key.trial].params
        seed = derive(spec.seed, key.trial, key.fold)
        if key.fold == HOLDOUT:
            return self._holdout(state, key, seed)
        kept = state.trials[key.trial].checkpoints.get(key.fold)
        return Order(
            key,
            params,
            seed,
            _timeout(spec, key),
            memory=_memory(state, key),
            storage=checkpoint_storage(spec, state.sweep_id, self._directory),
            checkpoint=kept[-1] if kept else None,
            watched=rungs.watched(state, key),
        )

    def _holdout(self, state: State, key: RunKey, seed: int) -> Order:
        artifact, dataset = winning_model(state), self._prepared.dataset
        if artifact is None or dataset is None:
            raise AssertionError("a look at the holdout without a model or data")
        return Order(
            key,
            state.trials[key.trial].params,
            seed,
            _timeout(state.spec, key),
            model=self._directory.read(artifact),
            champion=self._champion(state),
            holdout=dataset.holdout,
        )


def _memory(state: State, key: RunKey) -> int | None:
    """Bytes the run may use; one that is alone on its node may use all there is."""
    memory = state.spec.resources.memory
    if memory is None or (key.trial, key.fold) in state.hungry:
        return None
    return memory * (
        1 if key.fold == HOLDOUT else state.spec.places(state.trials[key.trial].params)
    )


def _timeout(spec: SweepSpec, key: RunKey) -> float | None:
    if spec.timeout is None or key.fold >= 0:
        return spec.timeout
    return max(FINAL_LEAST, FINAL_TIMES * spec.timeout)
