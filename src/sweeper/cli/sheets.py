"""The tables of `ls`, `status` and `show`: lines of text from a state. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from sweeper import view
from sweeper.cli.costs import cost_sheet, runs_sheet
from sweeper.cli.tally import asked_line
from sweeper.cli.text import (
    arrow,
    duration,
    fold_name,
    number,
    one_line,
    pairs,
    parameter,
    parameters,
    plural,
    searched_by,
    shorten,
    table,
    with_spread,
)
from sweeper.core import account
from sweeper.core.records import FoldRun, RunState, State, Success, Trial, TrialState

FRONT = 60
"""Characters shown of the list of trials that no other beats."""


def sweeps_sheet(entries: Sequence[dict[str, Any]], width: int | None) -> list[str]:
    headers = ("sweep", "state", "trials", "failed", "best", "metric", "time")
    return table(headers, [_sweep_row(each) for each in entries], right={2, 3, 4}, width=width)


def _sweep_row(entry: dict[str, Any]) -> list[str]:
    if entry["state"] == "damaged":
        return [entry["name"], "damaged", "-", "-", "-", one_line(entry["reason"]), "-"]
    trials, best = entry["trials"], entry["best"]
    ended = trials["total"] - trials["running"]
    return [
        entry["name"],
        entry["state"],
        f"{ended:,}",
        f"{trials['failed']:,}",
        number(best["value"]) if best else "-",
        f"{entry['metric']['name']} {arrow(entry['metric']['goal'])}",
        duration(entry["elapsed_s"]),
    ]


REQUESTS = 5
"""Of what people asked for, the latest so many are shown."""


def status_sheet(status: dict[str, Any], state: State) -> list[str]:
    trials, folds = status["trials"], status["folds"]
    budget = state.spec.budget.trials
    of = f" of {budget:,}" if budget is not None else ""
    rows = [
        ("state", f"{status['state']}{_because(status['reason'])}"),
        ("trials", f"{trials['total']:,}{of}: {_nonzero(trials, but='total')}"),
        ("fold runs", _nonzero(folds)),
        ("best", _best(state)),
        ("time", duration(status["elapsed_s"])),
        ("sampler", f"{state.sampler}{_because(state.sampler_reason)}"),
    ]
    if state.front:
        there = ", ".join(map(str, sorted(state.front)))
        beaten = f"{plural(len(state.front), 'trial')} that no other beats"
        rows.insert(4, ("front", f"{beaten}: {shorten(there, FRONT)}"))
    if state.registered is not None:
        rows.append(("model", f"{state.registered.model} version {state.registered.version}"))
    if state.queue:
        rows.append(("enqueued", f"{plural(len(state.queue), 'trial')} by hand, not yet begun"))
    for i, taken in enumerate(state.taken[-REQUESTS:]):
        rows.append(("requests" if i == 0 else "", asked_line(taken)))
    title = f"{status['name']} · {searched_by(state.spec)}"
    return [title, *pairs(rows), *_cost(status["cost"], state)]


def _cost(cost: dict[str, Any], state: State) -> list[str]:
    lines = cost_sheet(cost, state.spec.prices)
    return ["", *lines] if lines else []


def _because(reason: str) -> str:
    return f" ({one_line(reason)})" if reason else ""


def _nonzero(counts: dict[str, int], but: str = "") -> str:
    said = [f"{count:,} {name}" for name, count in counts.items() if count and name != but]
    return ", ".join(said) or "none"


def _best(state: State) -> str:
    best = state.best
    if best is None:
        return "none yet"
    value = with_spread(best.value, view.spread(state, best))
    return f"{value}, trial {best.number}: {parameters(best.params, state.spec)}"


def ordered(state: State, by: str) -> list[Trial]:
    """Trials by number, or by value: complete ones first, best first."""
    trials = [state.trials[number] for number in sorted(state.trials)]
    if by == "number":
        return trials
    sign = state.spec.metric.goal.sign
    ranks = {TrialState.COMPLETE: 0, TrialState.RUNNING: 2, TrialState.PRUNED: 1}

    def key(trial: Trial) -> tuple[int, float]:
        value = -math.inf if trial.value is None else sign * trial.value
        return ranks.get(trial.state, 3), -value

    return sorted(trials, key=key)


def trials_sheet(state: State, trials: Sequence[Trial], width: int | None) -> list[str]:
    """One line a trial. `~` marks the value that racing predicted for a pruned one; `front`, of
    several objectives, a trial that no other beats."""
    others = [m.name for m in state.spec.objectives if m != state.spec.metric]
    headers = ("trial", "state", state.spec.metric.name, *others, "folds", "seconds", "parameters")
    rows = [
        (
            str(trial.number),
            state_words(trial) + (" (front)" if trial.number in state.front else ""),
            value_words(state, trial),
            *_values(state, trial, others),
            f"{len(_folds(trial))}/{state.splits.folds}",
            f"{_seconds(trial):.1f}",
            parameters(trial.params, state.spec),
        )
        for trial in trials
    ]
    right = {0, *range(3, 5 + len(others))}
    lines = table(headers, rows, right=right, width=width)
    return lines + _cost(account.of_sweep(state, state.now), state)


def _values(state: State, trial: Trial, names: Sequence[str]) -> list[str]:
    """Of these objectives."""
    found = view.objectives(state, trial)
    return [number(found.get(name)) for name in names]


def state_words(trial: Trial) -> str:
    return f"{trial.state.value} (revived)" if trial.revived else trial.state.value


def value_words(state: State, trial: Trial) -> str:
    if trial.value is None:
        return "-"
    if trial.state is not TrialState.COMPLETE:
        return f"~{number(trial.value)}"
    return with_spread(trial.value, view.spread(state, trial))


def _folds(trial: Trial) -> list[int]:
    return [fold for fold in trial.scores if fold >= 0]


def _seconds(trial: Trial) -> float:
    return sum(run.outcome.seconds for run in trial.runs if run.outcome is not None)


def trial_sheet(state: State, trial: Trial, width: int | None) -> list[str]:
    """A trial's parameters and every attempt at every fold."""
    done = f"{len(_folds(trial))} of {plural(state.splits.folds, 'fold')}"
    title = f"trial {trial.number} of {state.spec.name} · {state_words(trial)} · {done}"
    rows = [(state.spec.metric.name, value_words(state, trial)), ("origin", trial.origin)]
    if trial.reason:
        rows.append(("reason", one_line(trial.reason)))
    rows += [(name, parameter(value)) for name, value in trial.params.items()]
    return [
        title,
        *pairs(rows),
        "",
        *_runs_table(state, trial, width),
        *runs_sheet(state, trial, width),
    ]


def _runs_table(state: State, trial: Trial, width: int | None) -> list[str]:
    names = _metric_names(state, trial)
    headers = ["fold", "attempt", "state", *names, "seconds", "node", "reason"]
    rows = [_run_row(run, names) for run in trial.runs]
    numbers = {1, *range(3, 4 + len(names))}
    return table(headers, rows, right=numbers, width=width)


def _run_row(run: FoldRun, names: Sequence[str]) -> list[str]:
    outcome = run.outcome
    scores = outcome.scores if isinstance(outcome, Success) else {}
    seconds = f"{outcome.seconds:.2f}" if outcome is not None else "-"
    node = (outcome.node if outcome is not None else "") or run.slot.node
    return [
        fold_name(run.key.fold),
        str(run.key.attempt),
        run.state.value,
        *(number(scores.get(name)) for name in names),
        seconds,
        node if outcome is None or not outcome.gpus else f"{node}, GPU {' '.join(outcome.gpus)}",
        one_line(view.run_reason(run)) if run.state is not RunState.SUCCEEDED else "",
    ]


def _metric_names(state: State, trial: Trial) -> list[str]:
    """The sweep's metric first, then the others in the order in which folds gave them."""
    names = {state.spec.metric.name: None}
    for scores in trial.scores.values():
        names.update(dict.fromkeys(scores))
    return list(names)
