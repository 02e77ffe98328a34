"""The registry beside the journal: each version once, whole, and as it was recorded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sweeper.app.checking.check import Check, listed
from sweeper.app.checking.tracked import store_of
from sweeper.core.records import Registered, State
from sweeper.mlflow_store import Store, masked

if TYPE_CHECKING:
    from sweeper.registry.reading import Kept


def check(
    directory: Path, state: State, versions: Sequence[Registered], held: bool
) -> Iterator[Check]:
    """`versions`: every one that the journal tells of. `held`: a controller is at work."""
    spec = state.spec.register
    models = {version.model for version in versions} | ({spec.model} if spec else set())
    for model in sorted(models):
        mine = [version for version in versions if version.model == model]
        try:
            found = _checked(store_of(directory, state), state, model, mine, held)
        except Exception as error:  # whatever MLflow, its database or the network throws
            why = f"cannot be asked: {type(error).__name__}: {masked(str(error))}"
            found = Check("registry", False, why, "see that its server or database is there")
        yield found


def _checked(
    store: Store, state: State, model: str, told: Sequence[Registered], held: bool
) -> Check:
    from sweeper.registry.reading import dangling, kept

    there = {version.version: version for version in kept(store.uri, model, state.sweep_id)}
    differ = [text for v in told for text in _differs(v, there.get(v.version), state.sweep_id)]
    for alias, number in dangling(store.uri, model).items():
        differ.append(f"{model}@{alias} names version {number}, which is not there")
    strangers = [] if held and state.registering else list(_strangers(state, model, told, there))
    if differ or strangers:
        mend = "restore the registry from a backup" if differ else _mend(state, model)
        return Check("registry", False, listed([*differ, *strangers]), mend)
    names = ", ".join(f"{model} version {version.version}" for version in told)
    return Check("registry", True, f"{names or f'nothing of {model} from here'}, as it should be")


def _mend(state: State, model: str) -> str:
    if state.registering:
        return "launch the sweep's config again: it finishes what it began to register"
    return f'keep it, or MlflowClient().delete_model_version("{model}", "VERSION")'


def _strangers(
    state: State, model: str, told: Sequence[Registered], there: dict[int, Kept]
) -> Iterator[str]:
    """Versions of this sweep that its journal does not know."""
    known = {version.version for version in told}
    for version in there.values():
        if version.sweep_id == state.sweep_id and version.version not in known:
            why = version.lacks[0] if version.lacks else "the journal does not know it"
            yield f"{model} version {version.version} is this sweep's, and {why}"


def _differs(told: Registered, there: Kept | None, sweep_id: str) -> Iterator[str]:
    who = f"{told.model} version {told.version}"
    if there is None:
        yield f"{who} is gone"
    elif there.sweep_id != sweep_id:
        yield f"{who} is not this sweep's"
    elif there.digest != told.digest:
        yield f"{who} has another lineage than the journal has, {there.digest[:12]}"
    else:
        yield from (f"{who}: {text}" for text in there.lacks)
