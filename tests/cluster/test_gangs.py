"""Gangs on a real Ray: who answers, who is ended, who is used again."""

from __future__ import annotations

import time
from collections.abc import Iterator

import psutil
import pytest

from contract.bench import Bench, on_ray
from sweeper.core.records import FailureKind, Success
from sweeper.core.rooms import Slot
from sweeper.core.specs import Resources
from sweeper.execution import gang

pytest.importorskip("torch")
pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """Room for two gangs of two."""
    with on_ray(resources=Resources(cpus=0.5, workers=2)) as bench:
        node = bench.slots[0].node
        bench.slots = [Slot(node, 0, (node,)), Slot(node, 1, (node,)), Slot(node, 2)]
        yield bench


def who(bench: Bench, slot: int = 0) -> int:
    """The process of the gang's rank 0."""
    outcome = bench.outcome("whoami", slot=slot)
    assert isinstance(outcome, Success), outcome
    return int(outcome.scores["m"])


def test_a_gang_does_one_run_after_another_and_rank_0_answers(bench):
    keys = bench.send("whoami") + bench.send("whoami") + bench.send("whoami")
    found = list(bench.outcomes(keys).values())
    assert {outcome.scores["ranks"] for outcome in found} == {2.0}
    assert len({outcome.scores["m"] for outcome in found}) == 1


@pytest.mark.parametrize("rank", ["0", "1"])
def test_a_rank_that_fails_ends_the_run_of_all_and_its_error_is_the_answer(bench, rank):
    began = time.monotonic()
    outcome = bench.outcome("one_rank", who=rank, what="fail", **{"else": "hang"})
    assert (outcome.kind, outcome.error) == (FailureKind.ERROR, "ValueError")
    assert time.monotonic() - began < gang.GRACE + 20.0


@pytest.mark.parametrize("rank", ["0", "1"])
def test_a_rank_that_is_killed_ends_the_run_of_all_and_is_the_cause(bench, rank):
    before = who(bench)
    outcome = bench.outcome("one_rank", who=rank, what="kill", **{"else": "hang"})
    assert (outcome.kind, outcome.charged) == (FailureKind.LOST, True)
    assert "was killed" in outcome.message
    assert who(bench) != before


def test_a_gang_whose_run_failed_is_replaced_and_nothing_of_it_stays(bench):
    before = who(bench)
    assert bench.outcome("fail").kind is FailureKind.ERROR
    assert who(bench) != before
    deadline = time.monotonic() + 10
    while psutil.pid_exists(before):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_rank_that_takes_too_much_memory_is_the_one_that_is_charged(bench):
    outcome = bench.outcome("one_rank", who="1", what="hog", memory=400 * 2**20, **{"else": "hang"})
    assert (outcome.kind, outcome.charged) == (FailureKind.OOM, True)


def test_a_gang_that_hangs_is_ended_after_its_timeout(bench):
    outcome = bench.outcome("hang", timeout=1.0)
    assert outcome.kind is FailureKind.TIMEOUT


def test_a_gang_without_work_gives_its_places_to_a_run_that_needs_them(bench):
    who(bench, slot=0)
    who(bench, slot=1)
    began = time.monotonic()
    assert isinstance(bench.outcome("score", slot=2), Success)
    assert time.monotonic() - began < gang.WARM / 2


def test_a_gang_whose_places_others_hold_is_given_up_uncharged(bench, monkeypatch):
    from sweeper.execution import hiring

    hanging = [*bench.send("hang", slot=0), *bench.send("hang", slot=1)]
    while any(held.placed_by is not None for held in list(bench.executor._leases.values())):
        time.sleep(0.05)
    monkeypatch.setattr(hiring, "PLACED", 1.0)
    node = bench.slots[0].node
    bench.slots.append(Slot(node, 3, (node,)))
    outcome = bench.outcome("whoami", slot=3)
    assert (outcome.kind, outcome.charged) == (FailureKind.LOST, False)
    bench.executor.cancel(hanging, grace=0.1)
    assert set(bench.outcomes(hanging).values()) == {"cancelled"}
