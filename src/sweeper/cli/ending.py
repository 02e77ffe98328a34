"""What a launch says when it ends: the winner, or how to go on, or what went wrong. Pure."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from sweeper import view
from sweeper.cli.costs import cost_sheet
from sweeper.cli.failures import Log, Telling, failures_sheet
from sweeper.cli.holdout import holdout_sheet
from sweeper.cli.text import (
    duration,
    number,
    one_line,
    pairs,
    parameter,
    parameters,
    plural,
    shorten,
    with_spread,
)
from sweeper.core import account
from sweeper.core.records import State, Trial, TrialState

FAILURES = 5
"""Causes of failure shown; `sweeper show` has the rest."""

TRACEBACK_LINES = 40
"""Lines of each traceback shown; `sweeper show` has the rest of these, too."""

PARAMETERS = 40
"""Parameters of the winner shown."""

LONGEST = 200
"""Characters shown of a parameter, or of all where they stand in one line."""

PICTURES = ("confusion_matrix", "predicted_vs_true", "curves")
"""Roles of the files that the look at the holdout may leave."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a launch ended."""

    state: State
    exit_code: int
    directory: Path
    resume: str  # the command that goes on
    option: str = ""  # what further commands need to find the sweep, as ` --dir D`
    tracking: str | None = None  # where MLflow's runs are, without secrets
    log: Log = lambda key: ""  # what a run printed
    width: int | None = None  # of the terminal, if it is one


def ending(end: Ending) -> list[str]:
    """The whole report, in lines."""
    parts = [headline(end), cost(end.state)]
    if end.exit_code == 0 and end.state.best is not None:
        parts += [winner(end.state, end.state.best), holdout(end.state), registered(end.state)]
    elif end.state.best is not None:
        parts.append(best_so_far(end.state, end.state.best))
    parts += [failures(end), next_steps(end)]
    return [line for part in parts if part for line in ("", *part)]


def headline(end: Ending) -> list[str]:
    state = end.state
    words = {0: "finished", 3: "interrupted", 4: "finished with no successful trial"}
    because = f": {one_line(state.reason)}" if state.reason else ""
    counts = view.counts(state)
    trials = ", ".join(
        f"{counts.trials[each]:,} {each.value}" for each in view.ORDER if counts.trials[each]
    )
    return [
        f"{state.spec.name} {words.get(end.exit_code, 'failed')}{because}",
        f"  {plural(len(state.trials), 'trial')} ({trials or 'none'}) in {duration(state.now)}",
    ]


def cost(state: State) -> list[str]:
    return cost_sheet(account.of_sweep(state, state.now), state.spec.prices)


def winner(state: State, best: Trial) -> list[str]:
    """The winner; its score is the best of many, and is said to be."""
    value = with_spread(best.value, view.spread(state, best))
    rivals = sum(1 for trial in state.trials.values() if trial.state is not TrialState.FAILED)
    caution = f"   (optimistic: the best of {rivals:,})" if rivals > 1 else ""
    score = f"{value} over {plural(state.splits.folds, 'fold')}{caution}"
    rows = [(f"CV {state.spec.metric.name}", score)]
    others = view.objectives(state, best).items()
    rows += [(f"CV {n}", number(v)) for n, v in others if n != state.spec.metric.name]
    if state.front:
        rows.append(("front", f"one of {plural(len(state.front), 'trial')} that no other beats"))
    shown = list(best.params.items())[:PARAMETERS]
    rows += [(name, shorten(parameter(setting), LONGEST)) for name, setting in shown]
    left = len(best.params) - len(shown)
    where = f"sweeper show {shlex.quote(state.spec.name)} {best.number}"
    more = [f"  and {plural(left, 'more parameter')}: {where}"] if left else []
    return [f"winner: trial {best.number}", *pairs(rows), *more]


def best_so_far(state: State, best: Trial) -> list[str]:
    value = with_spread(best.value, view.spread(state, best))
    told = f"best so far: {state.spec.metric.name} {value}, trial {best.number}"
    return [told, f"  {shorten(parameters(best.params, state.spec), LONGEST)}"]


def holdout(state: State) -> list[str]:
    """The saved model on rows that the search never saw, beside two baselines."""
    if state.holdout is None:
        return ["no holdout was kept: only the CV score speaks for this model"]
    return holdout_sheet(state.holdout, state.look)


def registered(state: State) -> list[str]:
    version = state.registered
    if version is None:
        return ["not registered: the config says `register: none`"]
    alias = f", {version.model}@{version.alias}" if version.alias else ", no alias"
    told = [f"registered: {version.model} version {version.version}{alias}"]
    return told + ([f"  {one_line(version.verdict)}"] if version.verdict else [])


def failures(end: Ending) -> list[str]:
    """What went wrong, by cause, the most frequent first, each with a traceback."""
    telling = Telling(
        end.state.spec.name, end.log, end.option, FAILURES, TRACEBACK_LINES, end.width
    )
    return failures_sheet(list(end.state.trials.values()), telling)


def next_steps(end: Ending) -> list[str]:
    state, option = end.state, end.option
    if end.exit_code == 3:
        return ["to resume:", f"  {end.resume}"]
    name = shlex.quote(state.spec.name)
    steps = [("every trial, best first", f"sweeper show {name} --sort value{option}")]
    version = state.registered
    if version is not None:
        mark = f"@{version.alias}" if version.alias else f"/{version.version}"
        ref = shlex.quote(f"{version.model}{mark}")
        uri = (
            f" --uri {shlex.quote(end.tracking)}"
            if state.spec.tracking.uri and end.tracking
            else ""
        )
        steps.append(("where the model came from", f"sweeper models show {ref}{option}{uri}"))
    for role in PICTURES:
        if role in state.artifacts:
            steps.append((role.replace("_", " "), str(end.directory / state.artifacts[role].path)))
    if end.tracking is not None:
        steps.append(tracking_step(end.tracking))
    return ["next:", *pairs([(f"{what}:", how) for what, how in steps])]


def tracking_step(uri: str) -> tuple[str, str]:
    """How to look at the runs."""
    if uri.startswith(("http://", "https://")):
        return "runs in MLflow", uri
    return "runs (pip install mlflow)", f"mlflow ui --backend-store-uri {shlex.quote(uri)}"
