"""What cannot run is said at the start."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from contract.bench import on_ray
from sweeper.core.specs import Resources
from sweeper.execution.cluster import ClusterError

pytestmark = pytest.mark.cluster


def test_data_that_cannot_be_pickled_is_an_error_that_names_it():
    with pytest.raises(ClusterError, match=r"rows\.X.*lock"), on_ray(data=threading.Lock()):
        pass


def test_a_launch_that_is_asked_to_end_is_not_aborted_by_ray():
    heard = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: heard.append(number))
    try:
        with on_ray():
            os.kill(os.getpid(), signal.SIGTERM)
            left = signal.getitimer(signal.ITIMER_REAL)[0]
            aborts = 0 < left <= 3  # Ray's handler sets an alarm; that of the tests is minutes
            if aborts:
                signal.alarm(0)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert heard == [signal.SIGTERM]
    assert not aborts


def test_what_no_node_has_room_for_is_an_error_that_names_the_biggest_node():
    said = r"asks for 999 CPU, and the biggest node has \d+ CPU: lower `resources:`"
    with pytest.raises(ClusterError, match=said), on_ray(resources=Resources(cpus=999)):
        pass
