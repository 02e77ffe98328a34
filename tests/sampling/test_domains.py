from __future__ import annotations

from collections.abc import Callable

import pytest
from optuna.distributions import FloatDistribution, IntDistribution

from sweeper.core.space import Condition, Dimension, Range, Space, Values
from sweeper.sampling.codes import FEW, axis, smooth_axis
from sweeper.sampling.domains import count, from_unit, place, point, position, to_unit

LATTICES = [
    Range(0.1, 0.3, step=0.1),
    Range(0.0, 1.0, step=0.3),
    Range(1, 10, integer=True),
    Range(3, 20, integer=True, step=4),
    Range(1, 256, integer=True, log=True),
    Range(0.5, 8.0, log=True, step=0.5),
    Values(("a", None, [1, 2], True)),
]


@pytest.mark.parametrize("domain", LATTICES, ids=str)
def test_points_are_inside_and_found_again(domain: Range | Values) -> None:
    size = count(domain)
    assert size is not None
    for index in range(size):
        value = point(domain, index)
        assert domain.contains(value)
        assert position(domain, value) == index


@pytest.mark.parametrize("domain", LATTICES, ids=str)
def test_the_unit_interval_reaches_every_point_of_a_lattice(domain: Range | Values) -> None:
    size = count(domain) or 0
    reached = {position(domain, from_unit(domain, i / 4000)) for i in range(4001)}
    assert reached == set(range(size))


def test_a_step_that_does_not_divide_the_range_stops_below_its_end() -> None:
    assert point(Range(0.0, 1.0, step=0.3), 3) == pytest.approx(0.9)
    assert count(Range(0.0, 1.0, step=0.3)) == 4
    assert count(Range(2, 11, integer=True, step=2)) == 5


@pytest.mark.parametrize(
    "domain",
    [Range(-3.0, 5.0), Range(1e-5, 10.0, log=True), *(d for d in LATTICES if isinstance(d, Range))],
    ids=str,
)
def test_to_unit_undoes_from_unit(domain: Range) -> None:
    for i in range(21):
        value = from_unit(domain, i / 20)
        assert 0 <= to_unit(domain, value) <= 1
        assert from_unit(domain, to_unit(domain, value)) == pytest.approx(value)


def test_a_log_range_is_even_in_the_logarithm() -> None:
    assert from_unit(Range(1e-4, 1.0, log=True), 0.5) == pytest.approx(1e-2)
    assert from_unit(Range(1, 10_000, log=True, integer=True), 0.5) in range(60, 120)


def test_integers_are_ints_and_choices_are_the_very_objects() -> None:
    assert type(from_unit(Range(1, 9, integer=True), 0.4)) is int
    choices = ([1], {"a": 2}, None)
    assert from_unit(Values(choices), 0.0) is choices[0]
    assert from_unit(Values(choices), 1.0) is None


@pytest.mark.parametrize(
    ("choices", "ordered"),
    [
        ((16, 32, 64), True),
        ((1.0, 0.1, 0), True),
        ((5,), False),
        ((0, 1, 2), False),
        ((3, 2, 1), False),
        ((0, 1, 2, 4), True),
        ((16, 64, 32), False),
        ((1, 2, None), False),
        ((False, True), False),
        (("1", "2"), False),
    ],
)
def test_numbers_that_rise_or_fall_are_ordered(choices: tuple[object, ...], ordered: bool) -> None:
    domain = Values(choices)
    assert domain.ordered is ordered
    for coded in (axis(domain), smooth_axis(domain)):
        assert isinstance(coded.distribution, IntDistribution) is ordered
        for choice in choices:
            assert coded.decode(coded.encode(choice)) is choice
    for choice in choices:
        assert from_unit(domain, to_unit(domain, choice)) is choice


@pytest.mark.parametrize("domain", LATTICES, ids=str)
@pytest.mark.parametrize("coding", [axis, smooth_axis])
def test_every_point_has_a_code_of_its_own(coding: Callable, domain: Range | Values) -> None:
    coded = coding(domain)
    points = [point(domain, index) for index in range(count(domain) or 0)]
    codes = [coded.encode(value) for value in points]
    assert [coded.decode(code) for code in codes] == points
    assert len(set(codes)) == len(points)
    assert all(coded.distribution._contains(code) for code in codes)


@pytest.mark.parametrize(
    ("domain", "smooth"),
    [
        (Range(0.0, 1.0), True),
        (Range(1e-4, 10.0, log=True), True),
        (Range(1, FEW, integer=True), False),
        (Range(1, FEW + 1, integer=True), True),
        (Range(1, 1000, integer=True, log=True), True),
        (Range(0.0, 1.0, step=0.01), True),
        (Values(tuple(n * n for n in range(FEW + 1))), True),
        (Values(tuple("abcdefghijklmnopqrstuvwxyz")), False),
    ],
)
def test_the_gaussian_process_walks_through_many_points_as_through_an_interval(
    domain: Range | Values, smooth: bool
) -> None:
    assert (smooth_axis(domain).distribution == FloatDistribution(0.0, 1.0)) is smooth


@pytest.mark.parametrize(
    ("domain", "only"),
    [(Range(4, 4, integer=True), 4), (Range(0.5, 0.5), 0.5), (Values(("a",)), "a")],
)
def test_a_domain_with_one_value_is_not_searched(domain: Range | Values, only: object) -> None:
    for coded in (axis(domain), smooth_axis(domain)):
        assert coded.distribution.single()
        assert coded.decode(coded.first) == only


def test_coordinates_of_missing_dimensions_are_left_unused() -> None:
    space = Space(
        (
            Dimension("model", Values(("a", "b"))),
            Dimension("p", Range(0.0, 1.0), (Condition("model", "a"),)),
            Dimension("q", Range(0.0, 1.0)),
        )
    )
    assert place(space, [0.2, 0.3, 0.4]) == {"model": "a", "p": 0.3, "q": 0.4}
    assert place(space, [0.8, 0.3, 0.4]) == {"model": "b", "q": 0.4}
