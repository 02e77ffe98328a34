from __future__ import annotations

from collections.abc import Callable, Iterable

from sweeper.core.events import Event, StopAsked
from sweeper.tracking.follower import GRACE, Records, follow

JOURNAL: list[tuple[int, Event]] = [(n, StopAsked(float(n), "")) for n in range(1, 1001)]


class Shelf:
    """What outlives a mirror: the numbers written, and how often writing still fails."""

    def __init__(self, failures: int = 0) -> None:
        self.written: list[int] = []
        self.abandoned = False
        self.failures = failures


class Memory:
    """A mirror that writes to a shelf."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.seen = 0

    def apply(self, records: Records) -> None:
        for number, _ in records:
            self.seen = number
            if number > len(self.shelf.written):
                if self.shelf.failures:
                    self.shelf.failures -= 1
                    raise OSError("database is locked: sqlite://me:secret@host")
                self.shelf.written.append(number)

    def abandon(self, reason: str) -> None:
        self.shelf.abandoned = True


class Time:
    """A clock that only moves when somebody waits."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


def run(
    shelf: Shelf, done: Iterable[bool], growing: Callable[[Time], int] = lambda time: 1000
) -> tuple[bool, Time, list[str]]:
    time, lines = Time(), list[str]()
    answers = iter(done)
    caught_up = follow(
        lambda after: JOURNAL[after : growing(time)],
        lambda: Memory(shelf),
        lambda: next(answers, True),
        pause=time.pause,
        clock=time,
        report=lines.append,
    )
    return caught_up, time, lines


def test_everything_is_written_once_and_the_follower_ends() -> None:
    shelf = Shelf()
    caught_up, _, _ = run(shelf, done=[False, True])
    assert caught_up
    assert shelf.written == list(range(1, 1001))


def test_records_that_come_later_are_followed() -> None:
    shelf = Shelf()
    run(shelf, [False] * 5, growing=lambda time: 100 * int(time.now))
    assert shelf.written == list(range(1, 501))


def test_an_error_pauses_longer_each_time_and_loses_nothing() -> None:
    shelf = Shelf(failures=8)
    caught_up, time, lines = run(shelf, done=[False] * 20)
    assert caught_up
    assert shelf.written == list(range(1, 1001))
    assert time.pauses[:8] == [1, 2, 4, 8, 16, 30, 30, 30]
    assert len(lines) == 8


def test_secrets_stay_out_of_what_is_reported() -> None:
    _, _, lines = run(Shelf(failures=1), done=[False])
    assert "***@host" in lines[0]
    assert "secret" not in lines[0]


def test_with_the_controller_gone_it_gives_up_after_its_grace() -> None:
    caught_up, time, _ = run(Shelf(failures=1000), done=[True])
    assert not caught_up
    assert time.now == GRACE


def test_a_sweep_without_a_controller_is_handed_to_the_mirror_as_abandoned() -> None:
    shelf = Shelf()
    run(shelf, done=[True])
    assert shelf.abandoned
