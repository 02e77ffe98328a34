"""What several kinds of tests need."""

from __future__ import annotations

import signal

import hypothesis
import pytest

import postgres as server


def pytest_configure():
    """Who starts the tests in the background has them ignore these; sweeper would too."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    # how long one example takes says how busy the machine is, not whether it holds
    hypothesis.settings.register_profile("sweeper", deadline=None)
    hypothesis.settings.load_profile("sweeper")


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL server, one for all tests of a process."""
    with server.running() as started:
        yield started
