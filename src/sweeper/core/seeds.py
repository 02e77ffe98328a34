"""Seeds derived from the sweep's, the same in every process and on every machine."""

from __future__ import annotations

import hashlib


def derive(seed: int, *names: object) -> int:
    """A seed in [0, 2³²) from the sweep's seed and what it is for (trial, fold, …)."""
    text = "/".join(str(part) for part in (seed, *names))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
