"""The loop. Takes what arrived, decides, makes it durable, and only then acts.

One tick: every stimulus that has arrived is decided and evolved in turn, and then every
next step that follows; each stimulus makes one record. All records are appended with one
flush to disk, and then the commands are executed. What is not in the journal has not
happened: if appending fails, nothing of the tick is executed and the loop ends.
"""

from __future__ import annotations

import dataclasses
import queue
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from sweeper.core import commands as c
from sweeper.core import stimuli
from sweeper.core.decide import advance, decide
from sweeper.core.events import Event
from sweeper.core.evolve import evolve
from sweeper.core.history import known
from sweeper.core.phases import wants_room
from sweeper.core.records import HistoryEntry, Registered, RunKey, State
from sweeper.core.specs import SweepSpec
from sweeper.core.stimuli import Stimulus
from sweeper.ports import Clock, Executor, FileUnwritable, Journal, Order, Sampler, SweeperError

TICK = 0.25
"""Seconds the loop waits at most for something to happen."""

GLANCE = 0.2
"""Seconds between two calls of the observer."""


class SystemClock:
    """The machine's clocks."""

    def wall(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()


_Do = Callable[[], object]


class Controller:
    """Runs one launch of one sweep, from its first stimulus to its Finish."""

    def __init__(
        self,
        state: State,
        journal: Journal,
        sampler: Callable[[SweepSpec], Sampler],
        executor: Executor,
        order: Callable[[State, RunKey], Order],
        register: Callable[[State], Registered],
        remove: Callable[[Sequence[str]], None],
        observer: Callable[[State], None],
        clock: Clock,
    ) -> None:
        """`sampler` makes the one for the space in force; `order` makes what a worker needs
        for a run; `register` is asked at the end; `remove` removes checkpoints, and may fail."""
        self.state = state
        self._journal = journal
        self._make_sampler = sampler
        self._sampler: tuple[SweepSpec, Sampler] | None = None
        self._executor = executor
        self._order = order
        self._register = register
        self._remove = remove
        self._observer = observer
        self._clock = clock
        self._began = clock.monotonic() - state.now
        self._inbox: queue.SimpleQueue[Stimulus] = queue.SimpleQueue()
        self._glanced = -GLANCE
        self._over = False
        self._wants = False
        self._bug: Exception | None = None

    def post(self, stimulus: Stimulus) -> None:
        """Hand over a stimulus, from any thread or a signal handler. Its time is set here."""
        self._inbox.put(stimulus)

    def run(self, first: Sequence[Stimulus]) -> State:
        """Work until the sweep is finished, failed or interrupted.

        `first` is decided before anything else. JournalUnwritable when the journal cannot
        be appended to; the state is then ahead of the journal and of no further use. What a
        sampler raises is a bug of ours: the sweep fails with it, and it is raised here.
        """
        with ThreadPoolExecutor(1, thread_name_prefix="sampler") as self._side:
            try:
                self._executor.start(self.post)
                self._tick(first)
                while not self._over:
                    self._tick(self._arrived())
            finally:
                self._executor.close()
        self._observer(self.state)
        if self._bug is not None:
            raise self._bug
        return self.state

    def now(self) -> float:
        """The sweep's own time, in seconds."""
        return round(self._clock.monotonic() - self._began, 6)

    def _arrived(self) -> list[Stimulus]:
        """What has come in, or a tick of the clock when nothing has for a while."""
        try:
            found = [self._inbox.get(timeout=TICK)]
        except queue.Empty:
            return [stimuli.ClockTicked(0)]
        while not self._inbox.empty():
            found.append(self._inbox.get())
        return found

    def _tick(self, arrived: Sequence[Stimulus]) -> None:
        records: list[list[Event]] = []
        orders: list[_Do] = []
        now = self.now()
        for stimulus in (*arrived, stimuli.ClockTicked(now)):
            events = self._settle(self._stamped(stimulus, now), orders)
            if events:
                records.append(events)
        if records:
            self._journal.append(records)
        for do in orders:
            do()
        if (wants := wants_room(self.state)) != self._wants:
            self._wants = wants
            self._executor.want(wants)
        self._glance(now)

    def _stamped(self, stimulus: Stimulus, now: float) -> Stimulus:
        """The stimulus at the sweep's time; a launch ties that to the wall clock."""
        if isinstance(stimulus, stimuli.Launched):
            return dataclasses.replace(stimulus, t=now, wall=self._clock.wall())
        return dataclasses.replace(stimulus, t=now)

    def _settle(self, stimulus: Stimulus, orders: list[_Do]) -> list[Event]:
        """Decide one stimulus and every step that follows; the events, in order."""
        happened: list[Event] = []
        events, commands = decide(self.state, stimulus)
        while True:
            for event in events:
                self.state = evolve(self.state, event)
            happened += events
            orders += [self._bound(command) for command in commands]
            if any(isinstance(command, c.Finish) for command in commands):
                return happened
            events, commands = advance(self.state, stimulus.t)
            if not events:
                return happened

    def _bound(self, command: c.Command) -> _Do:
        """How the command is executed, later. What the sampler is told is settled now: its
        history is the journal up to the ask, whatever else this tick brings."""
        match command:
            case c.Ask(trial):
                history, spec = known(self.state), self.state.spec
                return lambda: self._side.submit(self._ask, trial, spec, history)
            case c.Dispatch(slot, runs):
                return lambda: self._executor.dispatch(
                    slot, [self._order(self.state, key) for key in runs]
                )
            case c.Cancel(runs, grace):
                return lambda: self._executor.cancel(runs, grace)
            case c.Remove(paths):
                return lambda: self._side.submit(self._remove, paths)
            case c.Register():
                return lambda: self._side.submit(self._registering)
            case c.Finish():
                return self._leave

    def _leave(self) -> None:
        self._over = True

    def _sampler_of(self, spec: SweepSpec) -> Sampler:
        """The sampler for this space; the last one as long as the space is the same."""
        if self._sampler is None or self._sampler[0].space != spec.space:
            self._sampler = spec, self._make_sampler(spec)
        return self._sampler[1]

    def _ask(self, trial: int, spec: SweepSpec, history: Sequence[HistoryEntry]) -> None:
        began = self._clock.monotonic()
        try:
            params = self._sampler_of(spec).suggest(trial, history).params
        except Exception as error:
            self._bug = error
            self.post(stimuli.SamplingFailed(0, trial, f"{type(error).__name__}: {error}"))
            return
        seconds = round(self._clock.monotonic() - began, 6)
        if params is None:
            self.post(stimuli.Exhausted(0, trial, "every point of the grid is taken"))
        else:
            self.post(stimuli.Suggested(0, trial, params, seconds))

    def _registering(self) -> None:
        try:
            version = self._register(self.state)
        except FileUnwritable as error:  # no verdict on the model: there is only no room for it
            self.post(stimuli.RegistrationEnded(0, None, str(error), later=True))
        except SweeperError as error:
            self.post(stimuli.RegistrationEnded(0, None, str(error)))
        except Exception as error:
            self.post(stimuli.RegistrationEnded(0, None, f"{type(error).__name__}: {error}"))
        else:
            self.post(stimuli.RegistrationEnded(0, version))

    def _glance(self, now: float) -> None:
        if now - self._glanced >= GLANCE:
            self._glanced = now
            self._observer(self.state)
