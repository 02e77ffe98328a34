"""A small slice of `make chaos` that always runs."""

from __future__ import annotations

import pytest

from chaos.killing import torture

pytestmark = pytest.mark.cluster


def test_a_killed_controller_loses_nothing_and_repeats_nothing(tmp_path):
    said = torture(tmp_path, kills=1, trials=4, concurrency="1", seed=1)
    assert "equal to the uninterrupted" in said
