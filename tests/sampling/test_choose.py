from __future__ import annotations

import importlib.util

import pytest

from sweeper import sampling
from sweeper.core.space import Condition, Dimension, Range, Space, Values
from sweeper.core.specs import Budget, Goal
from sweeper.sampling import choose

FLOATS = Space((Dimension("C", Range(1e-3, 1e3, log=True)), Dimension("gamma", Range(0.0, 1.0))))
KINDS = Space((*FLOATS, Dimension("kernel", Values(("rbf", "poly")))))
SIZES = Space((*FLOATS, Dimension("width", Values((16, 32, 64)))))
BRANCHES = Space(
    (
        Dimension("model", Values(("a", "b"))),
        Dimension("C", Range(0.0, 1.0), (Condition("model", "a"),)),
    )
)
UNDER_CONDITION = Space(
    (
        Dimension("x", Range(0.0, 1.0)),
        Dimension("y", Range(0.0, 1.0), (Condition("model", "a"),)),
    )
)
FEW = Budget(trials=40)


@pytest.fixture
def torch(monkeypatch: pytest.MonkeyPatch) -> dict[str, bool]:
    """Whether torch counts as installed, to be set by the test."""
    state = {"installed": True}
    find = importlib.util.find_spec
    monkeypatch.setattr(
        choose.importlib.util,
        "find_spec",
        lambda name: (state["installed"] or None) if name == "torch" else find(name),
    )
    return state


def message(name: str, space: Space) -> str:
    (problem,) = sampling.problems(name, space, FEW)
    assert problem.path == "search.sampler"
    return problem.message


@pytest.mark.parametrize(
    ("space", "budget", "expected"),
    [
        (FLOATS, FEW, "gp"),
        (FLOATS, Budget(trials=1000), "tpe"),
        (FLOATS, Budget(time=60.0), "tpe"),
        (KINDS, FEW, "gp"),
        (SIZES, FEW, "gp"),
        (BRANCHES, FEW, "gp"),
        (Space(), FEW, "grid"),
        (Space(KINDS.dimensions[2:]), FEW, "grid"),
        (Space(KINDS.dimensions[2:]), Budget(time=60.0), "grid"),
        (Space(KINDS.dimensions[2:]), Budget(trials=1), "gp"),
    ],
)
def test_auto_follows_from_space_and_budget(
    torch: dict[str, bool], space: Space, budget: Budget, expected: str
) -> None:
    name, reason = sampling.resolve("auto", space, budget)
    assert name == expected
    assert reason


def test_without_torch_auto_says_that_gp_was_passed_over_and_how_to_get_it(
    torch: dict[str, bool],
) -> None:
    torch["installed"] = False
    name, reason = sampling.resolve("auto", FLOATS, FEW)
    assert name == "tpe"
    assert "gp was passed over" in reason
    assert "pip install 'sweeper[torch]'" in reason


def test_torch_is_not_named_where_gp_would_not_be_taken_anyway(torch: dict[str, bool]) -> None:
    torch["installed"] = False
    assert "torch" not in sampling.resolve("auto", FLOATS, Budget(trials=1000))[1]


@pytest.mark.parametrize("name", sampling.SAMPLERS)
def test_other_names_pass_through(name: str) -> None:
    assert sampling.resolve(name, FLOATS, FEW)[0] == name


def test_what_auto_picks_never_has_problems(torch: dict[str, bool]) -> None:
    for installed in (True, False):
        torch["installed"] = installed
        for space in (FLOATS, KINDS, BRANCHES, Space(), UNDER_CONDITION):
            assert sampling.problems("auto", space, FEW) == ()


def test_every_sampler_is_content_with_a_numeric_space(torch: dict[str, bool]) -> None:
    finite = Space(tuple(Dimension(n, Range(1, 5, integer=True)) for n in "ab"))
    for name in sampling.SAMPLERS:
        assert sampling.problems(name, finite, FEW, 2 if name == "nsgaii" else 1) == ()


def test_a_sampler_of_one_objective_is_not_for_several_nor_the_other_way() -> None:
    (several,) = sampling.problems("cmaes", FLOATS, FEW, 2)
    assert "searches by one objective" in several.message
    (one,) = sampling.problems("nsgaii", FLOATS, FEW, 1)
    assert "is for several objectives" in one.message


@pytest.mark.parametrize(("trials", "name"), [(999, "tpe"), (1000, "nsgaii"), (None, "nsgaii")])
def test_auto_takes_a_population_for_several_objectives_and_many_trials(
    trials: int | None, name: str
) -> None:
    assert sampling.resolve("auto", FLOATS, Budget(trials), 2)[0] == name


def test_an_unknown_name_gets_the_nearest_right_one() -> None:
    assert "did you mean 'random'" in message("randm", FLOATS)
    assert "did you mean 'cmaes'" in message("CMA-ES", FLOATS)
    assert "did you mean" not in message("zzz", FLOATS)


def test_cmaes_says_which_parameter_it_cannot_search() -> None:
    assert "'kernel'" in message("cmaes", KINDS)
    assert "'y' exists only when 'model' is 'a'" in message("cmaes", UNDER_CONDITION)
    assert "found 1" in message("cmaes", Space(FLOATS.dimensions[:1]))


def test_gp_needs_torch(torch: dict[str, bool]) -> None:
    assert not sampling.problems("gp", BRANCHES, FEW)
    torch["installed"] = False
    assert "pip install 'sweeper[torch]'" in message("gp", FLOATS)


def test_grid_names_the_ranges_that_need_a_step() -> None:
    assert "'C', 'gamma'" in message("grid", KINDS)
    assert "`step`" in message("grid", KINDS)


def test_make_refuses_a_name_that_was_not_resolved() -> None:
    with pytest.raises(ValueError, match="not a resolved sampler name"):
        sampling.make("auto", FLOATS, 7, (Goal.MINIMIZE,))
