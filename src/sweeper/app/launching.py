"""`launch`: wires a sweep from its config and runs it, or goes on where it was left."""

from __future__ import annotations

import functools
import os
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sweeper.app import changes, tombstone
from sweeper.app.control import author, take_waiting
from sweeper.app.directory import Directory, looks, root
from sweeper.app.elsewhere import refuse_missing
from sweeper.app.executing import beginning, connected, executor
from sweeper.app.inbox import Inbox
from sweeper.app.kept import checkpoint_storage, remove, tidy
from sweeper.app.loans import loans
from sweeper.app.orders import Orders
from sweeper.app.prepare import Prepared, prepare
from sweeper.app.registering import Registering
from sweeper.app.stopping import StopSignal
from sweeper.controller import Controller, SystemClock
from sweeper.core import stimuli
from sweeper.core.events import SweepCreated
from sweeper.core.evolve import evolve, replay
from sweeper.core.records import State, SweepState
from sweeper.core.space import Value
from sweeper.core.stimuli import Stimulus
from sweeper.journal import places
from sweeper.ports import ConfigError, Journal, Post, Tracker

if TYPE_CHECKING:
    from sweeper.execution.connection import Connection

CATCH_UP = 60.0
"""Seconds the end of a sweep waits for tracking; it goes on without us after that."""

BRIEFLY = 0.5
"""The same for a launch that was stopped: the next one goes on with tracking too."""

DONE, FAILED, RESUMABLE, NOTHING = 0, 1, 3, 4
"""Exit codes of a launch that ran (0 done, 1 failed, 3 resumable, 4 no trial succeeded)."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a launch ended."""

    state: State
    exit_code: int
    directory: Path


def launch(
    config: Path,
    *,
    overrides: Sequence[str] = (),
    name: str | None = None,
    address: str | None = None,
    root: Path | None = None,
    inline: bool = False,
    warm_start: Sequence[str] = (),
    allow_data_change: bool = False,
    observer: Callable[[State], None] = lambda state: None,
    notice: Callable[[str], None] = lambda text: None,
    stop: StopSignal | None = None,
) -> Outcome:
    """Start or resume the sweep of `config` and work until it ends.

    `warm_start` names sweeps beside this one whose trials the sampler learns from;
    `allow_data_change` goes on with other data than before. `observer` sees the live state
    a few times a second and must not change it; `notice` gets lines for people. ConfigError,
    SweepHeld, JournalDamaged, JournalUnwritable and other SweeperErrors as the ports say;
    nothing has been written when a ConfigError comes, and nothing that was started still runs.
    """
    with connected(address, inline) as connection:
        prepared = prepare(config, overrides, name, notice, meanwhile=beginning(connection))
        directory = Directory(_root(root) / prepared.spec.name)
        tombstone.refuse(directory.path)
        directory.make()
        spec = prepared.spec
        place = places.chosen(directory.path, spec.name, spec.journal)
        how = _How(connection, tuple(warm_start), allow_data_change)
        ears = _Ears(observer, notice, stop or StopSignal())
        with place.hold(ears.stop.lost) as journal:
            state = replay(journal.replay()) if journal.length() else None
            return _Launch(prepared, directory, journal, how, ears).run(state)


def resume(
    path: Path,
    *,
    address: str | None = None,
    inline: bool = False,
    observer: Callable[[State], None] = lambda state: None,
    notice: Callable[[str], None] = lambda text: None,
    stop: StopSignal | None = None,
) -> Outcome:
    """Go on with the sweep in the directory `path`, without its config file.

    The config is the copy that the last launch left there. SweeperErrors as in `launch`.
    """
    from sweeper.secrets import MASKED

    directory, ears = Directory(path), _Ears(observer, notice, stop or StopSignal())
    with (
        connected(address, inline) as connection,
        places.at(path).hold(ears.stop.lost) as journal,
    ):
        state = replay(journal.replay())
        folder, begin = Path(state.filed.directory), beginning(connection)
        prepared = prepare(directory.config, (), state.spec.name, notice, folder, begin)
        if MASKED in (prepared.spec.tracking.uri or ""):
            raise ConfigError(
                f"sweep {state.spec.name} tracks to {prepared.spec.tracking.uri}, and its password "
                "is not kept here: go on with `sweeper launch` and the config itself"
            )
        how = _How(connection, (), False)
        return _Launch(prepared, directory, journal, how, ears).run(state)


@dataclass(frozen=True, slots=True)
class _How:
    """Where and on what terms a launch runs. `connection` None: in this process."""

    connection: Connection | None
    warm_start: tuple[str, ...]
    allow_data_change: bool


@dataclass(frozen=True, slots=True)
class _Ears:
    """Who hears of a launch, and how it is asked to stop."""

    observer: Callable[[State], None]
    notice: Callable[[str], None]
    stop: StopSignal


_root = root


class _Launch:
    """One launch, its parts put together."""

    def __init__(
        self,
        prepared: Prepared,
        directory: Directory,
        journal: Journal,
        how: _How,
        ears: _Ears,
    ) -> None:
        self._prepared, self._directory, self._journal = prepared, directory, journal
        self._how, self._ears, self._notice = how, ears, ears.notice
        self._inbox = Inbox(directory, ears.notice)

    def run(self, state: State | None) -> Outcome:
        """`state`: what the journal leads to; None for one that is empty."""
        created = None
        if state is None:
            created = self._created()
            state = evolve(None, created)
        else:
            state = take_waiting(state, self._journal, self._inbox)
        refuse_missing(state, self._directory.path)
        edit = changes.edit(state, self._prepared, self._notice)
        data = changes.data(state, self._prepared, self._how.allow_data_change, self._notice)
        loans = self._loans(state)
        more = edit or data or loans or state.reopened
        if state.status is SweepState.FINISHED and not more:
            self._notice(f"sweep {state.spec.name} is finished; nothing is left to do")
            return self._outcome(state)
        if created:
            self._journal.append([[created]])
        else:
            self._tell_resume(state)
            if state.spec.train is not None:
                tidy(state, self._directory, self._notice)
        self._write_config()
        spec = changes.in_force(state, edit, self._prepared)
        self._prepared = replace(self._prepared, spec=spec)
        return self._work(state, self._launched(state, edit, data, loans))

    def _loans(self, state: State) -> tuple[stimuli.Loan, ...]:
        beside = self._directory.path.parent
        return loans(state, [beside / name for name in self._how.warm_start], self._notice)

    def _created(self) -> SweepCreated:
        """The sweep's first event: what it is, for good."""
        from sweeper import sampling

        prepared, clock = self._prepared, SystemClock()
        spec = prepared.recorded
        sampler, reason = sampling.resolve(
            spec.search.sampler, spec.space, spec.budget, len(spec.goals)
        )
        self._notice(f"sampler: {sampler} ({reason})")
        return SweepCreated(
            t=0.0,
            wall=clock.wall(),
            spec=spec,
            splits=prepared.splits.digest,
            data=prepared.dataset.digest if prepared.dataset else None,
            sampler=sampler,
            sampler_reason=reason,
        )

    def _work(self, state: State, first: Stimulus) -> Outcome:
        from sweeper import sampling

        registering = Registering(self._prepared, self._directory, self._journal, self._shape)
        name, stop = state.sampler, self._ears.stop
        storage = checkpoint_storage(state.spec, state.sweep_id, self._directory)
        controller = Controller(
            state=state,
            journal=self._journal,
            sampler=lambda spec: sampling.make(name, spec.space, spec.seed, spec.goals),
            executor=executor(
                self._prepared.job,
                self._directory,
                storage,
                self._how.connection,
                self._notice,
            ),
            order=Orders(self._prepared, self._directory, registering.champion),
            register=registering,
            remove=functools.partial(remove, storage, self._notice),
            observer=lambda state: self._observe(state, controller.post, registering),
            clock=SystemClock(),
        )
        tracker = self._tracker()
        stop.attach(controller.post)
        if tracker is not None:
            tracker.start()
        try:
            state = controller.run([first])
        finally:
            stop.detach()
            if tracker is not None:
                self._catch_up(tracker, state)
        return self._outcome(state)

    def _catch_up(self, tracker: Tracker, state: State) -> None:
        """Let tracking finish; what is to be launched again does not wait for it."""
        over = state.status is SweepState.FINISHED
        patience = CATCH_UP if over else 0.0 if self._ears.stop.urgent else BRIEFLY
        if not tracker.finish(patience) and over:
            self._notice(
                "tracking has not caught up yet and goes on by itself; "
                f"`sweeper doctor {state.spec.name}` tells when it has, and `--catch-up` does it anew"
            )

    def _observe(self, state: State, post: Post, registering: Registering) -> None:
        self._inbox.look(state, post)
        registering.foresee(state)
        self._ears.observer(state)

    def _launched(
        self,
        state: State,
        edit: stimuli.Edit | None,
        data: stimuli.DataChange | None,
        loans: tuple[stimuli.Loan, ...],
    ) -> Stimulus:
        from sweeper.registry.environment import environment

        dataset = self._prepared.dataset
        holdout = dataset.digest.holdout if dataset else ""
        now = environment(Path(self._prepared.spec.directory))
        changed = changes.surroundings(state.environment, now) if state.launches else ()
        changes.tell(changed, self._notice, "the last launch")
        return stimuli.Launched(
            t=0,
            wall=0,
            host=socket.gethostname(),
            pid=os.getpid(),
            environment=now,
            author=author(),
            edit=edit,
            looks=looks(self._directory.path.parent, holdout, self._directory.path, self._notice),
            changes=changed,
            data=data,
            loans=loans,
        )

    def _shape(self) -> dict[str, Value]:
        """The cluster, for lineage."""
        if self._how.connection is None:
            return {"ray": None, "nodes": []}
        from sweeper.execution import cluster

        return cluster.shape()

    def _tracker(self) -> Tracker | None:
        from sweeper.app.following import tracker

        tracking = self._prepared.spec.tracking
        return tracker(tracking, self._directory) if tracking.enabled else None

    def _write_config(self) -> None:
        from sweeper.app.directory import write

        write(self._directory.config, self._prepared.text.encode())

    def _tell_resume(self, state: State) -> None:
        done = len(state.trials) - len(state.running)
        self._notice(f"resuming sweep {state.spec.name}: {done} trials are done")

    def _outcome(self, state: State) -> Outcome:
        return Outcome(state, exit_code(state), self._directory.path)


def exit_code(state: State) -> int:
    """What a launch that left this state exits with."""
    if state.status is SweepState.FAILED:
        return FAILED
    if state.status is not SweepState.FINISHED:
        return RESUMABLE
    return DONE if state.best is not None else NOTHING
