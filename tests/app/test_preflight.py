"""Whether every node sees where checkpoints are kept, found out before the launch."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sweeper.app import preflight
from sweeper.core.specs import CheckpointSpec
from sweeper.ports import ConfigError
from world import spec


@pytest.fixture
def storage(tmp_path):
    return tmp_path / "deep" / "checkpoints"


def seen_by_all(probe):
    return [("one (10.0.0.1)", probe()), ("two (10.0.0.2)", probe())]


def unseen_by_two(probe):
    return [("one (10.0.0.1)", probe()), ("two (10.0.0.2)", "it is another one there")]


def look(storage, everywhere, named=None):
    told: list[str] = []
    sweep = replace(spec(), checkpoints=CheckpointSpec(named))
    preflight.look(sweep, str(storage), told.append, everywhere)
    return told


def test_a_storage_that_every_node_sees_is_as_it_was(storage):
    assert look(storage, seen_by_all, str(storage)) == []
    assert list(storage.iterdir()) == []


def test_a_named_storage_that_a_node_does_not_see_is_refused_with_its_host(storage):
    with pytest.raises(ConfigError, match=r"two \(10.0.0.2\): it is another one there") as refused:
        look(storage, unseen_by_two, str(storage))
    assert "Name one that all nodes see" in str(refused.value)
    assert list(storage.iterdir()) == []


def test_the_sweeps_own_directory_unseen_by_a_node_is_said_and_no_more(storage):
    (line,) = look(storage, unseen_by_two)
    assert "cannot go on from a checkpoint on another node" in line
    assert "two (10.0.0.2)" in line


def test_another_directory_of_the_same_name_is_not_the_storage(storage):
    def elsewhere(probe):
        for path in storage.iterdir():
            path.unlink()
        return [("two", probe())]

    with pytest.raises(ConfigError, match="another one there"):
        look(storage, elsewhere, str(storage))


def test_an_object_store_is_looked_at_too():
    fsspec = pytest.importorskip("fsspec")
    assert look("memory://preflight", seen_by_all, "memory://preflight") == []
    assert fsspec.filesystem("memory").find("/preflight") == []


def test_a_storage_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        look(tmp_path / "file" / "below", seen_by_all, "x")
