"""`launch`: wires a sweep from its config and runs it, or goes on where it was left."""

from __future__ import annotations

import functools
import os
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sweeper.app.directory import Directory, looks, root
from sweeper.app.elsewhere import refuse_missing
from sweeper.app.orders import Orders
from sweeper.app.prepare import Prepared, prepare
from sweeper.app.registering import Registering
from sweeper.app.stopping import StopSignal
from sweeper.controller import Controller, SystemClock
from sweeper.core import stimuli
from sweeper.core.events import SweepCreated
from sweeper.core.evolve import replay
from sweeper.core.records import State, SweepState
from sweeper.core.space import Value
from sweeper.core.stimuli import Stimulus
from sweeper.journal import places
from sweeper.ports import ConfigError, Executor, Journal, Tracker

CATCH_UP = 60.0
"""Seconds the end of a launch waits for tracking; it goes on without us after that."""

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
    observer: Callable[[State], None] = lambda state: None,
    notice: Callable[[str], None] = lambda text: None,
    stop: StopSignal | None = None,
) -> Outcome:
    """Start or resume the sweep of `config` and work until it ends.

    `observer` sees the live state a few times a second and must not change it; `notice`
    gets lines for people. ConfigError, SweepHeld, JournalDamaged, JournalUnwritable and
    other SweeperErrors as the ports say; nothing has been started or written when a
    ConfigError comes.
    """
    prepared = prepare(config, overrides, name, notice)
    directory = Directory(_root(root) / prepared.spec.name)
    directory.make()
    spec, stop = prepared.spec, stop or StopSignal()
    with places.chosen(directory.path, spec.name, spec.journal).hold(stop.lost) as journal:
        launched = _Launch(prepared, directory, journal, address, inline, notice)
        return launched.run(observer, stop)


_root = root


class _Launch:
    """One launch, its parts put together."""

    def __init__(
        self,
        prepared: Prepared,
        directory: Directory,
        journal: Journal,
        address: str | None,
        inline: bool,
        notice: Callable[[str], None],
    ) -> None:
        self._prepared, self._directory, self._journal = prepared, directory, journal
        self._address, self._inline, self._notice = address, inline, notice

    def run(self, observer: Callable[[State], None], stop: StopSignal) -> Outcome:
        fresh = self._journal.length() == 0
        if fresh:
            self._create()
        state = replay(self._journal.replay())
        refuse_missing(state, self._directory.path)
        edit = None if fresh else self._edit(state)
        if state.status is SweepState.FINISHED and edit is None:
            self._notice(f"sweep {state.spec.name} is finished; nothing is left to do")
            return self._outcome(state)
        self._write_config()
        if not fresh:
            self._tell_resume(state)
        return self._work(state, edit, observer, stop)

    def _create(self) -> None:
        """Write the sweep's first event: what it is, for good."""
        from sweeper import sampling

        prepared, clock = self._prepared, SystemClock()
        spec = prepared.recorded
        sampler, reason = sampling.resolve(spec.search.sampler, spec.space, spec.budget)
        self._notice(f"sampler: {sampler} ({reason})")
        event = SweepCreated(
            t=0.0,
            wall=clock.wall(),
            spec=spec,
            splits=prepared.splits.digest,
            data=prepared.dataset.digest if prepared.dataset else None,
            sampler=sampler,
            sampler_reason=reason,
        )
        self._journal.append([[event]])

    def _work(
        self,
        state: State,
        edit: stimuli.Edit | None,
        observer: Callable[[State], None],
        stop: StopSignal,
    ) -> Outcome:
        from sweeper import sampling

        registering = Registering(self._prepared, self._directory, self._journal, self._shape)
        controller = Controller(
            state=state,
            journal=self._journal,
            sampler=lambda spec: sampling.make(
                state.sampler, spec.space, spec.seed, spec.metric.goal
            ),
            executor=self._executor(),
            order=Orders(self._prepared, self._directory, registering.champion),
            register=registering,
            observer=observer,
            clock=SystemClock(),
        )
        tracker = self._tracker()
        stop.attach(controller.post)
        if tracker is not None:
            tracker.start()
        try:
            state = controller.run([self._launched(edit)])
        finally:
            stop.detach()
            if tracker is not None and not tracker.finish(CATCH_UP):
                self._notice("tracking has not caught up yet; the next launch goes on with it")
        return self._outcome(state)

    def _launched(self, edit: stimuli.Edit | None) -> Stimulus:
        from sweeper.registry.environment import environment

        dataset = self._prepared.dataset
        holdout = dataset.digest.holdout if dataset else ""
        return stimuli.Launched(
            t=0,
            wall=0,
            host=socket.gethostname(),
            pid=os.getpid(),
            environment=environment(Path(self._prepared.spec.directory)),
            edit=edit,
            looks=looks(
                self._directory.path.parent, holdout, self._directory.path, self._notice
            ),
        )

    def _executor(self) -> Executor:
        from sweeper import worker
        from sweeper.execution.inline import InlineExecutor
        from sweeper.execution.ray_tasks import RayExecutor

        job, keep = self._prepared.job, self._directory.keep
        if self._inline:
            return InlineExecutor(job, functools.partial(worker.run, capture=False), keep)
        return RayExecutor(job, worker.run, keep, job.spec.resources, self._address)

    def _shape(self) -> dict[str, Value]:
        """The cluster, for lineage."""
        if self._inline:
            return {"ray": None, "nodes": []}
        from sweeper.execution import cluster

        return cluster.shape()

    def _tracker(self) -> Tracker | None:
        from sweeper.app.following import tracker

        tracking = self._prepared.spec.tracking
        return tracker(tracking, self._directory) if tracking.enabled else None

    def _edit(self, state: State) -> stimuli.Edit | None:
        """What this config changes in a sweep that exists. ConfigError for what may not."""
        from sweeper.config import differences

        allowed, forbidden = differences(state.spec, self._prepared.recorded)
        if forbidden:
            lines = [f"  {key}: {_short(old)} → {_short(new)}" for key, old, new in forbidden]
            raise ConfigError(
                f"sweep {state.spec.name} exists, and this config differs in what cannot "
                "change under it:\n" + "\n".join(lines) + "\nBudget, concurrency, resources, "
                "retries, timeout, register, refit and tracking may change. For another sweep "
                "give it another name: `--as NAME`"
            )
        self._refuse_other_data(state)
        if not allowed:
            return None
        for key, old, new in allowed:
            self._notice(f"changed: {key}: {_short(old)} → {_short(new)}")
        return stimuli.Edit(state.filed, self._prepared.recorded, tuple(allowed))

    def _refuse_other_data(self, state: State) -> None:
        dataset = self._prepared.dataset
        before = state.data.sha256 if state.data else ""
        now = dataset.digest.sha256 if dataset else ""
        if before != now:
            was, rows = (
                (state.data.rows if state.data else 0),
                (dataset.digest.rows if dataset else 0),
            )
            raise ConfigError(
                f"the data of sweep {state.spec.name} changed since its launch: {was} rows with "
                f"digest {before[:12]} then, {rows} rows with digest {now[:12]} now. Scores on "
                "other data cannot be compared: put the data back, or give the new sweep "
                "another name with `--as NAME`"
            )
        if state.splits.sha256 != self._prepared.splits.digest.sha256:
            raise ConfigError(
                f"the folds of sweep {state.spec.name} come out differently than at its launch, "
                "though data and cv are the same: a library that draws them has changed. Install "
                "the versions the sweep was launched with, or use another name with `--as NAME`"
            )

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


def _short(value: object) -> str:
    text = "none" if value is None else str(value)
    return text if len(text) <= 60 else text[:57] + "…"
