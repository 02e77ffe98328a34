"""What every executor promises, and what the one on Ray survives."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from contract.bench import Bench, on_ray
from sweeper.core.records import Failure, FailureKind, Success
from sweeper.execution.inline import InlineExecutor


@pytest.fixture(scope="module")
def ray_bench() -> Iterator[Bench]:
    with on_ray() as bench:
        yield bench


@pytest.fixture(params=["inline", pytest.param("ray", marks=pytest.mark.cluster)])
def bench(request) -> Bench:
    if request.param == "ray":
        return request.getfixturevalue("ray_bench")
    return Bench(InlineExecutor)


def test_every_order_gets_one_answer_with_its_outcome(bench):
    keys = bench.send("score", "score", "fail", "score")
    found = bench.outcomes(keys)
    assert [type(found[key]) for key in keys] == [Success, Success, Failure, Success]
    assert found[keys[1]].scores == {"m": 1.0}
    assert found[keys[2]].message == "went wrong"


def test_files_and_log_are_kept_before_the_answer_comes(bench):
    (key,) = bench.send("score")
    bench.outcomes([key])
    assert bench.kept[key].files == {"model": ("m.pkl", b"x")}
    assert bench.kept[key].log == "a line"


def test_batches_on_one_slot_are_done_in_order(bench):
    keys = [key for _ in range(20) for key in bench.send("score", "score")]
    answered = []
    while len(answered) < len(keys):
        answered.append(bench.next().run)
    assert answered == keys


def test_cancelling_what_is_over_does_nothing(bench):
    keys = bench.send("score")
    bench.outcomes(keys)
    bench.executor.cancel(keys, grace=0.0)
    again = bench.send("score")
    assert isinstance(bench.outcomes(again)[again[0]], Success)


@pytest.mark.cluster
class TestOnRay:
    @pytest.mark.parametrize("do", ["exit", "kill", "segfault", "leave"])
    def test_a_run_whose_process_ends_is_lost_and_charged(self, ray_bench, do):
        keys = ray_bench.send(do)
        outcome = ray_bench.outcomes(keys)[keys[0]]
        assert isinstance(outcome, Failure)
        assert outcome.charged
        assert outcome.kind in (FailureKind.LOST, FailureKind.ERROR)

    def test_of_a_batch_that_dies_the_run_it_was_at_is_charged_alone(self, ray_bench):
        keys = ray_bench.send("score", "exit", "score")
        found = ray_bench.outcomes(keys)
        assert [found[key].charged for key in keys] == [False, True, False]

    def test_a_run_that_hangs_and_ignores_sigterm_is_killed_at_its_timeout(self, ray_bench):
        keys = ray_bench.send("hang", timeout=1.0)
        outcome = ray_bench.outcomes(keys)[keys[0]]
        assert outcome.kind is FailureKind.TIMEOUT
        assert outcome.charged

    def test_a_slot_that_idles_past_its_last_runs_timeout_is_left_alone(self, ray_bench):
        for _ in range(3):
            keys = ray_bench.send("score", timeout=0.15)
            assert isinstance(ray_bench.outcomes(keys)[keys[0]], Success)
            while ray_bench.executor._leases:
                time.sleep(0.01)
        assert all(thread.is_alive() for thread in ray_bench.executor._threads)

    def test_the_slot_is_used_again_after_a_death(self, ray_bench):
        dead = ray_bench.send("kill")
        ray_bench.outcomes(dead)
        keys = ray_bench.send("score")
        assert isinstance(ray_bench.outcomes(keys)[keys[0]], Success)

    def test_what_waits_is_dropped_and_what_runs_is_killed_after_its_grace(self, ray_bench):
        running, waiting = ray_bench.send("hang"), ray_bench.send("score")
        ray_bench.executor.cancel([*running, *waiting], grace=0.2)
        found = ray_bench.outcomes([*running, *waiting])
        assert found == {running[0]: "cancelled", waiting[0]: "cancelled"}

    def test_a_run_that_reports_is_told_to_stop(self, ray_bench):
        keys = ray_bench.send("report")
        ray_bench.executor.cancel(keys, grace=60.0)
        assert ray_bench.outcomes(keys) == {keys[0]: "cancelled"}

    def test_slots_work_side_by_side(self, ray_bench):
        hanging = ray_bench.send("hang", slot=0)
        keys = ray_bench.send("score", slot=1)
        assert isinstance(ray_bench.outcomes(keys)[keys[0]], Success)
        ray_bench.executor.cancel(hanging, grace=0.0)
        assert ray_bench.outcomes(hanging) == {hanging[0]: "cancelled"}
