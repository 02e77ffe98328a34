"""Files of a sweep: whole, for their owner, and what was written or nothing."""

from __future__ import annotations

import pytest

from sweeper.app.directory import Directory
from sweeper.core.records import REFIT, RunKey, Success
from sweeper.ports import RunResult, SweeperError


@pytest.fixture
def kept(tmp_path):
    directory = Directory(tmp_path / "sweep")
    result = RunResult(Success({}, 0.0), {"model": ("model.pkl", b"a model")}, "said\n")
    return directory, directory.keep(RunKey(3, REFIT, 1), result)


def test_what_a_run_left_is_stored_and_named_with_its_digest(kept):
    directory, ended = kept
    artifact = ended.artifacts["model"]
    assert directory.read(artifact) == b"a model"
    assert (directory.path / artifact.path).stat().st_mode & 0o077 == 0
    assert (directory.path / "logs/trial-00003/refit-attempt-1.log").read_text() == "said\n"


def test_a_file_that_changed_or_is_gone_is_refused_and_named(kept):
    directory, ended = kept
    artifact = ended.artifacts["model"]
    path = directory.path / artifact.path
    path.write_bytes(b"another")
    with pytest.raises(SweeperError, match=r"model\.pkl"):
        directory.read(artifact)
    path.unlink()
    with pytest.raises(SweeperError, match="gone"):
        directory.read(artifact)


def test_nothing_half_written_is_left_beside(kept):
    directory, _ = kept
    assert not list(directory.path.rglob(".*"))
