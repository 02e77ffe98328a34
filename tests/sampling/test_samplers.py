"""What holds for every sampler: a function of (space, seed, number, history), in any process."""

from __future__ import annotations

import importlib.util
import math
import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sweeper import sampling
from sweeper.core.records import HistoryEntry
from sweeper.core.space import Condition, Dimension, Range, Space, Value, Values
from sweeper.core.specs import Goal

needs_torch = pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="gp needs torch")

NUMERIC = Space(
    (
        Dimension("x", Range(-1.0, 1.0)),
        Dimension("rate", Range(1e-4, 1.0, log=True)),
        Dimension("leaves", Range(2, 200, log=True, integer=True)),
    )
)

MIXED = Space(
    (
        *NUMERIC,
        Dimension("odd", Range(0.1, 0.3, step=0.1)),
        Dimension("coarse", Range(0.5, 8.0, log=True, step=0.5)),
        Dimension("evens", Range(2, 11, integer=True, step=2)),
        Dimension("only", Range(4, 4, integer=True)),
        Dimension("layers", Values(([64], [64, 32], None, {"auto": True}))),
        Dimension("flag", Values((True, False, 1, "1"))),
    )
)

IS_TREE = Condition("model", "tree")

CONDITIONAL = Space(
    (
        Dimension("model", Values(("linear", "tree"))),
        Dimension("C", Range(1e-3, 1e3, log=True), (Condition("model", "linear"),)),
        Dimension("depth", Range(1, 12, integer=True), (IS_TREE,)),
        Dimension("leaf", Values(("best", "random")), (IS_TREE,)),
        Dimension("cut", Range(0.0, 1.0), (IS_TREE, Condition("leaf", "random"))),
        Dimension("scale", Values((True, False))),
    )
)

GP = pytest.param("gp", marks=needs_torch)
DRAWN = [
    *(("tpe", space) for space in (NUMERIC, MIXED, CONDITIONAL)),
    *(("random", space) for space in (NUMERIC, MIXED, CONDITIONAL)),
    *(("qmc", space) for space in (NUMERIC, MIXED, CONDITIONAL)),
    ("cmaes", NUMERIC),
]
CASES = [
    *DRAWN,
    *(pytest.param("gp", space, marks=needs_torch) for space in (NUMERIC, CONDITIONAL)),
]
every_case = pytest.mark.parametrize(("name", "space"), CASES)


def bowl(params: dict[str, Value]) -> float:
    """0 at x=0.3, rate=0.01, leaves=20; larger everywhere else."""
    return (
        (params["x"] - 0.3) ** 2
        + (math.log10(params["rate"]) + 2) ** 2 / 4
        + math.log(params["leaves"] / 20) ** 2 / 4
    )


def any_number(params: dict[str, Value]) -> float:
    return float(sum(v if isinstance(v, int | float) else len(str(v)) for v in params.values()))


def search(
    name: str,
    space: Space,
    numbers: range,
    history: list[HistoryEntry] | None = None,
    objective: Callable[[dict[str, Value]], float] = any_number,
    goal: Goal = Goal.MINIMIZE,
) -> list[HistoryEntry]:
    """Asks a new sampler and evaluates, one trial after another; the history at the end."""
    sampler = sampling.make(name, space, 7, (goal,))
    history = list(history or ())
    for number in numbers:
        params = sampler.suggest(number, history).params
        assert params is not None
        history.append(HistoryEntry(number, params, objective(params)))
    return history


def suggest(name: str, space: Space, number: int, history: list[HistoryEntry]) -> Any:
    return sampling.make(name, space, 7, (Goal.MINIMIZE,)).suggest(number, history).params


def with_running_and_bad(history: list[HistoryEntry]) -> list[HistoryEntry]:
    """The same trials, every fifth of them bad and the last two still running."""
    changed = [
        HistoryEntry(e.number, e.params, None, bad=True) if e.number % 5 == 2 else e
        for e in history
    ]
    return [
        *changed[:-2],
        *(HistoryEntry(e.number, e.params, None, running=True) for e in changed[-2:]),
    ]


@every_case
def test_a_continued_search_suggests_what_an_uninterrupted_one_does(
    name: str, space: Space
) -> None:
    length = 16 if name == "gp" else 30
    straight = search(name, space, range(length))
    continued = search(name, space, range(12, length), straight[:12])
    assert continued == straight


@pytest.mark.parametrize(("name", "space"), [*CASES, pytest.param("gp", MIXED, marks=needs_torch)])
def test_every_suggestion_is_in_the_space_and_has_only_existing_dimensions(
    name: str, space: Space
) -> None:
    history = search(name, space, range(14 if name == "gp" else 40))
    for entry in history:
        assert space.contains(entry.params), entry.params


@every_case
def test_what_a_sampler_keeps_between_calls_changes_no_suggestion(name: str, space: Space) -> None:
    finished = search(name, space, range(24))
    partly = with_running_and_bad(finished)
    sampler = sampling.make(name, space, 7, (Goal.MINIMIZE,))
    for history in (finished[:12], partly[:20], partly, finished, finished[:5], partly[::-1]):
        kept = sampler.suggest(24, history).params
        assert kept == suggest(name, space, 24, history)


@every_case
def test_a_later_entry_replaces_the_earlier_one_of_the_same_trial(name: str, space: Space) -> None:
    history = search(name, space, range(20))
    first = history[3]
    revised = [*history, HistoryEntry(3, first.params, (first.value or 0) - 1000)]
    replaced = [
        HistoryEntry(3, first.params, (first.value or 0) - 1000) if e is first else e
        for e in history
    ]
    sampler = sampling.make(name, space, 7, (Goal.MINIMIZE,))
    sampler.suggest(20, history)
    assert sampler.suggest(20, revised).params == suggest(name, space, 20, replaced)


@pytest.mark.parametrize(("name", "space"), DRAWN)
def test_the_seed_and_the_number_change_the_suggestion(name: str, space: Space) -> None:
    history = search(name, space, range(12))
    one, other = (sampling.make(name, space, seed, (Goal.MINIMIZE,)) for seed in (7, 8))
    here = [one.suggest(number, history).params for number in range(12, 17)]
    assert here != [other.suggest(number, history).params for number in range(12, 17)]
    assert any(params != here[0] for params in here)


@every_case
def test_trials_outside_an_edited_range_are_not_learnt_from(name: str, space: Space) -> None:
    history = search(name, space, range(12))
    strange = [HistoryEntry(100, {"x": 1e9}, -1e9), HistoryEntry(101, {}, -1e9)]
    assert suggest(name, space, 12, history + strange) == suggest(name, space, 12, history)


PROCESS = """
from sweeper import sampling
from sweeper.core.records import HistoryEntry
from sweeper.core.space import Condition, Dimension, Range, Space, Values
from sweeper.core.specs import Goal
for name, space, history in {cases!r}:
    sampler = sampling.make(name, space, 7, (Goal.MINIMIZE,))
    for number in range(30, 33):
        print(name, sampler.suggest(number, history).params)
"""


def in_another_process(cases: list[tuple[str, Space, list[HistoryEntry]]], hash_seed: str) -> str:
    source = Path(sampling.__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", PROCESS.format(cases=cases)],
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(source)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout


def process_cases(names: tuple[str, ...]) -> list[tuple[str, Space, list[HistoryEntry]]]:
    spaces = {
        "cmaes": (NUMERIC,),
        "grid": (Space(MIXED.dimensions[-1:]),),
    }
    cases = []
    for name in names:
        for space in spaces.get(name, (NUMERIC, MIXED, CONDITIONAL)):
            cases.append((name, space, with_running_and_bad(search("random", space, range(30)))))
    return cases


def test_two_processes_suggest_the_same_and_print_nothing() -> None:
    cases = process_cases(("tpe", "cmaes", "random", "qmc", "grid"))
    first = in_another_process(cases, "1")
    assert first.count("\n") == 3 * len(cases)
    assert first == in_another_process(cases, "2")


@needs_torch
@pytest.mark.slow
def test_two_processes_suggest_the_same_by_gp_and_print_nothing() -> None:
    cases = process_cases(("gp",))
    first = in_another_process(cases, "1")
    assert first.count("\n") == 3 * len(cases)
    assert first == in_another_process(cases, "2")


@pytest.mark.parametrize("name", ["tpe", "cmaes", GP])
@pytest.mark.parametrize("goal", list(Goal))
def test_learning_samplers_find_the_best_in_the_direction_of_the_goal(
    name: str, goal: Goal
) -> None:
    length = 18 if name == "gp" else 70
    history = search(
        name, NUMERIC, range(length), objective=lambda p: -goal.sign * bowl(p), goal=goal
    )
    late = sorted(bowl(e.params) for e in history[-length // 4 :])
    by_chance = sorted(bowl(e.params) for e in search("random", NUMERIC, range(200)))
    assert late[len(late) // 2] < by_chance[len(by_chance) // 10]


@pytest.mark.parametrize("name", ["tpe", "cmaes", GP])
def test_learning_samplers_keep_away_from_bad_trials(name: str) -> None:
    sampler = sampling.make(name, NUMERIC, 7, (Goal.MAXIMIZE,))
    history: list[HistoryEntry] = []
    for number in range(20 if name == "gp" else 60):
        params = sampler.suggest(number, history).params
        assert params is not None
        bad = params["x"] > 0
        value = None if bad else -abs(params["x"] + 0.5)
        history.append(HistoryEntry(number, params, value, bad=bad))
    late = history[-15:]
    assert sum(e.bad for e in late) <= 4


@pytest.mark.parametrize("name", ["tpe", "cmaes", GP])
def test_a_history_of_bad_and_running_trials_only_is_no_obstacle(name: str) -> None:
    history = [
        HistoryEntry(e.number, e.params, None, bad=e.number < 15, running=e.number >= 15)
        for e in search("random", NUMERIC, range(20))
    ]
    assert NUMERIC.contains(suggest(name, NUMERIC, 20, history))


@pytest.mark.parametrize("name", ["tpe", "cmaes"])
def test_parallel_searches_learn_too(name: str) -> None:
    sampler = sampling.make(name, NUMERIC, 7, (Goal.MINIMIZE,))
    history: list[HistoryEntry] = []
    running: list[HistoryEntry] = []
    for number in range(80):
        params = sampler.suggest(number, [*history, *running]).params
        assert params is not None
        running.append(HistoryEntry(number, params, None, running=True))
        if len(running) == 4:
            done = running.pop((number * 7) % 4)
            history.append(HistoryEntry(done.number, done.params, bowl(done.params)))
    late = sorted(bowl(e.params) for e in history[-20:])
    assert late[10] < 0.35


@pytest.mark.parametrize("name", ["tpe", "random", "qmc"])
def test_an_empty_space_has_the_empty_suggestion(name: str) -> None:
    assert suggest(name, Space(), 3, [HistoryEntry(0, {}, 0.5)]) == {}


def test_conditional_tpe_learns_inside_the_branch_that_pays() -> None:
    def objective(params: dict[str, Value]) -> float:
        return 10.0 if params["model"] == "linear" else (params["depth"] - 6.0) ** 2

    history = search("tpe", CONDITIONAL, range(60), objective=objective)
    late = history[-20:]
    assert sum(e.params["model"] == "tree" for e in late) >= 14
    assert sum(abs(e.params.get("depth", 99) - 6) <= 1 for e in late) >= 10


def test_an_optuna_sampler_leaves_the_logger_as_the_user_set_it() -> None:
    optuna = pytest.importorskip("optuna")
    before = optuna.logging.get_verbosity()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        search("tpe", CONDITIONAL, range(12))
    assert optuna.logging.get_verbosity() == before


numbers = st.integers(-50, 50)
ranges = st.one_of(
    st.builds(
        lambda low, width, step: Range(low / 7, low / 7 + width, step=step),
        numbers,
        st.floats(0, 30),
        st.one_of(st.none(), st.floats(0.07, 3)),
    ),
    st.builds(
        lambda low, factor, step: Range(low, low * factor, log=True, step=step),
        st.floats(1e-3, 50),
        st.floats(1, 1e4),
        st.one_of(st.none(), st.just(0.5)),
    ),
    st.builds(
        lambda low, width, step, log: Range(
            low, low + width, integer=True, step=step, log=log and low > 0
        ),
        numbers,
        st.integers(0, 300),
        st.one_of(st.none(), st.integers(1, 9)),
        st.booleans(),
    ),
)
values = st.lists(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.text(max_size=3), st.lists(st.integers())
    ),
    min_size=1,
    max_size=4,
).map(lambda choices: Values(tuple(choices)))


@st.composite
def spaces(draw: st.DrawFn) -> Space:
    """Up to six dimensions, some of which hang below a branch of the first."""
    branches = ("a", "b", "c")
    dimensions = [Dimension("choose", Values(branches))] if draw(st.booleans()) else []
    for i, domain in enumerate(draw(st.lists(st.one_of(ranges, values), max_size=5))):
        below = dimensions and dimensions[0].name == "choose" and draw(st.booleans())
        when = (Condition("choose", draw(st.sampled_from(branches))),) if below else ()
        dimensions.append(Dimension(f"d{i}", domain, when))
    return Space(tuple(dimensions))


@settings(max_examples=60, deadline=None)
@given(spaces(), st.sampled_from(["tpe", "random", "qmc"]), st.integers(0, 2**32))
def test_samplers_stay_inside_any_space(space: Space, name: str, seed: int) -> None:
    sampler = sampling.make(name, space, seed, (Goal.MAXIMIZE,))
    history: list[HistoryEntry] = []
    for number in range(14):
        params = sampler.suggest(number, history).params
        assert params is not None
        assert space.contains(params), params
        history.append(HistoryEntry(number, params, float(number % 5)))


@settings(max_examples=40, deadline=None)
@given(st.lists(ranges, min_size=2, max_size=4), st.integers(0, 2**32))
def test_cmaes_stays_inside_any_numeric_space(domains: list[Range], seed: int) -> None:
    space = Space(tuple(Dimension(f"d{i}", d) for i, d in enumerate(domains)))
    sampler = sampling.make("cmaes", space, seed, (Goal.MAXIMIZE,))
    history: list[HistoryEntry] = []
    for number in range(25):
        params = sampler.suggest(number, history).params
        assert params is not None
        assert space.contains(params), params
        history.append(HistoryEntry(number, params, float(number % 5)))
