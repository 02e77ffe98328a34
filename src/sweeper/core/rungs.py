"""Which running trials to stop by their learning curves, and which to take up again.

A curve is looked at on its rungs: steps that lie further and further apart. A trial stands
at a rung with its first report at or after that step, and is compared with the trials that
stood there before it: the same fold, the same step.

`asha` is asynchronous successive halving in its promotion form (Li et al., A System for
Massively Parallel Hyperparameter Tuning, 2020): of those at a rung the best 1/reduction go
on, the others are set aside, and come back once enough worse ones have come. The best of a
rung always goes on, so that a sweep has a complete trial early. `hyperband` (Li et al.,
Hyperband, 2018) divides trials into brackets that begin to look at different steps: the
last one never does. Both look at the first fold only: those who come to the first rung of
the second have been through a selection already, and to take one in three of them again on
each fold would leave nobody.

`median` is the median stopping rule (Golovin et al., Google Vizier, 2017), on every fold.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable
from functools import cache

from sweeper.core.pruning import Verdict
from sweeper.core.records import Rung, RunKey, State, Trial
from sweeper.core.scoring import prefix, standing
from sweeper.core.specs import PrunerSpec
from sweeper.core.standings import middle

LAST = 2**62
"""No step is looked at from here on."""

GOLDEN = 0.6180339887498949
"""Its multiples, modulo 1, are spread as evenly as can be, however many there are."""


def watched(state: State, key: RunKey) -> tuple[int, ...]:
    """The steps of this run at which the controller wants to hear from it, ascending."""
    pruner = state.spec.search.pruner
    return _ladder(pruner, bracket(pruner, key.trial)) if _looks(pruner, key.fold) else ()


def reached(state: State, trial: Trial, fold: int, step: int) -> Rung | None:
    """The rung that a report counts for; None when it decides nothing.

    Folds before this one must have finished, so that decisions do not depend on timing. What
    a run repeats after a failure was judged the first time.
    """
    pruner = state.spec.search.pruner
    if not _looks(pruner, fold) or fold != prefix(trial, state.splits.folds):
        return None
    mine = bracket(pruner, trial.number)
    steps = _ladder(pruner, mine)
    passed = bisect.bisect_right(steps, step)
    if not passed:
        return None
    last = trial.rung
    if last is not None and last.fold == fold and last.step >= steps[passed - 1]:
        return None
    return Rung(fold, steps[passed - 1], mine)


def judge(state: State, trial: Trial, rung: Rung, value: float) -> Verdict | None:
    """Should the trial stop, having come to this rung with this value?"""
    return _RULES[state.spec.search.pruner.name](state, trial, rung, value)


def promotable(state: State) -> tuple[int, str] | None:
    """The trial that was set aside and is to go on now, and why: of the latest rung first."""
    pruner = state.spec.search.pruner
    if not pruner.halving:
        return None
    ripe = [
        rung
        for rung, found in state.rungs.items()
        if found.waiting and found.waiting[0] <= found.seen[_kept(pruner, len(found.seen)) - 1]
    ]
    if not ripe:
        return None
    rung = max(ripe)
    seen, first = state.rungs[rung].seen, state.rungs[rung].waiting[0]
    rank = bisect.bisect_left(seen, first) + 1
    return first[1], f"{_at(rung)}: now {_place(rank, len(seen), _kept(pruner, len(seen)))}"


def bracket(pruner: PrunerSpec, trial: int) -> int:
    """The trial's bracket, counted from the one that looks first. Numbers are spread evenly
    in the shares that the paper gives the brackets' first rungs."""
    if pruner.name != "hyperband":
        return 0
    shares = _shares(pruner)
    point = trial * GOLDEN % 1.0 * sum(shares)
    for number, share in enumerate(shares):
        point -= share
        if point < 0:
            return number
    return len(shares) - 1


@cache
def _shares(pruner: PrunerSpec) -> tuple[int, ...]:
    """Trials of each bracket: with s more rungs above the first, (s_max + 1) / (s + 1) ηˢ."""
    count = len(_ladder(pruner, 0)) + 1
    return tuple(-(-count * pruner.reduction**s // (s + 1)) for s in range(count - 1, -1, -1))


@cache
def _ladder(pruner: PrunerSpec, bracket: int) -> tuple[int, ...]:
    """The steps of the rungs."""
    end = LAST if pruner.max_steps is None else pruner.max_steps
    steps: list[int] = []
    step = pruner.min_steps * pruner.reduction**bracket
    while step < end:
        steps.append(step)
        step = step * pruner.reduction if pruner.halving else -(-step * 3 // 2)
    return tuple(steps)


def _looks(pruner: PrunerSpec, fold: int) -> bool:
    return fold == 0 if pruner.halving else fold >= 0 and pruner.name == "median"


def _halve(state: State, trial: Trial, rung: Rung, value: float) -> Verdict | None:
    stands = standing(state, trial, rung.fold, value)
    seen = state.rungs[rung].seen if rung in state.rungs else []
    rank = bisect.bisect(seen, (-stands, trial.number)) + 1
    keep = _kept(state.spec.search.pruner, len(seen) + 1)
    if rank <= keep:
        return None
    reason = f"{_at(rung)}: {value:.4g} is {_place(rank, len(seen) + 1, keep)}"
    return Verdict(rung.fold, stands, None, reason)


def _kept(pruner: PrunerSpec, count: int) -> int:
    return max(1, count // pruner.reduction)


def _median(state: State, trial: Trial, rung: Rung, value: float) -> Verdict | None:
    others = state.rungs[rung].seen if rung in state.rungs else []
    if len(others) < state.spec.search.pruner.startup:
        return None
    stands = standing(state, trial, rung.fold, value)
    if stands >= middle(others):
        return None
    reason = f"{_at(rung)}: {value:.4g} is below the median of {len(others)} trials"
    return Verdict(rung.fold, stands, None, reason)


def _at(rung: Rung) -> str:
    bracket = f" of bracket {rung.bracket}" if rung.bracket else ""
    return f"rung {rung.step} of fold {rung.fold}{bracket}"


def _place(rank: int, count: int, keep: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(rank % 10 if rank % 100 not in (11, 12, 13) else 0)
    best = "the best goes on" if keep == 1 else f"the best {keep} go on"
    return f"{rank}{ending or 'th'} of {count}, {best}"


_RULES: dict[str, Callable[[State, Trial, Rung, float], Verdict | None]] = {
    "asha": _halve,
    "hyperband": _halve,
    "median": _median,
}
