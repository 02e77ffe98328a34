"""`models reproduce`: a registered version trained again from its lineage, and compared.

The reproduction is a sweep of one trial, which has the number, and so the seeds, of the one
that won. Its journal is in memory and its files go when it is done.
"""

from __future__ import annotations

import dataclasses
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sweeper.app.control import author
from sweeper.app.executing import connected, executor
from sweeper.app.kept import checkpoint_storage, remove
from sweeper.app.orders import Orders
from sweeper.app.prepare import Prepared
from sweeper.app.queries import registry
from sweeper.app.versions.again import Again, Lineage
from sweeper.app.versions.reproduction import (
    TOLERANCE,
    Reproduction,
    compared,
    untried,
)
from sweeper.controller import Controller, SystemClock
from sweeper.core import events as e
from sweeper.core.codec import unplain
from sweeper.core.evolve import replay
from sweeper.core.records import Registered, RunKey, State, Success
from sweeper.core.rooms import Slot
from sweeper.core.specs import Budget, PrunerSpec, SearchSpec, SweepSpec
from sweeper.core.stimuli import Launched, Stimulus
from sweeper.ports import SweeperError

if TYPE_CHECKING:
    from sweeper.execution.connection import Connection


class Part(StrEnum):
    """What is done again."""

    ALL = "all"
    FOLDS = "folds"
    FINAL = "final"


def reproduce(
    root: Path,
    model: str,
    ref: str | None = None,
    *,
    uri: str | None = None,
    folder: Path | None = None,
    part: Part = Part.ALL,
    tolerance: float = TOLERANCE,
    address: str | None = None,
    inline: bool = False,
    observer: Callable[[State], None] = lambda state: None,
    notice: Callable[[str], None] = lambda text: None,
) -> Reproduction:
    """Train a version again, score it and keep the verdict with the version.

    `folder` takes the place of the config's own, which data and code are looked for in.
    Nothing is checked out or installed: what differs is said. SweeperError when the version
    is not what was registered, or its config cannot be read any more.
    """
    registered = registry(root, uri)
    version = registered.show(model, ref)
    lineage = registered.lineage(version)
    registered.insist(version)
    with Again.of(lineage, root, notice) as again:
        prepared = again.prepare(folder)
        surroundings = again.surroundings(prepared)
        other = list(again.other_data(prepared))
        if other:
            found = untried(other, tolerance, surroundings)
        else:
            with connected(address, inline) as connection:
                state = _work(again, prepared, part, connection, observer)
            found = compared(
                lineage, state, tolerance, surroundings, folds_too=part is not Part.FINAL
            )
    registered.note(version, REPRODUCED, _kept(found, part))
    return found


REPRODUCED = "sweeper.reproduced"
"""The tag that keeps the last verdict, with when and where it came about."""


def _work(
    again: Again,
    prepared: Prepared,
    part: Part,
    connection: Connection | None,
    observer: Callable[[State], None],
) -> State:
    """The one trial, done again to its end."""
    from sweeper.journal.memory import MemoryJournal

    spec = _alone(prepared.recorded, part)
    prepared = dataclasses.replace(prepared, spec=spec)
    journal = MemoryJournal()
    journal.append([list(_begun(again.lineage, prepared, part))])
    state = replay(journal.replay())
    storage = checkpoint_storage(spec, state.sweep_id, again.directory)
    controller = Controller(
        state=state,
        journal=journal,
        sampler=_nothing_to_sample,
        executor=executor(prepared.job, again.directory, storage, connection, again.notice),
        order=Orders(prepared, again.directory, lambda state: None),
        register=_nothing_to_register,
        remove=lambda paths: remove(storage, again.notice, paths),
        observer=observer,
        clock=SystemClock(),
    )
    return controller.run([_launch()])


def _begun(lineage: Lineage, prepared: Prepared, part: Part) -> Iterator[e.Event]:
    """The journal up to where the work begins."""
    told = lineage["trial"]
    number = int(told["number"])
    looked = part is not Part.FOLDS and prepared.dataset is not None
    yield e.SweepCreated(
        t=0.0,
        wall=time.time(),
        spec=prepared.spec,
        splits=prepared.splits.digest,
        data=prepared.dataset.digest if looked and prepared.dataset else None,
        sampler="random",
        sampler_reason="nothing is sampled",
    )
    yield e.SweepLaunched(0.0, time.time(), socket.gethostname(), os.getpid(), {})
    yield e.TrialSampled(0.0, number, unplain(told["params"]), "lineage", 0.0)
    if part is not Part.FINAL:
        return
    slot = Slot("recorded", 0)
    for fold, scores in told["folds"].items():
        key = RunKey(number, int(fold), 1)
        yield e.FoldsDispatched(0.0, slot, (key,))
        yield e.FoldSucceeded(0.0, key, Success(scores, 0.0))
    yield e.TrialCompleted(0.0, number, float(told["value"]), "as it was recorded")


def _alone(spec: SweepSpec, part: Part) -> SweepSpec:
    """A sweep of the one trial, which nothing stops and which registers nothing."""
    if part is Part.FINAL and not spec.refit:
        raise SweeperError(
            "this version is a fold's own model (`refit: false`): there is no final fit to do "
            "again; leave out --final"
        )
    return dataclasses.replace(
        spec,
        search=SearchSpec(sampler="random", pruner=PrunerSpec(name="none"), concurrency=1),
        budget=Budget(trials=1),
        metric=dataclasses.replace(spec.metric, target=None),
        register=None,
        refit=spec.refit and part is not Part.FOLDS,
    )


def _nothing_to_sample(spec: SweepSpec) -> Any:
    raise AssertionError("a reproduction samples nothing")


def _nothing_to_register(state: State) -> Registered:
    raise AssertionError("a reproduction registers nothing")


def _launch() -> Stimulus:
    return Launched(
        t=0, wall=0, host=socket.gethostname(), pid=os.getpid(), environment={}, author=author()
    )


def _kept(found: Reproduction, part: Part) -> str:
    return json.dumps(
        {
            "verdict": found.verdict,
            "part": part,
            "tolerance": found.tolerance,
            "differences": [each.what for each in found.differences],
            "at": time.time(),
            "host": socket.gethostname(),
            "by": author(),
        }
    )
