"""What is different since the last launch: settings, data, code and packages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from sweeper.app.prepare import Prepared
from sweeper.core import stimuli
from sweeper.core.merge import merge
from sweeper.core.records import State
from sweeper.core.space import Value
from sweeper.core.specs import SweepSpec
from sweeper.core.wishes import short
from sweeper.ports import ConfigError

Change = tuple[str, Value, Value]

SPACE = ("model", "train", "parameters")
"""Keys of a config under which the search space is written."""


def edit(state: State, prepared: Prepared, notice: Callable[[str], None]) -> stimuli.Edit | None:
    """What the config file changes since the last launch; None when it is the same.

    Edits made since then stay, except where the file itself changed. ConfigError for what
    cannot change under a sweep.
    """
    from sweeper.config import differences, kept

    now = kept(state.filed, prepared.recorded)
    allowed, forbidden = differences(state.filed, now)
    if forbidden:
        lines = [f"  {key}: {short(old)} → {short(new)}" for key, old, new in forbidden]
        raise ConfigError(
            f"sweep {state.spec.name} exists, and this config differs in what cannot "
            "change under it:\n" + "\n".join(lines) + "\nBudget, prices, concurrency, "
            "pruner, resources, retries, timeout, register, refit, tracking and the ranges of "
            "parameters may change. For another sweep give it another name: `--as NAME`"
        )
    if not allowed:
        return None
    effective = merge(state.filed, state.spec, now)
    changes, _ = differences(state.spec, effective)
    for key, old, new in changes:
        notice(f"changed: {key}: {short(old)} → {short(new)}")
    sets = tuple(text for text in state.sets if not _overruled(text, allowed))
    return stimuli.Edit(state.filed, now, changes, sets)


def _overruled(text: str, changes: tuple[Change, ...]) -> bool:
    """Whether the file changed what this edit had set."""
    key = text.removeprefix("-").partition("=")[0].strip()
    return any(_meets(key, changed) for changed, _, _ in changes)


def _meets(key: str, changed: str) -> bool:
    if changed.startswith(("space.", "model", "train", "parameters")):
        return key.startswith(SPACE)
    return f"{key}.".startswith(f"{changed}.") or f"{changed}.".startswith(f"{key}.")


def in_force(state: State, edit: stimuli.Edit | None, prepared: Prepared) -> SweepSpec:
    """The spec of this launch, with the secrets that the journal does not hold."""
    spec = state.spec if edit is None else merge(edit.base, state.spec, edit.spec)
    own = prepared.spec
    return replace(spec, tracking=own.tracking, journal=own.journal, directory=own.directory)


def data(
    state: State, prepared: Prepared, allowed: bool, notice: Callable[[str], None]
) -> stimuli.DataChange | None:
    """Other data than at the last launch; None when it is the same.

    ConfigError unless `allowed`, and always when the folds come out differently on the same
    data or in another number.
    """
    dataset, splits = prepared.dataset, prepared.splits.digest
    before = state.data.sha256 if state.data else ""
    now = dataset.digest.sha256 if dataset else ""
    if before == now:
        _refuse_other_folds(state, prepared)
        return None
    was = state.data.rows if state.data else 0
    rows = dataset.digest.rows if dataset else 0
    told = f"{was} rows with digest {before[:12]} then, {rows} rows with digest {now[:12]} now"
    if not allowed:
        raise ConfigError(
            f"the data of sweep {state.spec.name} changed since its launch: {told}. Scores on "
            "other data cannot be compared: put the data back, or give the new sweep another "
            "name with `--as NAME`; `--allow-data-change` goes on all the same, on record"
        )
    if splits.folds != state.splits.folds:
        raise ConfigError(
            f"the data of sweep {state.spec.name} changed and now makes {splits.folds} folds "
            f"instead of {state.splits.folds}: its trials cannot go on. Use `--as NAME`"
        )
    notice(f"warning: the data changed ({told}): scores of before and after do not compare")
    return stimuli.DataChange(dataset.digest if dataset else None, splits)


def _refuse_other_folds(state: State, prepared: Prepared) -> None:
    if state.splits.sha256 != prepared.splits.digest.sha256:
        raise ConfigError(
            f"the folds of sweep {state.spec.name} come out differently than at its launch, "
            "though data and cv are the same: a library that draws them has changed. Install "
            "the versions the sweep was launched with, or use another name with `--as NAME`"
        )


def surroundings(before: dict[str, Value], now: dict[str, Value]) -> tuple[Change, ...]:
    """Differences of code, packages and Python between two environments."""
    then, today = dict(_facts(before)), dict(_facts(now))
    return tuple(
        (key, then.get(key), today.get(key))
        for key in sorted({**then, **today})
        if then.get(key) != today.get(key)
    )


def _facts(environment: dict[str, Value]) -> Iterator[tuple[str, Value]]:
    yield "python", environment.get("python")
    for section in ("git", "packages", "code"):
        facts = environment.get(section) or {}
        for key, value in facts.items():
            if key not in ("branch", "remote"):
                yield f"{section}.{key}", value


def tell(changes: tuple[Change, ...], notice: Callable[[str], None], since: str) -> None:
    """`since`: what they came after, as "the last launch"."""
    for key, old, new in changes[:MOST]:
        notice(f"changed since {since}: {key}: {short(old)} → {short(new)}")
    if len(changes) > MOST:
        notice(f"changed since {since}: {len(changes) - MOST} more")


MOST = 12
"""Changes told one by one."""
