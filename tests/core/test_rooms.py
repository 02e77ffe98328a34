from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sweeper.core.line import Line
from sweeper.core.rooms import Free, Rooms, Shape, Slot, packed, spread

NODES = st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 8), min_size=1)


def test_a_gang_goes_to_the_fullest_node_that_holds_it_whole():
    assert packed(Free.of({"a": 8, "b": 4, "c": 3}), 4, 1) == ("b",) * 4


def test_a_gang_that_no_node_holds_goes_to_the_fewest_nodes():
    assert packed(Free.of({"a": 2, "b": 3, "c": 1}), 5, 1) == ("b", "b", "b", "a", "a")


def test_a_spread_gang_goes_over_as_many_nodes_as_there_are():
    assert spread(Free.of({"a": 2, "b": 3, "c": 1}), 4, 1) == ("a", "b", "b", "c")


@given(NODES, st.integers(1, 10), st.integers(1, 3), st.booleans())
def test_a_gang_never_takes_more_than_there_is_and_is_placed_when_it_can_be(
    free, workers, size, apart
):
    nodes = (spread if apart else packed)(Free.of(free), workers, size)
    room = sum(left // size for left in free.values())
    assert (nodes is None) == (room < workers)
    for name in set(nodes or ()):
        assert nodes.count(name) * size <= free[name]


def test_a_gang_of_any_width_shares_what_is_free_with_those_that_wait():
    shape = Shape(2, 8)
    assert len(shape.placed(Free.of({"a": 8}), sharing=1)) == 8
    assert len(shape.placed(Free.of({"a": 8}), sharing=2)) == 4
    assert len(shape.placed(Free.of({"a": 8}), sharing=100)) == 2
    assert shape.placed(Free.of({"a": 1}), sharing=1) is None


def test_the_nodes_that_drain_for_a_gang_are_enough_for_it():
    rooms = Rooms()
    rooms.see({"a": 4, "b": 4, "c": 4})
    for slot in (Slot("a", 0), Slot("a", 1), Slot("b", 0), Slot("c", 0), Slot("c", 1)):
        rooms.take(slot)
    assert Shape(6, 6).awaited(rooms, rooms.free) == ["b", "a"]
    assert Shape(1, 1, size=4).awaited(rooms, rooms.free) == ["b"]


@given(NODES, st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(1, 3)), max_size=12))
def test_places_given_back_leave_the_rooms_as_they_were(nodes, taken):
    rooms, untouched = Rooms(), Rooms()
    rooms.see(nodes)
    untouched.see(nodes)
    slots = [Slot(name, i, (name,), size) for i, (name, size) in enumerate(taken)]
    for slot in slots:
        rooms.take(slot)
    assert rooms.open == sum(rooms.free.left.values())
    for slot in slots:
        rooms.leave(slot)
    assert (rooms.free, rooms.open, rooms.taken) == (
        untouched.free,
        untouched.open,
        untouched.taken,
    )


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 4))), st.integers(1, 4))
def test_the_tightest_node_with_room_is_found_however_places_change(changes, places):
    free, expected = Free(), {}
    for name, left in changes:
        free.put(name, left)
        expected[name] = left
    expected = {name: left for name, left in expected.items() if left}
    assert free == Free.of(expected)
    enough = [(left, name) for name, left in expected.items() if left >= places]
    assert free.tightest(places) == (min(enough)[1] if enough else None)


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 5), st.integers(1, 5))))
def test_the_line_is_sorted_and_has_each_trial_once(steps):
    line, expected = Line(), {}
    for trial, flight, waiting in steps:
        if flight == 5:
            line.drop(trial)
            expected.pop(trial, None)
        else:
            line.file(trial, flight, waiting)
            expected[trial] = flight, waiting
    assert list(line) == sorted((flight, trial) for trial, (flight, _) in expected.items())
    assert line.waiting == sum(waiting for _, waiting in expected.values())
