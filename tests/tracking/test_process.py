from __future__ import annotations

import stat
import sys
from pathlib import Path

from sweeper.tracking.process import TrackerProcess

CHILD = """
import pathlib, sys
from sweeper.tracking.process import serve

class Mirror:
    seen = 0
    def apply(self, records): pass
    def abandon(self, reason): print("caught up")

folder = pathlib.Path(sys.argv[1])
marker = folder / "begun"
if sys.argv[2] == "dies first" and not marker.exists():
    marker.touch()
    sys.exit(3)
sys.exit(serve(lambda after: [], Mirror, folder))
"""


def tracker(folder: Path, manner: str = "lives") -> TrackerProcess:
    return TrackerProcess([sys.executable, "-c", CHILD, str(folder), manner], folder / "log")


def test_the_child_catches_up_when_its_controller_finishes(tmp_path: Path) -> None:
    process = tracker(tmp_path)
    process.start()
    assert process.finish(30)
    assert (tmp_path / "log").read_text() == "caught up\n"


def test_a_child_that_died_is_started_once_more(tmp_path: Path) -> None:
    process = tracker(tmp_path, "dies first")
    process.start()
    assert process._process is not None
    assert process._process.wait(30) == 3
    assert process.finish(30)


def test_a_child_that_is_late_is_not_waited_for(tmp_path: Path) -> None:
    process = tracker(tmp_path)
    process.start()
    assert not process.finish(0)
    assert process._process is not None
    assert process._process.wait(30) == 0


def test_its_log_is_for_the_owner_only(tmp_path: Path) -> None:
    process = tracker(tmp_path)
    process.start()
    process.finish(30)
    assert stat.S_IMODE((tmp_path / "log").stat().st_mode) == 0o600
