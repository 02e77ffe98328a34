"""A record as one line: JSON with a number and a checksum, the same in every journal.

    {"sum":"9ae0c1d2","seq":41,"events":[…]}

A record holds the events of one decision, so that they are durable together. `seq`
numbers events: it is the number of the record's first one, and the next record's is
higher by as many events as this one has. `sum` is the CRC-32 of everything that stands
behind it in the line.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence

from sweeper.core import codec
from sweeper.core.events import Event
from sweeper.ports import JournalDamaged

_HEAD = b'{"sum":"'
_BODY = len(_HEAD) + 8 + len(b'",')

_parse = json.JSONDecoder().raw_decode


def dump(seq: int, events: Sequence[Event]) -> bytes:
    """One line, its newline included."""
    bodies = [codec.encode(event) for event in events]
    text = json.dumps(
        {"seq": seq, "events": bodies},
        ensure_ascii=False,
        allow_nan=False,
        separators=(",", ":"),
    )
    rest = text[1:].encode(errors="backslashreplace")  # half a surrogate pair: its JSON escape
    return b'%s%08x",%s\n' % (_HEAD, zlib.crc32(rest), rest)


def dump_all(seq: int, records: Sequence[Sequence[Event]]) -> list[tuple[int, bytes]]:
    """Each record's number and line, the first of them numbered `seq`."""
    found = []
    for events in records:
        found.append((seq, dump(seq, events)))
        seq += len(events)
    return found


def load(line: bytes, place: str) -> tuple[int, list[Event]]:
    """The record on a line without its newline; JournalDamaged names the place."""
    check(line, place)
    try:
        text = "{" + line[_BODY:].decode()
        record, end = _parse(text)
        if end != len(text):
            raise damaged(place, f"there is more behind its end: {text[end : end + 20]!r}")
        return int(record["seq"]), [codec.decode(body) for body in record["events"]]
    except codec.UnknownRecord as error:
        raise JournalDamaged(
            f"{place}: this record is not known to this version of sweeper ({error}). "
            "If a later version wrote it, use that one"
        ) from error
    except (ValueError, KeyError) as error:
        raise damaged(place, str(error)) from error


def check(line: bytes, place: str) -> None:
    """JournalDamaged when the line's checksum does not fit."""
    if line[: len(_HEAD)] != _HEAD or line[_BODY - 2 : _BODY] != b'",':
        raise damaged(place, "it does not begin as a record")
    if line[len(_HEAD) : _BODY - 2] != b"%08x" % zlib.crc32(line[_BODY:]):
        raise damaged(place, "its checksum does not fit")


def damaged(place: str, what: str) -> JournalDamaged:
    """The error that says what is wrong where, and what mends it."""
    return JournalDamaged(
        f"{place}: this record is damaged: {what}. Nothing after it can be trusted; "
        f"`sweeper doctor` says more and saves what stands before it, and a copy of the "
        f"journal from a backup mends it"
    )
