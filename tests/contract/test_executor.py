"""What every executor promises, and what the one on Ray survives."""

from __future__ import annotations

import os
import queue
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from contract.acts import act
from sweeper.core.records import Failure, FailureKind, RunKey, Slot, SplitDigest, Success
from sweeper.core.space import Space
from sweeper.core.specs import Goal, Metric, Resources, SweepSpec
from sweeper.core.stimuli import CapacityChanged, RunCancelled, RunEnded, Stimulus
from sweeper.execution.inline import InlineExecutor
from sweeper.execution.ray_tasks import RayExecutor
from sweeper.ports import Executor, Job, Order, Rows, RunResult, Splits


class Bench:
    """An executor with its inbox and what it kept."""

    def __init__(self, make: Callable[..., Executor]) -> None:
        spec = SweepSpec("bench", 0, Metric("m", Goal.MAXIMIZE), Space())
        splits = Splits((), SplitDigest(0, (), ""))
        job = Job(spec, Rows(None), splits, (), "none", (), None, str(Path(__file__).parent))
        self.kept: dict[RunKey, RunResult] = {}
        self.inbox: queue.SimpleQueue[Stimulus] = queue.SimpleQueue()
        self.executor = make(job, act, self.keep)
        self.executor.start(self.inbox.put)
        capacity = self.inbox.get(timeout=60)
        assert isinstance(capacity, CapacityChanged)
        node = capacity.nodes[0]
        self.slots = [Slot(node.name, index) for index in range(node.slots)]
        self.trial = 0

    def keep(self, key: RunKey, result: RunResult) -> RunEnded:
        self.kept[key] = result
        return RunEnded(0, key, result.outcome)

    def send(self, *acts: str, slot: int = 0, timeout: float | None = None) -> list[RunKey]:
        """One batch of orders, one for each act; a new trial each time."""
        self.trial += 1
        orders = [
            Order(RunKey(self.trial, fold, 1), {"do": do}, seed=1, timeout=timeout)
            for fold, do in enumerate(acts)
        ]
        self.executor.dispatch(self.slots[slot % len(self.slots)], orders)
        return [order.key for order in orders]

    def next(self) -> Stimulus:
        while True:
            found = self.inbox.get(timeout=60)
            if not isinstance(found, CapacityChanged):
                return found

    def outcomes(self, keys: list[RunKey]) -> dict[RunKey, object]:
        found: dict[RunKey, object] = {}
        while len(found) < len(keys):
            stimulus = self.next()
            assert isinstance(stimulus, RunEnded | RunCancelled)
            assert stimulus.run not in found, "two answers to one order"
            found[stimulus.run] = (
                stimulus.outcome if isinstance(stimulus, RunEnded) else "cancelled"
            )
        assert set(found) == set(keys)
        return found


@pytest.fixture(scope="module")
def ray_bench() -> Iterator[Bench]:
    before = os.environ.get("PYTHONPATH", "")
    here = Path(__file__).resolve().parents[1]
    os.environ["PYTHONPATH"] = os.pathsep.join([str(here), str(here.parent / "src"), before])
    bench = Bench(lambda job, run, keep: RayExecutor(job, run, keep, Resources()))
    yield bench
    bench.executor.close()
    os.environ["PYTHONPATH"] = before


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

    def test_a_batch_that_dies_goes_back_uncharged_for_nobody_knows_who_did_it(self, ray_bench):
        keys = ray_bench.send("score", "exit", "score")
        found = ray_bench.outcomes(keys)
        assert not any(found[key].charged for key in keys)

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
