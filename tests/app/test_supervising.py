"""What the job does when its controller has ended."""

from __future__ import annotations

import signal

import pytest

from sweeper.app.supervising import verdict


@pytest.mark.parametrize("code", [0, 1, 2, 4, 5])
def test_a_controller_that_ended_by_itself_ends_the_job_with_its_code(code):
    assert verdict(code, signalled=False, stopped=False).code == code


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_controller_that_was_killed_is_started_again(number):
    found = verdict(-number, signalled=False, stopped=False)
    assert found.code is None
    assert number.name in found.why


def test_an_interruption_that_nobody_asked_for_is_tried_again():
    assert verdict(3, signalled=False, stopped=False).code is None


def test_a_sweep_that_somebody_stopped_is_no_failure_of_the_job():
    assert verdict(3, signalled=False, stopped=True).code == 0


@pytest.mark.parametrize("code", [3, -signal.SIGKILL, -signal.SIGTERM])
def test_a_job_that_is_ended_starts_nothing_anew(code):
    assert verdict(code, signalled=True, stopped=False).code == 3
