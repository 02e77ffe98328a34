"""What `make test` runs is everything that should always run."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parent


def test_every_folder_with_tests_on_a_cluster_is_named():
    makefile = (TESTS.parent / "Makefile").read_text(encoding="utf-8")
    named = re.search(r"^ON_CLUSTER := (.*)$", makefile, re.MULTILINE)
    assert named is not None
    marked = {
        f"tests/{path.relative_to(TESTS).parts[0]}"
        for path in TESTS.rglob("test_*.py")
        if "mark.cluster" in path.read_text(encoding="utf-8") and path != Path(__file__)
    }
    assert marked == set(named[1].split())
