from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from sweeper import sampling
from sweeper.core.records import HistoryEntry
from sweeper.core.space import Condition, Dimension, Params, Range, Space, Values
from sweeper.core.specs import Goal

NESTED = Space(
    (
        Dimension("scale", Values((True, None))),
        Dimension("model", Values(("linear", "tree", "dummy"))),
        Dimension("C", Range(0.5, 2.0, step=0.5), (Condition("model", "linear"),)),
        Dimension("split", Values(("best", "random")), (Condition("model", "tree"),)),
        Dimension(
            "cuts",
            Range(1, 3, integer=True),
            (Condition("model", "tree"), Condition("split", "random")),
        ),
        Dimension("leaf", Values((1, 5)), (Condition("model", "tree"),)),
    )
)


def whole(space: Space) -> list[Params]:
    """Every point that the grid sampler gives, in its order."""
    sampler = sampling.make("grid", space, 7, (Goal.MINIMIZE,))
    points = []
    for number in itertools.count():
        params = sampler.suggest(number, ()).params
        if params is None:
            return points
        points.append(params)
    raise AssertionError


def test_the_grid_is_the_cartesian_product_in_order_and_ends() -> None:
    space = Space((Dimension("a", Values((1, 2))), Dimension("b", Range(0, 2, integer=True))))
    assert [tuple(p.values()) for p in whole(space)] == [
        (1, 0), (1, 1), (1, 2), (2, 0), (2, 1), (2, 2),
    ]  # fmt: skip
    sampler = sampling.make("grid", space, 7, (Goal.MINIMIZE,))
    assert sampler.suggest(6, ()).params is None
    assert sampler.suggest(600, ()).params is None


def test_a_conditional_grid_has_each_valid_point_once() -> None:
    points = whole(NESTED)
    assert len(points) == sampling.grid_size(NESTED) == 2 * (4 + (1 + 3) * 2 + 1)
    assert all(NESTED.contains(p) for p in points)
    assert len({repr(p) for p in points}) == len(points)


def test_parameters_come_in_the_order_of_the_space() -> None:
    for params in whole(NESTED):
        assert list(params) == [d.name for d in NESTED if d.name in params]


def test_an_empty_space_is_one_point() -> None:
    assert sampling.grid_size(Space()) == 1
    assert whole(Space()) == [{}]


def test_a_continuous_range_has_no_grid_size() -> None:
    assert sampling.grid_size(Space((Dimension("x", Range(0.0, 1.0)),))) is None


def test_a_grid_too_big_to_be_built_is_addressed_at_once() -> None:
    space = Space(tuple(Dimension(f"d{i}", Range(0, 10**6, integer=True)) for i in range(8)))
    size = (10**6 + 1) ** 8
    assert sampling.grid_size(space) == size
    sampler = sampling.make("grid", space, 7, (Goal.MINIMIZE,))
    assert set(sampler.suggest(size - 1, ()).params.values()) == {10**6}
    assert sampler.suggest(size, ()).params is None


def test_many_choices_side_by_side_are_counted_at_once() -> None:
    dimensions = []
    for i in range(40):
        dimensions.append(Dimension(f"m{i}", Values(("a", "b"))))
        dimensions.append(Dimension(f"p{i}", Range(1, 5, integer=True), (Condition(f"m{i}", "a"),)))
    assert sampling.grid_size(Space(tuple(dimensions))) == 6**40


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 3), st.sampled_from([None, "a", "b"])), max_size=5))
def test_a_grid_matches_brute_force(shapes: list[tuple[int, str | None]]) -> None:
    below = {b: (Condition("choose", b),) for b in ("a", "b")}
    space = Space(
        (
            Dimension("choose", Values(("a", "b"))),
            *(
                Dimension(f"d{i}", Range(1, n, integer=True), below.get(branch or "", ()))
                for i, (n, branch) in enumerate(shapes)
            ),
        )
    )
    expected = set()
    for combination in itertools.product(*(d.domain.grid() or () for d in space)):
        named = dict(zip((d.name for d in space), combination, strict=True))
        expected.add(str({d.name: named[d.name] for d in space if d.exists(named)}))
    assert sorted(map(str, whole(space))) == sorted(expected)


def test_the_index_of_a_point_is_its_number() -> None:
    sampler = sampling.make("grid", NESTED, 7, (Goal.MINIMIZE,))
    for number, params in enumerate(whole(NESTED)):
        assert sampler._forest.index(params) == number  # type: ignore[attr-defined]


def test_a_grid_with_trials_by_hand_among_its_numbers_still_has_every_point_once() -> None:
    space = Space((Dimension("a", Values((1, 2, 3))), Dimension("b", Values(("x", "y")))))
    sampler = sampling.make("grid", space, 7, (Goal.MINIMIZE,))
    by_hand = {1: {"a": 3, "b": "y"}, 3: {"a": 9, "b": "x"}}
    history: list[HistoryEntry] = []
    for number in itertools.count():
        params = by_hand.get(number) or sampler.suggest(number, history).params
        if params is None:
            break
        history.append(HistoryEntry(number, params, 0.5))
    points = [tuple(entry.params.values()) for entry in history if entry.params["a"] != 9]
    assert sorted(points) == sorted(itertools.product((1, 2, 3), ("x", "y")))


def test_a_grid_that_lost_a_choice_goes_on_with_what_is_left() -> None:
    wide = Space((Dimension("a", Values((1, 2, 3))), Dimension("b", Values(("x", "y")))))
    narrow = Space((Dimension("a", Values((1, 3))), Dimension("b", Values(("x", "y")))))
    first, then = (sampling.make("grid", space, 7, (Goal.MINIMIZE,)) for space in (wide, narrow))
    history = [HistoryEntry(n, first.suggest(n, ()).params or {}, 0.5) for n in range(3)]
    for number in itertools.count(3):
        params = then.suggest(number, history).params
        if params is None:
            break
        history.append(HistoryEntry(number, params, 0.5))
    points = [tuple(entry.params.values()) for entry in history]
    assert points == [(1, "x"), (1, "y"), (2, "x"), (3, "y"), (3, "x")]
