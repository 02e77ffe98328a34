"""Processes that write, are killed, are paused and race: on a file and on a server."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from journal.killing import Writer, kills, survived
from journal.racing import races
from journal.writer import event, place
from sweeper.ports import SweepHeld


@pytest.fixture(params=["file", "sql"])
def url(request):
    return request.getfixturevalue("postgres").url if request.param == "sql" else None


def test_a_killed_writer_loses_nothing_that_was_acknowledged(tmp_path, url):
    assert kills(4, tmp_path, url, seed=1) == 4


def test_of_two_that_race_exactly_one_holds_and_the_other_names_it(tmp_path, url):
    assert races(20, tmp_path, url) == 20


def test_who_comes_second_is_told_the_holder_and_disturbs_nothing(tmp_path, url):
    directory = tmp_path / f"{tmp_path.name}-second"
    writer = Writer(directory, url)
    writer.wait_for(2)
    with (
        pytest.raises(SweepHeld, match=rf"process {writer.process.pid} on .*, since") as caught,
        place(directory, url).hold(),
    ):
        pass
    assert caught.value.exit_code == 5
    assert f"process {writer.process.pid} on" in place(directory, url).holder()
    before = len(writer.said)
    writer.wait_for(before + 3)
    survived(directory, url, writer.kill())


@dataclass(frozen=True)
class Takeover:
    """One process' end and what followed. `seconds`: from its end to ours holding the sweep."""

    directory: Path
    writer: Writer
    acknowledged: int
    seconds: float
    length: int


ENDS = ("killed", "stopped", "stopped inside an append")


@pytest.fixture(scope="module")
def takeovers(postgres, tmp_path_factory) -> Iterator[dict[str, Takeover]]:
    """All at once, because each waits for a lease to run out."""
    folder = tmp_path_factory.mktemp("takeover")
    with ThreadPoolExecutor(len(ENDS)) as pool:
        found = pool.map(
            lambda end: _taken_over(folder / end.replace(" ", "-"), postgres, end), ENDS
        )
        made = dict(zip(ENDS, found, strict=True))
    yield made
    for takeover in made.values():
        takeover.writer.process.kill()
        takeover.writer.end()


def _taken_over(directory: Path, postgres, end: str) -> Takeover:
    options = ("--pause-inside", "20") if end == ENDS[2] else ()
    writer = Writer(directory, postgres.url, *options)
    writer.wait_for(20)
    if end == ENDS[0]:
        writer.kill()
    else:
        if end == ENDS[1]:  # the third stops itself, where nobody else could tell it to
            writer.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, writer.process.pid, os.WSTOPPED | os.WNOWAIT)
    began = time.monotonic()
    with place(directory, postgres.url).hold() as journal:
        seconds = time.monotonic() - began
        acknowledged = int(writer.said[-1])
        journal.append([[event(journal.length() + 1)]])
        if end != ENDS[0]:
            writer.process.send_signal(signal.SIGCONT)
            writer.end()
        journal.append([[event(journal.length() + 1), event(journal.length() + 2)]])
        length = journal.length()
    return Takeover(directory, writer, acknowledged, seconds, length)


@pytest.mark.parametrize("end", ENDS)
def test_a_holder_that_ended_is_taken_over_within_five_seconds(takeovers, end):
    assert takeovers[end].seconds < 5


@pytest.mark.parametrize("end", ENDS[1:])
def test_a_controller_that_lost_its_lease_can_write_nothing_more(takeovers, end):
    said = takeovers[end].writer.said[-1]
    assert said.startswith("SweepHeld this controller was not heard of for 4 s or more")
    assert f"process {os.getpid()} on" in said


@pytest.mark.parametrize("end", ENDS)
def test_the_journal_is_whole_after_a_takeover(takeovers, postgres, end):
    found = list(place(takeovers[end].directory, postgres.url).read())
    assert found == [event(n) for n in range(1, takeovers[end].length + 1)]
    assert len(found) >= takeovers[end].acknowledged + 3
