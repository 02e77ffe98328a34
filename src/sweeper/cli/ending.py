"""What a launch says when it ends: the winner, or how to go on, or what went wrong. Pure."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from sweeper import view
from sweeper.cli.holdout import holdout_sheet
from sweeper.cli.text import (
    duration,
    fold_name,
    one_line,
    pairs,
    parameter,
    parameters,
    plural,
    shorten,
    with_spread,
)
from sweeper.core.records import State, Trial, TrialState

FAILURES = 5
"""Causes of failure shown; `sweeper show` has the rest."""

PICTURES = ("confusion_matrix", "predicted_vs_true")
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


def ending(end: Ending) -> list[str]:
    """The whole report, in lines."""
    parts = [headline(end)]
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


def winner(state: State, best: Trial) -> list[str]:
    """The winner; its score is the best of many, and is said to be."""
    value = with_spread(best.value, view.spread(state, best))
    rivals = sum(1 for trial in state.trials.values() if trial.state is not TrialState.FAILED)
    caution = f"   (optimistic: the best of {rivals:,})" if rivals > 1 else ""
    score = f"{value} over {plural(state.splits.folds, 'fold')}{caution}"
    rows = [(f"CV {state.spec.metric.name}", score)]
    rows += [(name, parameter(setting)) for name, setting in best.params.items()]
    return [f"winner: trial {best.number}", *pairs(rows)]


def best_so_far(state: State, best: Trial) -> list[str]:
    value = with_spread(best.value, view.spread(state, best))
    told = f"best so far: {state.spec.metric.name} {value}, trial {best.number}"
    return [told, f"  {parameters(best.params, state.spec)}"]


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
    """Failed runs by cause, the most frequent first, each with a command that shows one."""
    groups = view.failures(end.state)
    if not groups:
        return []
    total = sum(group.count for group in groups)
    lines = [f"{plural(total, 'fold run')} failed, {plural(len(groups), 'cause')}:"]
    for group in groups[:FAILURES]:
        key = group.example
        where = f"{end.state.spec.name} {key.trial} --fold {fold_name(key.fold)}"
        lines += [
            f"  {group.count:,} × {shorten(one_line(view.failure_line(group.failure)), 160)}",
            f"      in {_trials(group.trials)}:  "
            f"sweeper logs {where} --attempt {key.attempt}{end.option}",
        ]
    left = len(groups) - FAILURES
    return lines + ([f"  and {plural(left, 'more cause')}"] if left > 0 else [])


def _trials(numbers: tuple[int, ...]) -> str:
    shown = ", ".join(map(str, numbers[:5]))
    noun = "trial" if len(numbers) == 1 else "trials"
    return f"{noun} {shown}{', …' if len(numbers) > 5 else ''}"


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
