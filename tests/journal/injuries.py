"""What can happen to a journal's file, and what must come of it; `tests/chaos` does more of each.

Each function returns how many injuries it tried. AssertionError says what did not hold.
"""

from __future__ import annotations

import random
from collections import deque
from pathlib import Path

import pytest

from sweeper.core.events import Event, StopAsked
from sweeper.journal.file import FileJournal, read
from sweeper.journal.salvage import salvage
from sweeper.ports import JournalDamaged


def more(n: int) -> StopAsked:
    return StopAsked(1e6 + n, f"more {n}")


def cut(content: bytes, path: Path, records: int = 3, tail: bytes = b"") -> int:
    """The file ends at every byte of its last records, or at `tail` behind that byte."""
    whole = content.splitlines(keepends=True)
    start = sum(len(line) for line in whole[:-records])
    for at in range(start, len(content) + 1):
        path.write_bytes(content[:at] + tail)
        kept = whole[: content[:at].count(b"\n")]
        goes_on(path, kept)
    return len(content) + 1 - start


def goes_on(path: Path, kept: list[bytes]) -> None:
    """Opening leaves `kept`; appending and opening again work."""
    before = FileJournal(path)
    assert path.read_bytes() == b"".join(kept)
    length = before.length()
    before.append([[more(1), more(2)]])
    before.close()
    again = FileJournal(path)
    again.append([[more(3)]])
    events = list(again.replay())
    again.close()
    assert events[length:] == [more(1), more(2), more(3)]
    assert path.read_bytes().startswith(b"".join(kept))


def flip(content: bytes, path: Path, count: int, seed: int) -> int:
    """One bit anywhere is another, `count` times: found on its line, by readers and on opening,
    and everything before it can be saved."""
    rng = random.Random(seed)
    path.write_bytes(content)
    events = list(read(path))
    for number in range(count):
        at, bit = rng.randrange(len(content)), 1 << rng.randrange(8)
        injured = bytearray(content)
        injured[at] ^= bit
        path.write_bytes(injured)
        found_and_saved(path, content[:at].count(b"\n"), events, path.with_name(f"saved-{number}"))
    return count


def found_and_saved(path: Path, good: int, events: list[Event], into: Path) -> None:
    """Readers get the events of the first `good` lines and then the error, which names the
    next; `salvage` saves just these lines."""
    injured, seen = path.read_bytes(), deque()
    with pytest.raises(JournalDamaged, match=f"{path.name}:{good + 1}:"):
        seen.extend(read(path))  # keeps what came before the error
    with pytest.raises(JournalDamaged, match=f"{path.name}:{good + 1}:"):
        FileJournal(path)
    assert path.read_bytes() == injured, "a damaged file was touched"
    with path.open("rb") as lines:
        saved = salvage(lines, into)
    assert (saved.records, saved.line) == (good, good + 1)
    assert list(read(into)) == list(seen) == events[: saved.events]
