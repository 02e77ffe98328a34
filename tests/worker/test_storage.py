"""A sweep's checkpoint storage is erased whole, and nothing beside it."""

from __future__ import annotations

import pytest

from sweeper.worker.storage import storage_at


def test_a_directory_is_erased_with_all_that_is_in_it(tmp_path):
    (tmp_path / "mine" / "trial-0").mkdir(parents=True)
    (tmp_path / "other").mkdir()
    storage = storage_at(str(tmp_path / "mine"))
    assert not storage.empty()
    for _ in range(2):
        storage.erase()
        assert storage.empty()
    assert (tmp_path / "other").exists()


def test_a_place_that_fsspec_reaches_is_erased_too(tmp_path):
    fsspec = pytest.importorskip("fsspec")
    files = fsspec.filesystem("memory")
    for name in ("mine/trial-0/manifest.json", "mine/.seen", "other/manifest.json"):
        files.pipe_file(f"/{tmp_path.name}/{name}", b"x")
    storage = storage_at(f"memory://{tmp_path.name}/mine")
    assert not storage.empty()
    for _ in range(2):
        storage.erase()
        assert storage.empty()
    assert files.find(f"/{tmp_path.name}") == [f"/{tmp_path.name}/other/manifest.json"]
