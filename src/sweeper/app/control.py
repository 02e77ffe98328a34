"""Changing a sweep from outside: a request to its controller, or the journal's next record.

Only who holds the sweep writes its journal. With a controller at work the request goes
through the inbox; without one, this process takes the lock and writes for itself.
"""

from __future__ import annotations

import dataclasses
import getpass
import secrets
import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sweeper.app.directory import Directory
from sweeper.app.inbox import FOR_THE_LIVING, Inbox
from sweeper.core.decide import decide
from sweeper.core.events import RequestTaken
from sweeper.core.evolve import evolve, replay
from sweeper.core.merge import merge
from sweeper.core.records import State
from sweeper.core.stimuli import Edit, Enqueue, Requested, Wish
from sweeper.journal import places
from sweeper.ports import ConfigError, Journal, SweeperError, SweepHeld

PATIENCE = 30.0
"""Seconds to wait for a controller's answer."""

LOOK = 0.2
"""Seconds between two looks at the journal."""


class Refused(SweeperError):
    """The sweep cannot do what was asked; the message says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a request. `live`: a controller is at work and has taken it."""

    what: str
    live: bool


def ask(directory: Path, wish: Wish) -> Answer:
    """Have the wish granted, and the answer in the journal when this returns.

    Refused with the reason when it is not; a controller that does not answer within
    PATIENCE is named, and the request stays in the inbox for it.
    """
    place, inbox = places.at(directory), Inbox(Directory(directory), lambda text: None)
    holder = place.holder()
    if holder is None and isinstance(wish, FOR_THE_LIVING):
        raise Refused(f"no controller is at work on sweep {directory.name}: nothing to ask it for")
    request = Requested(0.0, f"{time.time_ns():020d}-{secrets.token_hex(4)}", author(), wish)
    inbox.put(request)
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        answer = _answered(place, request.id)
        if answer is not None:
            return _granted(answer, live=True)
        if place.holder() is None:
            with suppress(SweepHeld):
                return _write_alone(place, inbox, request)
        time.sleep(LOOK)
    raise Refused(
        f"{place.holder() or 'the controller'} has not answered for {PATIENCE:g} s; the request "
        f"lies in {directory / 'inbox'} and is taken as soon as it does"
    )


def author() -> str:
    """Who is asking: the person and the machine."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container's user need not have a name
        name = "somebody"
    return f"{name}@{socket.gethostname()}"


def edit(state: State, config: Path, sets: Sequence[str]) -> Edit:
    """The edit that these `--set`s are. `config`: the config as launched, which is kept.

    ConfigError for a wrong value, and for what cannot change under a sweep.
    """
    import sweeper.config as reading

    folder = Path(state.filed.directory)
    before = reading.read(config, state.sets, state.spec.name, folder)
    after = reading.read(config, (*state.sets, *sets), state.spec.name, folder)
    for loaded in (before, after):
        if loaded.problems:
            reading.raise_problems(loaded.problems)
    if before.spec is None or after.spec is None:
        raise AssertionError("a config without problems has a spec")
    wanted = reading.kept(state.spec, merge(before.spec, state.spec, after.spec))
    allowed, forbidden = reading.differences(state.spec, wanted)
    late = [change for change in allowed if reading.waits_for_launch(change)]
    if forbidden or late:
        told = [f"  {key}: {old} → {new}" for key, old, new in (*forbidden, *late)]
        raise ConfigError(
            f"sweep {state.spec.name} cannot take this edit:\n" + "\n".join(told) + "\n"
            "Budget, concurrency, pruner, retries, timeout, register, refit and the ranges of "
            "parameters can be edited. Resources and tracking change with the next launch of the "
            "config; anything else is another sweep: `launch --as NAME`, with `--warm-start` to "
            "learn from this one"
        )
    return Edit(state.spec, wanted, tuple(allowed), tuple(sets))


def enqueue(state: State, trials: Sequence[dict[str, object]]) -> Enqueue:
    """Trials by hand. ConfigError names every parameter that is wrong or missing."""
    from sweeper.config.by_hand import problems

    found = [
        f"  trial {i}: {text}" if len(trials) > 1 else f"  {text}"
        for i, params in enumerate(trials, 1)
        for text in problems(state.spec.space, params)
    ]
    if found:
        raise ConfigError(f"these are no trials of sweep {state.spec.name}:\n" + "\n".join(found))
    ordered = (
        {d.name: params[d.name] for d in state.spec.space if d.name in params} for params in trials
    )
    return Enqueue(tuple(ordered))


def _write_alone(place: places.Place, inbox: Inbox, request: Requested) -> Answer:
    """Nobody holds the sweep: everything in the inbox is taken here."""
    with place.hold() as journal:
        state = replay(journal.replay())
        live = request.id in state.requests  # its controller did, and ended
        take_waiting(state, journal, inbox)
    answer = _answered(place, request.id)
    if answer is None:
        raise Refused(f"the controller of sweep {state.spec.name} ended before it was asked")
    return _granted(answer, live)


def take_waiting(state: State, journal: Journal, inbox: Inbox) -> State:
    """What lies in the inbox of a sweep that we hold, on which no controller is at work yet.

    What was meant for a controller that is gone is dropped.
    """
    for waiting in inbox.waiting():
        if not isinstance(waiting.wish, FOR_THE_LIVING):
            events, _ = decide(state, dataclasses.replace(waiting, t=state.now))
            if events:
                journal.append([events])
            for event in events:
                state = evolve(state, event)
        inbox.remove(waiting.id)
    return state


def _answered(place: places.Place, request: str) -> RequestTaken | None:
    """The journal's word on this request, if it has one."""
    if not any(place.lines(f'"{request}"'.encode())):
        return None
    events = (event for event in place.read() if isinstance(event, RequestTaken))
    return next((event for event in events if event.id == request), None)


def _granted(answer: RequestTaken, live: bool) -> Answer:
    if answer.refused:
        raise Refused(f"{answer.what}: {answer.refused}")
    return Answer(answer.what, live)
