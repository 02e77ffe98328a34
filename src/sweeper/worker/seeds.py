"""Seeding every source of randomness that is in use."""

from __future__ import annotations

import random
import sys


def seed_all(seed: int) -> None:
    """Seed Python, numpy and, if something has imported it, torch.

    Call it after the user's modules are imported: torch may come with them.
    """
    import numpy as np

    random.seed(seed)
    np.random.seed(seed % 2**32)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed % 2**63)
