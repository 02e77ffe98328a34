"""The transcript in docs/registry.md is what the commands say."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"

VARIES = (
    (r"\d{4}-\d\d-\d\d \d\d:\d\d", "DATE"),
    (r"\b[0-9a-f]{10,64}\b", "DIGEST"),
    (r"\bby \S+@\S+?(?=[:\s])", "by WHOM"),
    (r"\b\S+@[\w.-]+: ", "WHOM: "),
    (r"[-+]?\d+\.\d+", "NUMBER"),
    (r"^  (code|packages|machine|config|registered|journal|model|cost) .*$", r"  \1 VARIES"),
    (r"\d[\d,]* (bytes|runs|files)", r"N \1"),
    (r"^.*(lasted|seconds|elapsed|\d s\b).*$", "TIMES"),
    (r"[ ─-]{2,}", "  "),
)
"""What another machine, day or version of a package says otherwise."""


def plain(text: str) -> list[str]:
    for pattern, word in VARIES:
        text = re.sub(pattern, word, text, flags=re.MULTILINE)
    return text.splitlines()


def test_the_transcript_is_what_the_commands_say():
    made = runpy.run_path(str(DOCS / "make_registry.py"))
    assert plain(made["content"]()) == plain(made["FILE"].read_text(encoding="utf-8"))
