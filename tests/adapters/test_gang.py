"""What a gang is told and what it answers, without Ray."""

from __future__ import annotations

from dataclasses import replace

from sweeper.core.records import Failure, FailureKind, Success
from sweeper.core.rooms import Slot
from sweeper.core.usage import Usage
from sweeper.execution.gang import combined, ranks, sound
from sweeper.ports import TRACE, RunResult


def succeeded(log: str = "", dirty: str = "") -> RunResult:
    return RunResult(Success({"m": 1.0}, 2.0), log=log, dirty=dirty)


def failed(message: str, seconds: float, error: str = "ValueError") -> RunResult:
    failure = Failure(FailureKind.ERROR, error, message, "f", seconds)
    return RunResult(failure, log=f"printed\n{TRACE}\n{error}: {message}\n")


def test_each_worker_knows_its_place_on_its_node_and_in_the_gang():
    found = ranks(Slot("a", 0, ("a", "b", "a")), "10.0.0.1", 2900)
    assert [(r.rank, r.local_rank, r.local_world_size, r.node_rank) for r in found] == [
        (0, 0, 3, 0),
        (1, 1, 3, 0),
        (2, 0, 1, 1),
        (3, 2, 3, 0),
    ]
    assert {(r.world_size, r.host, r.port) for r in found} == {(4, "10.0.0.1", 2900)}


def test_the_answer_of_a_gang_is_that_of_rank_0_with_the_logs_of_all():
    found = combined([succeeded("zero"), succeeded("one"), succeeded()])
    assert found.outcome == Success({"m": 1.0}, 2.0)
    assert (found.log, found.logs) == ("zero", ("one", ""))


def test_what_a_gang_took_is_the_sum_of_its_ranks_and_the_memory_of_the_largest():
    def took(cpu, memory, result):
        return replace(result, outcome=replace(result.outcome, usage=Usage(cpu, memory)))

    both = combined([took(2.0, 30, succeeded()), took(3.0, 50, succeeded())])
    assert both.outcome.usage == Usage(5.0, 50)
    broken = combined([took(2.0, 30, succeeded()), took(3.0, 50, failed("it broke", 1.0)), None])
    assert broken.outcome.usage == Usage(5.0, 50)


def test_the_gpus_of_a_gang_are_those_of_all_its_ranks():
    def on(gpu, result):
        return replace(result, outcome=replace(result.outcome, gpus=(gpu,)))

    both = combined([on("0", succeeded()), on("1", succeeded())])
    assert both.outcome.gpus == ("0", "1")
    broken = combined([on("0", succeeded()), on("1", failed("it broke", 1.0))])
    assert broken.outcome.gpus == ("0", "1")


def test_a_broken_connection_is_not_the_cause():
    torn = failed("[gloo] Connection closed by peer [10.0.0.2]", 1.0, "RuntimeError")
    found = combined([torn, failed("loss is nan", 1.2)])
    assert found.outcome.message == "loss is nan"
    assert found.log.startswith("printed\n")
    assert "of rank 1\nValueError: loss is nan" in found.log


def test_of_two_causes_the_earlier_one_is_told():
    found = combined([failed("later", 9.0), succeeded(), failed("first", 3.0)])
    assert found.outcome.message == "first"


def test_a_rank_that_does_not_end_leaves_the_answer_to_the_others():
    assert combined([failed("stuck elsewhere", 1.0), None]).outcome.message == "stuck elsewhere"


def test_a_process_whose_run_failed_or_that_is_not_clean_is_not_used_again():
    assert sound(succeeded())
    assert not sound(failed("x", 1.0))
    assert not sound(succeeded(dirty="800 MiB of GPU memory were not given back"))
