from __future__ import annotations

import pytest

from sweeper.config.scalars import duration, memory


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("10m", 600),
        ("1h30m", 5400),
        ("1.5h", 5400),
        ("2d", 172800),
        (45, 45),
        (0.5, 0.5),
    ],
)
def test_durations_are_seconds(text, seconds):
    assert duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["10", "m", "10x", "-5m", "0s", 0, -1, True, None, "1:30", "9" * 99, []]
)
def test_what_is_no_duration_is_none(text):
    assert duration(text) is None


@pytest.mark.parametrize(
    ("text", "size"), [("2GB", 2 * 10**9), ("512MiB", 512 * 2**20), ("1.5 KiB", 1536), (4096, 4096)]
)
def test_sizes_are_bytes(text, size):
    assert memory(text) == size


@pytest.mark.parametrize("text", ["2gb", "2 GBs", "GB", -1, 0, 1.5, True, None])
def test_what_is_no_size_is_none(text):
    assert memory(text) is None
