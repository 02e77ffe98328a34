"""The end of a sweep: from the refitted winner to a version in the registry."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sweeper.app.control import author
from sweeper.app.directory import Directory
from sweeper.app.prepare import Prepared
from sweeper.core.account import of_sweep
from sweeper.core.endings import winning_model
from sweeper.core.records import REFIT, Artifact, Phase, Registered, State, Trial
from sweeper.core.scoring import mean
from sweeper.core.seeds import derive
from sweeper.core.space import Value
from sweeper.mlflow_store import Store, load, where
from sweeper.ports import Champion, FileUnwritable, Journal, Registration, SweeperError

if TYPE_CHECKING:
    from sweeper.registry.mlflow_registry import MlflowRegistry


class Registering:
    """Called with the state once the winner is scored; gives the version it became."""

    def __init__(
        self,
        prepared: Prepared,
        directory: Directory,
        journal: Journal,
        shape: Callable[[], dict[str, Value]],
    ) -> None:
        """`shape` tells what the cluster looks like, for the lineage."""
        self._prepared, self._directory, self._journal = prepared, directory, journal
        self._shape = shape
        self._compared: Champion | None = None
        self._foreseen = False

    def __call__(self, state: State) -> Registered:
        spec, best, model = state.spec, state.best, winning_model(state)
        if spec.register is None or best is None or model is None:
            raise AssertionError("registering without a winner")
        dataset = self._prepared.dataset
        registry = self._registry(state)
        lineage, files = self._lineage(state, best, model), self._files(state)
        found = registry.register(
            Registration(
                sweep=spec.name,
                sweep_id=state.sweep_id,
                model=spec.register.model,
                alias=spec.register.alias,
                when=spec.register.when,
                gate=spec.register.gate,
                by=author(),
                model_file=str((self._directory.path / model.path).resolve()),
                columns=dataset.columns if dataset else (),
                task=dataset.task if dataset else "none",
                target=spec.data.target if spec.data else None,
                classes=dataset.classes if dataset else (),
                lineage=lineage,
                holdout=looked(state),
                files=files,
                directory=spec.directory,
            )
        )
        pictures = {n: Path(path).read_bytes() for n, path in files.items() if n.endswith(".png")}
        registry.card(registry.show(found.model, str(found.version)), lineage, pictures)
        return found

    def foresee(self, state: State) -> None:
        """Import MLflow, which takes seconds, while workers do the last runs."""
        if self._foreseen or state.spec.register is None:
            return
        if state.phase in (Phase.REFIT, Phase.HOLDOUT):
            self._foreseen = True
            threading.Thread(target=self._load).start()

    def _load(self) -> None:
        with contextlib.suppress(Exception):  # registering will meet the same and say so
            load(self._store().uri)

    def champion(self, state: State) -> bytes | None:
        """The model the alias names today, if both can be scored on this very holdout.

        FileUnwritable when the disk is full or broken, which ends the launch.
        """
        spec = state.spec
        if spec.register is None or state.data is None:
            return None
        try:
            held = self._holder(state)
        except FileUnwritable:
            raise
        except SweeperError:
            return None  # registering will meet the same and say so
        if held is None or held.holdout != state.data.holdout or held.metric != spec.metric.name:
            return None
        self._compared = held
        return held.content

    def _holder(self, state: State) -> Champion | None:
        """Who has the alias now: after a crash, the comparison's other side is looked up again."""
        spec = state.spec
        if spec.register is None:
            return None
        return self._registry(state).champion(spec.register.model, spec.register.alias)

    def _registry(self, state: State) -> MlflowRegistry:
        from sweeper.registry.mlflow_registry import MlflowRegistry

        store = self._store()
        return MlflowRegistry(store.uri, store.artifacts, state.spec.name)

    def _store(self) -> Store:
        return where(self._prepared.spec.tracking, self._directory.path.parent)

    def _lineage(self, state: State, best: Trial, model: Artifact) -> dict[str, Value]:
        from sweeper.registry.lineage import document

        spec = state.spec
        if spec.register is None:
            raise AssertionError("lineage of a model that is not registered")
        held = self._compared or self._holder(state)
        parents = [] if held is None else [_parent(held, spec.register.alias)]
        folds = range(state.splits.folds)
        seeds = {f"fold {k}": derive(spec.seed, best.number, k) for k in folds}
        wall, since = state.anchor
        return document(
            sweep=spec.name,
            sweep_id=state.sweep_id,
            trial=best,
            model=model,
            metric=spec.metric,
            metrics=figures(state, best),
            seeds={"sweep": spec.seed, "refit": derive(spec.seed, best.number, REFIT), **seeds},
            config=self._prepared.text,
            sets=state.sets,
            directory=spec.directory,
            data=state.data,
            hashed=spec.data.hash if spec.data else (),
            splits=state.splits,
            holdout=looked(state),
            environment=state.environment,
            cluster=self._shape(),
            journal={"events": self._journal.length(), "sha256": self._journal.digest()},
            parents=parents,
            times={
                "created": state.created,
                "launched": wall,
                "registering": wall + state.now - since,
            },
            cost=of_sweep(state, state.now),
        )

    def _files(self, state: State) -> dict[str, str]:
        """The report's files and the config, by artefact name."""
        root = self._directory.path
        found = {
            artifact.path.rsplit("/", 1)[-1]: str((root / artifact.path).resolve())
            for artifact in state.artifacts.values()
            if artifact.path.startswith("report/")
        }
        return {**found, "config.yaml": str(self._directory.config.resolve())}


def looked(state: State) -> dict[str, Value] | None:
    """The holdout report with what it was of: which rows, and the how-manieth look."""
    if state.holdout is None or state.data is None:
        return None
    return {**state.holdout, "digest": state.data.holdout, "look": state.look}


def figures(state: State, best: Trial) -> dict[str, float]:
    """The winner's means over the folds, and its figures on the holdout."""
    names = sorted({name for scores in best.scores.values() for name in scores})
    found = {
        f"cv_{name}": mean([scores[name] for scores in best.scores.values() if name in scores])
        for name in names
    }
    measured: dict[str, Any] = (state.holdout or {}).get("metrics", {})
    for name, figure in measured.items():
        if figure.get("value") is not None:
            found[f"holdout_{name}"] = float(figure["value"])
    return found


def _parent(held: Champion, alias: str) -> dict[str, Value]:
    return {"model": held.model, "version": held.version, "alias": alias}
