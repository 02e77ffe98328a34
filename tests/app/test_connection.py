"""What is said of a head by what it answered; heads that really answer are in tests/cluster."""

from __future__ import annotations

import platform
from importlib import metadata

import pytest

from sweeper.app.checking import connection
from sweeper.execution.knock import Heard

OURS = metadata.version("ray"), platform.python_version()


def test_a_head_of_our_versions_is_well():
    assert connection.head("h:1", Heard(*OURS)).ok


@pytest.mark.parametrize("theirs", [("2.0.0", OURS[1]), (OURS[0], "3.9.1")])
def test_another_ray_or_python_is_named_beside_ours(theirs):
    found = connection.head("h:1", Heard(*theirs))
    assert not found.ok
    assert all(version in found.found for version in (*theirs, *OURS))
    assert "--submit" in found.mend


def test_a_denial_is_told_from_silence():
    assert "another token" in connection.head("h:1", Heard(said="x", denied=True)).found
    assert "no Ray head" in connection.head("h:1", Heard(said="x")).found
