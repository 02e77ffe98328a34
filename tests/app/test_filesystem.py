"""What is said of the place where a sweep is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeper.app.filesystem import filesystem

MOUNTS = """\
22 1 0:20 / / rw,relatime - overlay overlay rw
30 22 0:31 / /dev/shm rw - tmpfs tmpfs rw
40 22 0:50 / /shared rw - nfs4 files.example.org:/export rw
41 22 259:1 / /volume rw - ext4 /dev/nvme1n1 rw
42 22 0:51 / /with\\040space rw - nfs files.example.org:/b rw
"""


@pytest.mark.parametrize(
    ("path", "lasting", "said"),
    [
        ("/home/somebody/sweeps", False, "own disk"),
        ("/dev/shm/sweeps", False, "memory"),
        ("/shared/team/sweeps", True, "files.example.org:/export"),
        ("/volume/sweeps", None, "if that volume does"),
        ("/with space/sweeps", True, "files.example.org:/b"),
        ("/sharedness", False, "own disk"),
    ],
)
def test_a_place_outlives_its_machine_by_what_it_is_mounted_from(path, lasting, said):
    found = filesystem(Path(path), MOUNTS)
    assert found.lasting is lasting
    assert said in found.words


def test_where_nothing_tells_of_mounts_nothing_is_claimed():
    assert filesystem(Path("/anywhere"), "").lasting is None
