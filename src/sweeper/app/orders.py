"""What a worker is told for one fold run."""

from __future__ import annotations

from collections.abc import Callable

from sweeper.app.directory import Directory
from sweeper.app.prepare import Prepared
from sweeper.core.endings import winning_model
from sweeper.core.records import HOLDOUT, REFIT, RunKey, State
from sweeper.core.seeds import derive
from sweeper.ports import Order

REFIT_TIME = 3
"""The refit sees more rows than a fold: it gets so many times the fold's timeout."""


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
        times = REFIT_TIME if key.fold == REFIT else 1
        timeout = spec.timeout * times if spec.timeout is not None else None
        return Order(key, params, seed, timeout)

    def _holdout(self, state: State, key: RunKey, seed: int) -> Order:
        artifact, dataset = winning_model(state), self._prepared.dataset
        if artifact is None or dataset is None:
            raise AssertionError("a look at the holdout without a model or data")
        return Order(
            key,
            state.trials[key.trial].params,
            seed,
            model=self._directory.read(artifact),
            champion=self._champion(state),
            holdout=dataset.holdout,
        )
