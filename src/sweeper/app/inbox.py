"""Requests of other commands to a sweep's controller: one file each, in `inbox/`.

Whoever asks puts a file there, whole; the controller looks five times a second, and takes
the file away once the journal has the request. So none is lost, and none counts twice.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from sweeper.app.directory import Directory, write
from sweeper.core import codec, stimuli
from sweeper.core.records import State
from sweeper.core.stimuli import Requested
from sweeper.ports import Post

FOR_THE_LIVING = (stimuli.Stop, stimuli.Pause, stimuli.Resume)
"""Wishes that mean the controller at work when they were made, and no later one."""


class Inbox:
    """One sweep's requests. `notice` gets lines for people."""

    def __init__(self, directory: Directory, notice: Callable[[str], None]) -> None:
        self._folder = directory.path / "inbox"
        self._notice = notice
        self._posted: set[str] = set()

    def put(self, request: Requested) -> None:
        write(self._file(request.id), json.dumps(codec.encode_record(request)).encode())

    def waiting(self) -> list[Requested]:
        """Every request that is there, in the order of their ids."""
        found = (self._read(path) for path in sorted(self._folder.glob("*.json")))
        return [request for request in found if request is not None]

    def remove(self, request: str) -> None:
        self._file(request).unlink(missing_ok=True)

    def look(self, state: State, post: Post) -> None:
        """Post what is new, and take away what the journal has."""
        for request in self.waiting():
            if request.id in state.requests:
                self.remove(request.id)
            elif request.id not in self._posted:
                self._posted.add(request.id)
                post(request)

    def _file(self, request: str) -> Path:
        return self._folder / f"{request}.json"

    def _read(self, path: Path) -> Requested | None:
        """One that cannot be read is put aside, for people to look at."""
        try:
            return codec.decode_record(Requested, json.loads(path.read_bytes()))
        except FileNotFoundError:
            return None  # taken away meanwhile
        except (ValueError, TypeError) as error:
            aside = path.with_suffix(".unreadable")
            path.replace(aside)
            self._notice(f"a request could not be read and lies in {aside}: {error}")
            return None
