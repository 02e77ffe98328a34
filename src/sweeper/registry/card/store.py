"""A version's card among its run's artefacts: derived, so no part of its manifest."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from sweeper.registry.card.html import as_html
from sweeper.registry.card.markdown import as_markdown
from sweeper.registry.card.section import Picture
from sweeper.registry.card.sections import Origin, sections

CARDS = "cards"


def made(origin: Origin) -> dict[str, bytes]:
    """card.md with its pictures beside it, and card.html with them in it."""
    found = sections(origin)
    pictures = [b for part in found for b in part.blocks if isinstance(b, Picture)]
    return {
        "card.md": as_markdown(origin.title, found).encode(),
        "card.html": as_html(origin.title, found).encode(),
        **{picture.name: picture.content for picture in pictures},
    }


def store(client: Any, run_id: str, folder: str, files: dict[str, bytes]) -> None:
    """Put the card where the version `folder` (its own in the run's artefacts) has it, in place
    of an earlier one."""
    with tempfile.TemporaryDirectory(prefix="sweeper-") as scratch:
        for name, content in files.items():
            (Path(scratch) / name).write_bytes(content)
        client.log_artifacts(run_id, scratch, f"{CARDS}/{folder.rpartition('/')[2]}")
