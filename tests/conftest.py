"""What several kinds of tests need."""

from __future__ import annotations

import pytest

import postgres as server


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL server, one for all tests of a process."""
    with server.running() as started:
        yield started
