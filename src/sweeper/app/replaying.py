"""`replay`: derives every suggestion again, from what the journal says the sampler knew.

Space in force, sweep seed, trial number and history at the ask: nothing else decides what
a sampler suggests. So the same comes out again, or a package, a machine or a defect made
the difference.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from sweeper.core import codec
from sweeper.core import events as e
from sweeper.core.evolve import ENQUEUED, evolve
from sweeper.core.history import known
from sweeper.core.records import HistoryEntry, State
from sweeper.core.space import Value
from sweeper.core.specs import Budget, SweepSpec
from sweeper.core.transitions import InvalidTransition
from sweeper.journal import places
from sweeper.ports import JournalDamaged, Sampler, SweeperError

ABSENT = "absent"
"""What is said of a parameter that one side does not have."""

PACKAGES = ("optuna", "cmaes", "torch", "numpy", "scipy")
"""What samplers compute with."""

_MARK = b'"type":"TrialAsked"'


@dataclass(frozen=True, slots=True)
class Difference:
    """What comes out differently. `parameter` empty: one side has a further point, the other none."""

    trial: int
    parameter: str
    then: Value
    now: Value


@dataclass(frozen=True, slots=True)
class Package:
    """A package's versions in the launches that asked, and now; `now` None: not installed."""

    name: str
    then: tuple[str, ...]
    now: str | None


@dataclass(slots=True)
class Replayed:
    """What came of it. `unanswered`: asks whose controller ended before the answer."""

    sampler: str = ""
    identical: int = 0
    differing: int = 0
    enqueued: int = 0
    unanswered: int = 0
    differences: list[Difference] = field(default_factory=list)
    packages: tuple[Package, ...] = ()


def replay(
    directory: Path, progress: Callable[[int, int], None] = lambda done, of: None
) -> Replayed:
    """Derive every suggestion of a sweep again. Reads only; works while it runs.

    `progress` is told how many asks are done, of how many. JournalDamaged for a journal that
    cannot be read, SweeperError when the sampler cannot run here.
    """
    place = places.at(directory)
    total = sum(line.count(_MARK) for line in place.lines(_MARK))
    work = _Replay()
    try:
        for event in place.read():
            if work.take(event):
                progress(work.done, total)
    except InvalidTransition as error:
        raise JournalDamaged(
            f"{directory}: the journal does not tell of a sweep: {error}. "
            f"`sweeper doctor {directory.name}` says more"
        ) from error
    return work.result()


@dataclass(frozen=True, slots=True)
class _Asked:
    spec: SweepSpec
    history: Sequence[HistoryEntry]


class _Replay:
    """One pass over a journal."""

    def __init__(self) -> None:
        self._state: State | None = None
        self._sampler: tuple[SweepSpec, Sampler] | None = None
        self._open: dict[int, _Asked] = {}
        self._versions: dict[str, dict[str, None]] = {name: {} for name in PACKAGES}
        self._found = Replayed()
        self.done = 0

    def take(self, event: e.Event) -> bool:
        """Apply the event; True when it answered an ask."""
        state = self._state = evolve(self._state, event)
        match event:
            case e.SweepLaunched():
                self._found.unanswered += len(self._open)
                self._open.clear()
                self._note_packages(event)
            case e.TrialAsked():
                self._open[event.trial] = _Asked(state.spec, known(state))
            case e.TrialSampled() if event.origin == ENQUEUED:
                self._found.enqueued += 1
            case e.TrialSampled():
                return self._answered(state, event.trial, event.params)
            case e.SamplerExhausted():
                return self._answered(state, event.trial, None)
        return False

    def result(self) -> Replayed:
        found = self._found
        found.sampler = self._state.sampler if self._state else ""
        found.unanswered += len(self._open)
        self._open.clear()
        found.packages = tuple(self._packages())
        return found

    def _answered(self, state: State, trial: int, then: dict[str, Value] | None) -> bool:
        asked = self._open.pop(trial)
        now = self._sampler_of(state.sampler, asked.spec).suggest(trial, asked.history).params
        differences = list(_differences(trial, then, now))
        self._found.differences += differences
        if differences:
            self._found.differing += 1
        else:
            self._found.identical += 1
        self.done += 1
        return True

    def _sampler_of(self, name: str, spec: SweepSpec) -> Sampler:
        """The sampler for this space, kept while the space is the same, as the controller does."""
        if self._sampler is None or self._sampler[0].space != spec.space:
            from sweeper import sampling

            problems = sampling.problems(name, spec.space, Budget(), len(spec.goals))
            if problems:
                raise SweeperError(f"this sweep's sampler cannot run here: {problems[0].message}")
            sampler = sampling.make(name, spec.space, spec.seed, spec.goals)
            self._sampler = spec, sampler
        return self._sampler[1]

    def _note_packages(self, event: e.SweepLaunched) -> None:
        packages = event.environment.get("packages", {})
        for name in PACKAGES:
            if name in packages:
                self._versions[name][packages[name]] = None

    def _packages(self) -> Iterator[Package]:
        for name, then in self._versions.items():
            now = _installed(name)
            if then or now:
                yield Package(name, tuple(then), now)


def _installed(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _differences(
    trial: int, then: dict[str, Value] | None, now: dict[str, Value] | None
) -> Iterator[Difference]:
    """To the last bit, as the journal would hold them."""
    if then is None or now is None:
        if then is not now:
            yield Difference(trial, "", then, now)
        return
    for name in {**then, **now}:
        if name not in then or name not in now or _text(then[name]) != _text(now[name]):
            yield Difference(trial, name, then.get(name, ABSENT), now.get(name, ABSENT))


def _text(value: Value) -> str:
    return json.dumps(codec.plain(value), sort_keys=True)
