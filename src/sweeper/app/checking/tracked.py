"""MLflow beside the journal: what it shows, and how it is brought up to date."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from sweeper.app.checking import journal
from sweeper.app.checking.check import Check, listed
from sweeper.core.records import State
from sweeper.core.specs import TrackingSpec
from sweeper.journal import places
from sweeper.mlflow_store import Store, exists, masked, where
from sweeper.ports import JournalDamaged, SweeperError, SweepHeld

if TYPE_CHECKING:
    from sweeper.tracking.comparing import Compared

HIDDEN = "***"
"""What stands for a secret in a URL that was recorded."""

PIECE = 400
"""Events between two moves of the mirror's cursor."""


def store_of(directory: Path, state: State) -> Store:
    """Where the sweep's runs and models are. SweeperError when its URL is known only in part."""
    tracking = state.spec.tracking
    if tracking.uri and HIDDEN in tracking.uri:
        known = os.environ.get("MLFLOW_TRACKING_URI")
        if not known:
            raise SweeperError(
                f"{tracking.uri} has a secret, which is recorded nowhere: set "
                "MLFLOW_TRACKING_URI to the whole URL"
            )
        tracking = TrackingSpec(uri=known)
    return where(tracking, directory.parent)


def check(directory: Path, state: State, place: places.Place, held: bool) -> Iterator[Check]:
    """Every run as the journal says. `held`: a controller is at work."""
    if not state.spec.tracking.enabled:
        return
    import sweeper.tracking.comparing  # noqa: F401  (a defect of ours there is no fault of MLflow's)
    from sweeper.tracking.process import at_work

    busy = held or at_work(directory)
    try:
        store = store_of(directory, state)
        compared = _compared(store, state, place, busy)
    except Exception as error:  # whatever MLflow, its database or the network throws
        yield Check(
            "mlflow",
            False,
            f"cannot be asked: {type(error).__name__}: {masked(str(error))}",
            "see that its server or database is there, then "
            f"`sweeper doctor {directory.name}` again; the sweep itself needs it only to register",
        )
        return
    mend = (
        "it follows the journal by itself while the sweep runs; if it does not come right, end the "
        f"sweep and use `sweeper doctor {directory.name} --catch-up`"
        if busy
        else f"`sweeper doctor {directory.name} --catch-up` writes it from the journal"
    )
    yield Check("mlflow", not compared.wrong, _found(compared, store, busy), mend)


def _compared(store: Store, state: State, place: places.Place, busy: bool) -> Compared:
    from sweeper.tracking.comparing import Compared, compare

    if not exists(store.uri):
        missing = () if busy else ("nothing was tracked yet: there is no database",)
        return Compared(wrong=missing)
    return compare(store.uri, state.spec.name, state.sweep_id, place.read, busy)


def _found(compared: Compared, store: Store, busy: bool) -> str:
    at = masked(store.uri)
    if compared.wrong:
        return f"{listed(compared.wrong)} ({at})"
    if busy and compared.behind:
        return f"{compared.trials:,} trials; {compared.behind:,} events are on their way to {at}"
    return f"{compared.trials:,} trials, each with one run as the journal has it ({at})"


def catch_up(directory: Path) -> None:
    """Make MLflow as the journal says; SweepHeld while a controller is at work.

    Runs that contradict the journal are marked as deleted, and can be restored. SweeperError
    when MLflow cannot be written.
    """
    place = places.at(directory)
    told = journal.read(place)
    if told.damage:
        raise JournalDamaged(told.damage)
    if told.state is None:
        raise SweeperError(f"sweep {directory.name} has not begun: there is nothing to write")
    state = told.state
    if not state.spec.tracking.enabled:
        raise SweeperError(f"sweep {state.spec.name} has `tracking: none`")
    holder = place.holder()
    if holder is not None:
        raise SweepHeld(f"{holder} is at work on this sweep, and tracking follows it")
    from sweeper.tracking.process import alone

    store = store_of(directory, state)
    with alone(directory):
        try:
            _write(store, state, place)
        except SweeperError:
            raise
        except Exception as error:  # whatever MLflow, its database or the network throws
            raise SweeperError(
                f"MLflow at {masked(store.uri)} cannot be written: {type(error).__name__}: "
                f"{masked(str(error))}. Try again when it can: what is there already stays"
            ) from error


def _write(store: Store, state: State, place: places.Place) -> None:
    """From the beginning where anything is wrong that the mirror holds for written."""
    from sweeper.tracking.comparing import remove
    from sweeper.tracking.mirror import Mirror

    found = _compared(store, state, place, busy=False)
    remove(store.uri, found.surplus)
    mirror = Mirror(store.uri, store.artifacts, state.sweep_id, state.spec.name)
    if found.wrong:
        mirror.cursor = 0
    numbered = enumerate(place.read(), start=1)
    while piece := list(islice(numbered, PIECE)):
        mirror.apply(piece)
    mirror.abandon("its controller ended without a word; launch again to go on")
