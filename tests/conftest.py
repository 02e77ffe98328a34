"""What several kinds of tests need."""

from __future__ import annotations

import signal

import pytest

import postgres as server


def pytest_configure():
    """Who starts the tests in the background has them ignore these; sweeper would too."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL server, one for all tests of a process."""
    with server.running() as started:
        yield started
