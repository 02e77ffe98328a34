"""What cannot run is said at the start."""

from __future__ import annotations

import threading

import pytest

from contract.bench import on_ray
from sweeper.core.specs import Resources
from sweeper.execution.cluster import ClusterError

pytestmark = pytest.mark.cluster


def test_data_that_cannot_be_pickled_is_an_error_that_names_it():
    with pytest.raises(ClusterError, match=r"rows\.X.*lock"), on_ray(data=threading.Lock()):
        pass


def test_what_no_node_has_room_for_is_an_error_that_names_the_biggest_node():
    said = r"asks for 999 CPU, and the biggest node has \d+ CPU: lower `resources:`"
    with pytest.raises(ClusterError, match=said), on_ray(resources=Resources(cpus=999)):
        pass
