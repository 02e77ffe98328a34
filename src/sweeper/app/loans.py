"""Warm start: what earlier sweeps have learnt, for the sampler of this one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from sweeper.core.evolve import replay
from sweeper.core.records import HistoryEntry, State
from sweeper.core.space import Params, Space, Value
from sweeper.core.specs import Goal
from sweeper.core.stimuli import Loan
from sweeper.journal import places
from sweeper.ports import ConfigError

LEARNING = ("tpe", "gp")
"""Samplers that learn from trials they have not suggested."""


def loans(state: State, others: Sequence[Path], notice: Callable[[str], None]) -> tuple[Loan, ...]:
    """The finished trials of these sweeps that lie in the space of this one.

    ConfigError when a sweep is not there, measured something else, or has none to give. One
    that was taken at an earlier launch is passed over.
    """
    if others and state.sampler not in LEARNING:
        notice(f"warning: --warm-start: {state.sampler} does not learn from other sweeps")
    lent = sum(state.borrowed.values())
    found: list[Loan] = []
    for path in others:
        other = _read(path)
        if other.sweep_id in state.borrowed or other.sweep_id == state.sweep_id:
            continue
        _compare(state, other)
        entries = _entries(state.spec.space, other.history, lent)
        if not entries:
            raise ConfigError(
                f"--warm-start {path.name}: none of its {len(other.history)} trials lies in the "
                f"space of {state.spec.name}; it needs the same parameters and common ranges"
            )
        notice(f"warm start: {len(entries)} of {len(other.history)} trials of {path.name}")
        found.append(Loan(path.name, other.sweep_id, entries))
        lent += len(entries)
    return tuple(found)


def _read(path: Path) -> State:
    if not places.exists(path):
        raise ConfigError(f"--warm-start {path.name}: there is no such sweep in {path.parent}")
    return replay(places.at(path).read())


def _compare(state: State, other: State) -> None:
    ours, theirs = state.spec.metric, other.spec.metric
    if _judged_by(state) != _judged_by(other) or ours.name != theirs.name:
        raise ConfigError(
            f"--warm-start {other.spec.name}: it has {theirs.name} to {theirs.goal.value}, and "
            f"{state.spec.name} has {ours.name} to {ours.goal.value}: nothing can be learnt"
        )


def _judged_by(state: State) -> list[tuple[str, Goal]]:
    return [(metric.name, metric.goal) for metric in state.spec.searched]


def _entries(space: Space, history: Sequence[HistoryEntry], lent: int) -> tuple[HistoryEntry, ...]:
    newest = {entry.number: entry for entry in history if entry.number >= 0}
    fit = [
        (entry, params)
        for _, entry in sorted(newest.items())
        if (entry.bad or entry.value is not None)
        and space.contains(params := _common(space, entry.params))
    ]
    return tuple(
        HistoryEntry(-(lent + i), params, entry.value, entry.bad, values=entry.values)
        for i, (entry, params) in enumerate(fit, 1)
    )


def _common(space: Space, params: Params) -> dict[str, Value]:
    """The parameters that this space has too."""
    return {d.name: params[d.name] for d in space if d.name in params}
