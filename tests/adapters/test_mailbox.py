"""The mailbox by itself: one event loop, no Ray."""

from __future__ import annotations

import asyncio

import numpy as np
import pandas as pd

from sweeper.core.records import RunKey, SplitDigest, Success
from sweeper.core.rooms import Slot
from sweeper.execution import sealed
from sweeper.execution.mailbox import (
    Buried,
    Closed,
    Dropped,
    Ended,
    Mailbox,
    Reported,
    Started,
)
from sweeper.execution.sieve import Sieve
from sweeper.ports import Job, Order, Rows, RunResult, Splits
from world import spec

SLOT = Slot("n", 0)


def batch(*trials: int, attempt: int = 1) -> sealed.SealedBatch:
    return sealed.batch([Order(RunKey(trial, 0, attempt), {}, seed=0) for trial in trials])


def result(trial: int, attempt: int = 1) -> sealed.SealedResults:
    done = (RunKey(trial, 0, attempt), RunResult(Success({"m": 1.0}, 0.0)), False)
    return sealed.results([done])


def filled(*batches: sealed.SealedBatch) -> tuple[Mailbox, list]:
    """A mailbox, and the messages that come out of it."""
    messages = []
    mailbox = Mailbox(sealed.SealedJob(b"", ()), messages.append)
    for each in batches:
        mailbox.push(SLOT, each)
    return mailbox, messages


async def waits(call) -> bool:
    """Whether the call has no answer yet, after everything else had its turn."""
    task = asyncio.ensure_future(call)
    for _ in range(10):
        await asyncio.sleep(0)
    done = task.done()
    task.cancel()
    return not done


def test_a_lease_gets_its_next_batch_while_it_runs_the_one_it_has():
    async def act():
        mailbox, messages = filled(batch(1), batch(2), batch(3))
        first = await mailbox.take(SLOT, 1, sealed.NOTHING, 0.3, True)
        second = await mailbox.take(SLOT, 1, sealed.NOTHING, 0.3)
        third = await mailbox.take(SLOT, 1, result(1), 0.3)
        return [given.keys[0].trial for given in (first, second, third)], messages

    trials, messages = asyncio.run(act())
    assert trials == [1, 2, 3]
    assert [type(m) for m in messages] == [Started, Ended, Started]
    assert messages[2].keys == (RunKey(2, 0, 1),)


def test_a_suspect_is_never_in_hand_with_another():
    async def act():
        mailbox, _ = filled(batch(1), batch(2, attempt=2), batch(3))
        await mailbox.take(SLOT, 1, sealed.NOTHING, 0.3, True)
        before = await waits(mailbox.take(SLOT, 1, sealed.NOTHING, 0.3))
        await mailbox.hand_in(SLOT, 1, result(1))
        suspect = await mailbox.take(SLOT, 1, sealed.NOTHING, 0.3)
        behind = await waits(mailbox.take(SLOT, 1, sealed.NOTHING, 0.3))
        await mailbox.hand_in(SLOT, 1, result(2, attempt=2))
        last = await mailbox.take(SLOT, 1, sealed.NOTHING, 0.3)
        return before, suspect.keys[0], behind, last.keys[0]

    before, suspect, behind, last = asyncio.run(act())
    assert before
    assert suspect == RunKey(2, 0, 2)
    assert behind
    assert last == RunKey(3, 0, 1)


def test_of_a_batch_that_waits_a_part_is_called_back():
    async def act():
        mailbox, messages = filled(batch(1, 2, 3))
        mailbox.recall([RunKey(2, 0, 1)])
        given = await mailbox.take(SLOT, 1, sealed.NOTHING, 0.3, True)
        return given, messages

    given, messages = asyncio.run(act())
    left = (RunKey(1, 0, 1), RunKey(3, 0, 1))
    assert tuple(order.key for order in sealed.opened_batch(given)) == given.keys == left
    assert messages == [Dropped(SLOT, RunKey(2, 0, 1)), Started(SLOT, 1, left)]


def test_a_dead_lease_says_what_it_had_and_gets_nothing_more():
    async def act():
        mailbox, messages = filled(batch(1), batch(2))
        await mailbox.take(SLOT, 1, sealed.NOTHING, 0.3, True)
        await mailbox.take(SLOT, 1, sealed.NOTHING, 0.3)
        question = asyncio.ensure_future(mailbox.take(SLOT, 1, sealed.NOTHING, 0.3))
        await asyncio.sleep(0)
        mailbox.bury(SLOT, 1)
        mailbox.push(SLOT, batch(3))
        ghost = await question
        heir = await mailbox.take(SLOT, 2, sealed.NOTHING, 0.3, True)
        return ghost, heir.keys[0].trial, [m for m in messages if isinstance(m, Buried)]

    ghost, heir, (buried,) = asyncio.run(act())
    assert ghost is None
    assert heir == 3
    assert buried.hand == ((RunKey(1, 0, 1),), (RunKey(2, 0, 1),))


def test_a_run_that_was_called_back_is_told_at_its_next_report():
    async def act():
        mailbox, _ = filled(batch(1))
        await mailbox.take(SLOT, 1, sealed.NOTHING, 0.3, True)
        before = await mailbox.report(RunKey(1, 0, 1), 1)
        mailbox.recall([RunKey(1, 0, 1)])
        return before, await mailbox.report(RunKey(1, 0, 1), 2)

    assert asyncio.run(act()) == (False, True)


def test_what_a_lease_that_leaves_has_not_begun_goes_to_the_next_one():
    async def act():
        mailbox, messages = filled(batch(1), batch(2), batch(3))
        await mailbox.take(SLOT, 1, sealed.NOTHING, 0.3, True)
        await mailbox.take(SLOT, 1, sealed.NOTHING, 0.3)
        await mailbox.hand_in(SLOT, 1, result(1))
        await mailbox.leave(SLOT, 1)
        again = [await mailbox.take(SLOT, 2, sealed.NOTHING, 0.3, True) for _ in range(2)]
        return messages, [given.keys[0].trial for given in again]

    messages, trials = asyncio.run(act())
    assert Closed(SLOT, 1) in messages
    assert trials == [2, 3]


def test_only_a_lease_without_work_is_dismissed():
    async def act():
        mailbox, messages = filled(batch(1))
        await mailbox.take(SLOT, 1, sealed.NOTHING, 30.0, True)
        mailbox.dismiss(SLOT, 1)
        busy = list(messages)
        waiting = asyncio.ensure_future(mailbox.take(SLOT, 1, result(1), 30.0))
        await asyncio.sleep(0)
        mailbox.dismiss(SLOT, 1)
        return busy, await waiting, messages

    busy, given, messages = asyncio.run(act())
    assert Closed(SLOT, 1) not in busy
    assert given is None
    assert messages[-1] == Closed(SLOT, 1)


def test_what_the_controller_watches_comes_out_before_the_runs_end():
    async def act():
        mailbox, messages = filled(batch(1))
        await mailbox.take(SLOT, 1, sealed.NOTHING, 0.3, True)
        await mailbox.report(RunKey(1, 0, 1), 1)
        await mailbox.report(RunKey(1, 0, 1), 3, 0.7)
        await mailbox.hand_in(SLOT, 1, result(1))
        return messages

    started, reported, ended = asyncio.run(act())
    assert isinstance(started, Started)
    assert reported == Reported(RunKey(1, 0, 1), 3, 0.7)
    assert isinstance(ended, Ended)


def test_of_each_watched_step_the_first_report_from_there_on_is_heard():
    sieve = Sieve("m", (1, 3, 9))
    steps = [step for step in range(12) if sieve.heard(step, {"m": 0.0}) is not None]
    assert steps == [1, 3, 9]
    coarse = Sieve("m", (1, 3, 9))
    assert [s for s in range(0, 50, 5) if coarse.heard(s, {"m": 0.0}) is not None] == [5, 10]


def test_a_report_without_the_metric_is_not_heard_and_the_next_with_it_is():
    sieve = Sieve("m", (1, 3))
    assert sieve.heard(1, {"loss": 0.1}) is None
    assert sieve.heard(2, {"loss": 0.1, "m": 0.5}) == 0.5
    assert sieve.heard(2, {"m": 0.6}) is None


def test_nothing_is_heard_where_nothing_is_watched():
    sieve = Sieve("m", ())
    assert all(sieve.heard(step, {"m": 0.1}) is None for step in range(100))


def test_a_big_job_is_its_keepers_unless_it_is_wanted_anyway():
    small, big = sealed.SealedJob(b"x", ()), sealed.SealedJob(b"x", (np.zeros(2**20, np.uint8),))

    async def asked(job: sealed.SealedJob) -> list:
        mailbox = Mailbox(job, lambda message: None)
        return [await mailbox.job(False), await mailbox.job(True)]

    assert asyncio.run(asked(small)) == [small, small]
    assert asyncio.run(asked(big)) == [None, big]


def test_a_sealed_job_shares_its_arrays_and_opens_as_it_was():
    X = np.arange(6000.0).reshape(-1, 3)
    names = pd.DataFrame({"a": [1, 2], "b": ["x", None]})
    splits = Splits(((None, None),), SplitDigest(1, (0,), ""))
    job = Job(spec(), Rows(X, names), splits, (), "none", (), None, "/here")
    packed = sealed.job(job)
    assert len(packed.content) < X.nbytes / 2
    assert any(np.shares_memory(each, X) for each in packed.buffers)
    found = sealed.opened_job(packed)
    assert (found.rows.X == X).all()
    pd.testing.assert_frame_equal(found.rows.y, names)
