"""The good part of a damaged journal, saved into a new file."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sweeper.journal.file import scan
from sweeper.journal.lock import unwritable
from sweeper.ports import JournalDamaged, SweeperError


@dataclass(frozen=True, slots=True)
class Salvaged:
    """What was saved. `line`: the first bad one's number, from 1; None when none is bad.

    A torn write at the end is not damage: it was never acknowledged, and is left out.
    """

    records: int
    events: int
    line: int | None = None
    damage: str = ""


def salvage(lines: Iterable[bytes], into: Path) -> Salvaged:
    """Write the records before the damage into a new file, durably, for its owner only.

    `lines` are a journal's as `places.at(directory).lines()` or an open file gives them.
    SweeperError when the file is there already, JournalUnwritable when it cannot be written.
    """
    content = io.BytesIO(b"".join(lines))
    records, seq, end, line, damage = 0, 1, 0, None, ""
    try:
        for first, events, offset in scan(content, "line"):
            records, seq, end = records + 1, first + len(events), offset
    except JournalDamaged as error:
        line, damage = records + 1, str(error)
    try:
        handle = os.open(into, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as stream:
            stream.write(content.getbuffer()[:end])
            stream.flush()
            os.fsync(stream.fileno())
    except FileExistsError:
        raise SweeperError(f"{into} is there already; name a file that is not") from None
    except OSError as error:
        raise unwritable(into, error) from error
    return Salvaged(records, seq - 1, line, damage)
