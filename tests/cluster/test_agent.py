"""What an agent sees to on its node, with real processes and a real Ray."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from contract.bench import Bench, await_, on_ray, titled
from sweeper.core.records import FailureKind, Success
from sweeper.execution import keeper
from sweeper.execution.sealed import SealedJob

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with on_ray() as bench:
        yield bench


def living(pids: Path) -> list[int]:
    """Those of the processes named there that are still at work."""
    found = []
    for pid in map(int, pids.read_text().split()):
        try:
            if psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                found.append(pid)
        except psutil.NoSuchProcess:
            continue
    return found


@pytest.mark.parametrize("then", ["exit", "kill", "score", "hang"])
def test_no_process_that_a_run_started_outlives_it(bench, tmp_path, then):
    pids = tmp_path / "pids"
    bench.outcome("litter", then=then, pids=str(pids), timeout=1.5 if then == "hang" else None)
    await_(lambda: not living(pids), seconds=3.0)
    assert len(pids.read_text().split()) == 3


def test_a_run_that_hangs_is_ended_soon_after_its_timeout(bench):
    began = time.monotonic()
    outcome = bench.outcome("hang", timeout=1.0)
    assert (outcome.kind, outcome.charged) == (FailureKind.TIMEOUT, True)
    assert time.monotonic() - began < 6.0


def test_in_a_batch_each_run_has_its_own_timeout(bench):
    keys = bench.send("score", "hang", "score", "score", timeout=2.0)
    began = time.monotonic()
    found = bench.outcomes(keys)
    assert time.monotonic() - began < 7.0
    assert found[keys[1]].kind is FailureKind.TIMEOUT
    assert [found[key].charged for key in keys] == [False, True, False, False]


def test_who_takes_more_memory_than_it_may_is_charged_and_its_neighbour_goes_on(bench):
    (neighbour,) = bench.send("report", slot=1)
    (hog,) = bench.send("hog", slot=0, memory=400 * 2**20)
    outcome = bench.outcomes([hog])[hog]
    assert (outcome.kind, outcome.charged) == (FailureKind.OOM, True)
    assert "400 MiB" in outcome.message
    bench.executor.cancel([neighbour], grace=60.0)
    assert bench.outcomes([neighbour]) == {neighbour: "cancelled"}


@pytest.mark.parametrize(
    ("act", "says"),
    [("exit", "os._exit(3)"), ("segfault", "segmentation fault"), ("kill", "was killed")],
)
def test_a_failure_says_how_the_process_died(bench, act, says):
    assert says in bench.outcome(act).message


def test_what_a_run_prints_can_be_read_while_it_runs_and_after_its_worker_died(bench, tmp_path):
    go = tmp_path / "go"
    (key,) = bench.send("talk", until=str(go), then="segfault")
    await_(lambda: "the first line" in bench.shown.get(key, ""))
    go.touch()
    bench.outcomes([key])
    assert "the first line" in bench.shown[key]
    assert "Segmentation fault" in bench.shown[key]


def test_a_result_that_cannot_be_sent_is_a_failed_run_that_names_it(bench):
    keys = bench.send("score", "unsendable", "score")
    found = bench.outcomes(keys)
    assert isinstance(found[keys[0]], Success)
    assert isinstance(found[keys[2]], Success)
    assert found[keys[1]].kind is FailureKind.ERROR
    assert "outcome.report" in found[keys[1]].message
    assert "not for the road" in found[keys[1]].message


def test_a_ray_of_our_own_has_no_servants_that_nobody_asks(bench):
    running = " ".join(word for p in psutil.Process().children() for word in p.cmdline())
    assert "gcs_server" in running
    assert not [each for each in ("monitor.py", "dashboard.py") if each in running]


def test_a_ray_of_our_own_is_watched_by_the_launch_and_no_further_process(bench):
    bench.outcome("score")
    assert titled("ray::")
    assert not titled("ray::Agent")


def test_a_line_that_breaks_loses_the_run_uncharged_and_the_launch_goes_on(bench):
    office = bench.executor._office
    (key,) = bench.send("sleep")
    await_(lambda: bench.executor._leases and next(iter(bench.executor._leases.values())).keys)
    for writer in list(office._writers):
        office.do(writer.transport.abort)
    outcome = bench.outcomes([key])[key]
    assert (outcome.kind, outcome.error, outcome.charged) == (
        FailureKind.LOST,
        "LineBroken",
        False,
    )
    assert isinstance(bench.outcome("score"), Success)


def test_a_keeper_shares_a_big_job_and_is_not_missed_when_it_is_gone(bench):
    import ray

    job = SealedJob(b"job", (np.arange(10, dtype=np.uint8),))
    handle = keeper.keep(job, "launch", ray.get_runtime_context().get_node_id())
    found = keeper.kept("launch")
    assert found.content == b"job"
    assert found.buffers[0].tolist() == list(range(10))
    ray.kill(handle)
    await_(lambda: keeper.kept("launch") is None)
