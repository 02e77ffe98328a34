"""A small slice of `make chaos` that always runs."""

from __future__ import annotations

import pytest

from chaos.killing import torture

pytestmark = pytest.mark.cluster


def test_a_killed_controller_loses_nothing_and_repeats_nothing(tmp_path):
    """Beside it test_slice compares interrupted sweeps with uninterrupted ones."""
    said = torture(tmp_path, kills=1, trials=4, concurrency="auto", seed=1)
    assert "no acknowledged fold ran again" in said
