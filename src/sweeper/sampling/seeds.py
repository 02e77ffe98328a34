"""Seeds that follow from the sweep's seed and a trial's number, in every process alike."""

from __future__ import annotations

import hashlib


def seed_of(seed: int, number: int | str) -> int:
    """32 bits of SHA-256 over the sweep's seed and the trial's number, or a word."""
    digest = hashlib.sha256(f"{seed}:{number}".encode()).digest()
    return int.from_bytes(digest[:4], "big")
