"""The end of a launch on Ray: nothing may be asked of Ray once it has ended."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

from sweeper.core.specs import Resources
from sweeper.execution.ray_tasks import RayExecutor

AUTOPSY = 1.5


def test_ray_ends_after_the_thread_that_was_asking_something_of_it():
    events = []
    ray = SimpleNamespace(close=lambda: events.append("Ray ended"))
    executor = RayExecutor(None, None, None, Resources(), ray)

    def asks():
        executor._closing.wait()
        time.sleep(AUTOPSY)
        events.append("last call")

    executor._office = SimpleNamespace(close=lambda: events.append("mailbox closed"))
    executor._asked = False
    executor._agents = SimpleNamespace(close=lambda: events.append("agents ended"))
    executor._threads = [threading.Thread(target=asks)]
    executor._threads[0].start()

    executor.close()
    assert events == ["mailbox closed", "last call", "agents ended", "Ray ended"]


def test_a_cluster_that_is_gone_is_not_waited_for():
    release, ended = threading.Event(), []
    ray = SimpleNamespace(close=lambda: ended.append(release.is_set()))
    executor = RayExecutor(None, None, None, Resources(), ray)
    executor._gone = True
    executor._office = SimpleNamespace(close=lambda: None)
    executor._threads = [threading.Thread(target=release.wait)]
    executor._threads[0].start()
    executor.close()
    release.set()
    assert ended == [False]
